/** Which parties a question is about. One question can have several cases: a prefix with parts, a node near or far. */
import { formatPrefix, parseAddressOrPrefix } from "./addresses.ts";
import { partyKey } from "./directory.ts";
import type { ClusterNode, Peer, PeerEntity, Question } from "./inventory.ts";
import type { Network } from "./network.ts";
import { addressParty, nameParties, type Party, prefixParties } from "./party.ts";

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
  return peer.kind === "entity" ? directory.parties.get(peer.entity) : undefined;
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
      return [always(known(network, peer))];
    case "node":
      return nodeParties(network, peer, find(network.directory.nodes, peer.name, peer, `no node ${peer.name}`), other);
    case "address":
      return addressParties(network, peer, other);
    case "cidr":
      return cidrParties(network, peer);
    case "fqdn":
      return nameParties(peer.name, network.inventory).map((party) => ({ party, circumstance: `at ${place(party)}` }));
  }
}

const always = (party: Party): Resolved => ({ party, circumstance: "" });

const place = ({ identity, peer }: Party): string => {
  const address = identity.outside?.address;
  return address === undefined ? (peer.kind === "fqdn" ? peer.name : "an unknown address") : formatPrefix(address);
};

function endpointParties(network: Network, peer: Peer & { kind: "endpoint" }, other: Peer): Resolved[] {
  const name = `${peer.namespace}/${peer.name}`;
  const endpoint = find(network.directory.endpoints, name, peer, `no endpoint ${name}`);
  if (!endpoint.hostNetwork) return [always(known(network, peer))];
  const node = endpoint.node === undefined ? undefined : network.directory.nodes.get(endpoint.node);
  return nodeParties(network, peer, node, other);
}

function addressParties(network: Network, peer: Peer & { kind: "address" }, other: Peer): Resolved[] {
  const address = parseAddressOrPrefix(peer.address);
  if (address === undefined || peer.address.includes("/")) throw new UnknownPeer(peer, `${peer.address} is no address`);
  const holder = network.directory.addresses.get(formatPrefix(address));
  return holder === undefined ? [always(addressParty(address, network.inventory))] : partiesOf(network, holder, other);
}

function cidrParties({ inventory, prefixes }: Network, peer: Peer & { kind: "cidr" }): Resolved[] {
  const prefix = parseAddressOrPrefix(peer.cidr);
  if (prefix === undefined) throw new UnknownPeer(peer, `${peer.cidr} is no CIDR`);
  return prefixParties(prefix, prefixes, inventory).map((party) => ({
    party: party.peer.kind === "cidr" && party.peer.cidr === formatPrefix(prefix) ? { ...party, peer } : party,
    circumstance: `at ${party.peer.kind === "cidr" ? party.peer.cidr : place(party)}`,
  }));
}

/** A node is `host` to the endpoints that it runs and `remote-node` to others. */
function nodeParties(network: Network, peer: Peer, node: ClusterNode | undefined, other: Peer): Resolved[] {
  const near = node === undefined ? undefined : runsOn(network, other, node.name);
  const entities = nodeEntities.filter(
    ({ local, controlPlane }) =>
      (near === undefined || near === local) && (node === undefined || node.controlPlane === controlPlane),
  );
  return entities.map(({ entity, local, controlPlane }) => ({
    party: { ...known(network, { kind: "entity", entity }), peer },
    circumstance: `if on ${local ? "the same" : "another"}${controlPlane ? " control-plane" : ""} node`,
  }));
}

const nodeEntities: readonly { entity: PeerEntity; local: boolean; controlPlane: boolean }[] = [
  { entity: "host", local: true, controlPlane: false },
  { entity: "control-plane-host", local: true, controlPlane: true },
  { entity: "remote-node", local: false, controlPlane: false },
  { entity: "kube-apiserver", local: false, controlPlane: true },
];

/** Whether an end runs on a node; undefined if that is not known. */
function runsOn(network: Network, end: Peer, node: string): boolean | undefined {
  if (end.kind !== "endpoint") return end.kind === "entity" ? undefined : false;
  const endpoint = network.directory.endpoints.get(`${end.namespace}/${end.name}`);
  return endpoint?.node === undefined ? undefined : endpoint.node === node;
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
