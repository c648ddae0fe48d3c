/** Which parties a question is about. One question can have several cases: a prefix with parts, a node near or far. */

import { containsPrefix } from "../../policy/cidr.ts";
import { canonicalAddress, formatPrefix, parseAddressOrPrefix } from "./addresses.ts";
import { partyKey } from "./directory.ts";
import { nodeEntities } from "./identity.ts";
import type { ClusterNode, Peer, PeerEntity, Question } from "./inventory.ts";
import type { Network } from "./network.ts";
import { addressParty, managedApiServers, nameParties, nodeParties, type Party, prefixParties } from "./party.ts";

/** An end of a question that is nowhere in the inventory, or no address. */
export class UnknownPeer extends Error {
  override readonly name = "UnknownPeer";
  readonly peer: Peer;

  constructor(peer: Peer, message: string) {
    super(message);
    this.peer = peer;
  }
}

export type Case = {
  readonly source: Party;
  readonly destination: Party;
  /** When this case applies, to follow a verdict: `if …`; empty if there is only one. */
  readonly circumstance: string;
};

/** The party at an end that is an entity or an endpoint of its own address; undefined for ends with several cases. */
export function soleParty({ directory }: Network, peer: Peer): Party | undefined {
  if (peer.kind === "endpoint") return directory.endpointParties.get(peer.namespace)?.get(peer.name);
  if (peer.kind !== "entity" || nodeEntities.has(peer.entity)) return undefined;
  return directory.parties.get(peer.entity);
}

/** @throws {UnknownPeer} */
export function resolve(network: Network, { source, destination }: Question): Case[] {
  const sources = partiesOf(network, source, destination);
  const destinations = partiesOf(network, destination, source);
  return sources.flatMap((from) =>
    destinations.map((to) => ({
      source: from.party,
      destination: to.party,
      circumstance: [from.circumstance, to.circumstance].filter((text) => text !== "").join(" and "),
    })),
  );
}

type Resolved = { readonly party: Party; readonly circumstance: string };

function partiesOf(network: Network, peer: Peer, other: Peer): Resolved[] {
  switch (peer.kind) {
    case "endpoint":
      return endpointParties(network, peer, other);
    case "entity":
      return entityParties(network, peer, other);
    case "node":
      return partiesOfNode(
        network,
        peer,
        find(network.directory.nodes, peer.name, peer, `no node ${peer.name}`),
        other,
      );
    case "address":
      return addressParties(network, peer, other);
    case "cidr":
      return cidrParties(network, peer, other);
    case "fqdn":
      return nameParties(peer.name, network.surroundings).flatMap((party) => {
        const holder = holderOf(network, party);
        return holder === undefined
          ? [{ party, circumstance: `at ${place(party)}` }]
          : partiesOf(network, holder, other);
      });
    case "service":
      throw new UnknownPeer(peer, `a Service opens no connections: ${peer.namespace}/${peer.name}`);
  }
}

/** The endpoint or node that has a party's address. */
function holderOf({ directory }: Network, { identity }: Party): Peer | undefined {
  const address = identity.outside?.address;
  const holder = address && directory.addresses.get(formatPrefix(address));
  return holder?.kind === "service" ? undefined : holder;
}

const always = (party: Party): Resolved => ({ party, circumstance: "" });

const place = ({ identity, peer }: Party): string => {
  const address = identity.outside?.address;
  return address === undefined ? (peer.kind === "fqdn" ? peer.name : "an unknown address") : formatPrefix(address);
};

function endpointParties(network: Network, peer: Peer & { kind: "endpoint" }, other: Peer): Resolved[] {
  const name = `${peer.namespace}/${peer.name}`;
  const endpoint = find(network.directory.endpoints, name, peer, `no endpoint ${name}`);
  if (!endpoint.hostNetwork) return [always({ ...known(network, peer), peer })];
  const node = endpoint.node === undefined ? undefined : network.directory.nodes.get(endpoint.node);
  return partiesOfNode(network, peer, node, other);
}

function addressParties(network: Network, peer: Peer & { kind: "address" }, other: Peer): Resolved[] {
  const address = parseAddressOrPrefix(peer.address);
  if (address === undefined || peer.address.includes("/")) throw new UnknownPeer(peer, `${peer.address} is no address`);
  const holder = network.directory.addresses.get(formatPrefix(address));
  if (holder === undefined || holder.kind === "service") return [always(addressParty(address, network.surroundings))];
  if (holder.kind !== "node") return partiesOf(network, holder, other);
  // Of a node's addresses, the one that is asked about.
  const node = network.directory.nodes.get(holder.name);
  return partiesOfNode(network, holder, node && { ...node, addresses: [peer.address] }, other);
}

/** What is outside in a prefix, and the pods, nodes and API servers in it. */
function cidrParties(network: Network, peer: Peer & { kind: "cidr" }, other: Peer): Resolved[] {
  const { surroundings, prefixes, directory } = network;
  const prefix = parseAddressOrPrefix(peer.cidr);
  if (prefix === undefined) throw new UnknownPeer(peer, `${peer.cidr} is no CIDR`);
  const outside = prefixParties(prefix, prefixes, surroundings).map((party) => ({
    party: party.peer.kind === "cidr" && party.peer.cidr === formatPrefix(prefix) ? { ...party, peer } : party,
    circumstance: `at ${party.peer.kind === "cidr" ? party.peer.cidr : place(party)}`,
  }));
  const inside = [...surroundings.taken].filter((text) => {
    const address = parseAddressOrPrefix(text);
    return address !== undefined && containsPrefix(prefix, address);
  });
  const held = inside.flatMap((address) => {
    const holder = directory.addresses.get(address);
    return partiesOf(network, { kind: "address", address }, other).map(({ party, circumstance }) => ({
      party,
      circumstance: [`at ${address}${holder === undefined ? "" : `, which is in the cluster,`}`, circumstance]
        .filter((text) => text !== "")
        .join(" "),
    }));
  });
  return [...outside, ...held];
}

/** An entity that is a node is `host` to the endpoints that it runs, and remote to other nodes. */
function entityParties(network: Network, peer: Peer & { kind: "entity" }, other: Peer): Resolved[] {
  const managed = peer.entity === "kube-apiserver" ? managedApiServers(network.surroundings) : [];
  if (managed.length > 1) return managed.map((party) => ({ party, circumstance: `at ${place(party)}` }));
  const remote = remoteEntity[peer.entity];
  if (remote === undefined || !isNode(network, other)) return [always(known(network, peer))];
  return [always({ ...known(network, { kind: "entity", entity: remote }), peer })];
}

const remoteEntity: Readonly<Partial<Record<PeerEntity, PeerEntity>>> = {
  host: "remote-node",
  "control-plane-host": "kube-apiserver",
};

const isNode = ({ directory }: Network, peer: Peer): boolean => {
  switch (peer.kind) {
    case "node":
      return true;
    case "entity":
      return nodeEntities.has(peer.entity);
    case "endpoint":
      return directory.endpoints.get(`${peer.namespace}/${peer.name}`)?.hostNetwork === true;
    case "address":
      return directory.addresses.get(canonicalAddress(peer.address))?.kind === "node";
    case "cidr":
    case "fqdn":
    case "service":
      return false;
  }
};

/** A node is `host` to the endpoints that it runs and `remote-node` to others; one that is not known may be either. */
function partiesOfNode(network: Network, peer: Peer, node: ClusterNode | undefined, other: Peer): Resolved[] {
  const near = node === undefined ? undefined : runsOn(network, other, node.name);
  const views = [true, false].filter((local) => near === undefined || near === local);
  return views.flatMap((local) => {
    const parties =
      node === undefined
        ? nodeViews
            .filter((entity) => entity.local === local)
            .map(({ entity }) => known(network, { kind: "entity", entity }))
        : nodeParties(node, local, network.surroundings);
    return parties.map((party) => ({
      party: node === undefined ? { ...party, peer } : party,
      circumstance: `if on ${local ? "the same" : "another"}${runsApiServer(party) ? " control-plane" : ""} node`,
    }));
  });
}

const runsApiServer = ({ identity }: Party): boolean => identity.labels.some(({ key }) => key === "kube-apiserver");

const nodeViews: readonly { entity: PeerEntity; local: boolean }[] = [
  { entity: "host", local: true },
  { entity: "control-plane-host", local: true },
  { entity: "remote-node", local: false },
  { entity: "kube-apiserver", local: false },
];

/** Whether an end runs on a node; undefined if that is not known. */
function runsOn({ directory }: Pick<Network, "directory">, end: Peer, node: string): boolean | undefined {
  switch (end.kind) {
    case "endpoint": {
      const endpoint = directory.endpoints.get(`${end.namespace}/${end.name}`);
      return endpoint?.node === undefined ? undefined : endpoint.node === node;
    }
    case "address": {
      const holder = directory.addresses.get(canonicalAddress(end.address));
      return holder?.kind === "endpoint" || holder?.kind === "node" ? runsOn({ directory }, holder, node) : false;
    }
    case "node":
      return end.name === node;
    case "entity":
      return nodeEntities.has(end.entity) ? false : undefined;
    case "cidr":
    case "fqdn":
    case "service":
      return false;
  }
}

function known(network: Network, peer: Peer): Party {
  const party = network.directory.parties.get(partyKey(peer));
  if (party === undefined) throw new UnknownPeer(peer, `no ${partyKey(peer)}`);
  return party;
}

function find<T>(map: ReadonlyMap<string, T>, key: string, peer: Peer, message: string): T {
  const found = map.get(key);
  if (found === undefined) throw new UnknownPeer(peer, message);
  return found;
}
