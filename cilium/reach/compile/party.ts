/** The parties of a network: whoever can stand at an end of a flow, with what decides about it. */
import { containsPrefix, type Prefix } from "../../policy/cidr.ts";
import { addressOutside, canonicalAddress, formatPrefix, parseAddressOrPrefix } from "./addresses.ts";
import { tellsNodesApart } from "./configuration.ts";
import { sampleName } from "./fqdn.ts";
import {
  endpointIdentity,
  entityIdentity,
  type Identity,
  managedApiServerIdentity,
  nodeIdentity,
  outsideIdentity,
} from "./identity.ts";
import { type ClusterNode, type Endpoint, hostAt, type Peer, type PeerEntity, peerEntities } from "./inventory.ts";
import { type NamedPorts, protocolBit } from "./ports.ts";
import type { Surroundings } from "./surroundings.ts";

export type Party = {
  /** Of endpoints that share an identity, the first. */
  readonly peer: Peer;
  readonly identity: Identity;
  /** Its place among the parties that a network knows beforehand; -1 for one that a question brings in. */
  readonly position: number;
  /** Its container ports by lower-case name. */
  readonly ports: NamedPorts;
  readonly enforcement: Enforcer;
  /** The endpoints that nothing in policies tells apart; none for what is no endpoint of an inventory. */
  readonly endpoints: readonly Endpoint[];
};

/** Where policies apply: at an endpoint; at a node only if the host firewall is on; elsewhere Cilium enforces none. */
export type Enforcer = "endpoint" | "node" | "elsewhere";

/**
 * The parties that a network knows beforehand: its endpoints by identity, the entities, the nodes where the configuration
 * tells them apart, the parts of the world that policies tell apart by their prefixes, and DNS names.
 */
export function knownParties(
  surroundings: Surroundings,
  prefixes: readonly Prefix[],
  names: readonly string[],
): Party[] {
  const { inventory, configuration } = surroundings;
  const parties = [
    ...endpointParties(surroundings),
    ...peerEntities.map((entity) => entityParty(entity, surroundings, prefixes)),
    ...(tellsNodesApart(configuration)
      ? inventory.nodes.flatMap((node) => nodeParties(node, false, surroundings).slice(0, 1))
      : []),
    // All of IPv4 is the entity world.
    ...prefixes
      .filter(({ address, bits }) => bits > 0 || address.kind() === "ipv6")
      .flatMap((prefix) => outsideParts(prefix, prefixes, surroundings).filter(({ part }) => part === prefix))
      .map(({ party }) => party),
    ...names.flatMap((name) => nameParties(name, surroundings)),
  ];
  return parties.map((party, position) => ({ ...party, position }));
}

/** Endpoints with the same labels, ports and enforcement share a party, as they share an identity in Cilium. */
function endpointParties(surroundings: Surroundings): Party[] {
  const { inventory, configuration } = surroundings;
  const own = inventory.endpoints.filter(({ hostNetwork }) => !hostNetwork);
  const groups = Map.groupBy(own, (endpoint) => signature(endpoint, configuration.cidrsMatch.pods));
  return [...groups.values()].flatMap((endpoints) => {
    const [first] = endpoints;
    return first === undefined ? [] : [{ ...endpointParty(first, surroundings), endpoints }];
  });
}

const signature = (endpoint: Endpoint, byAddress: boolean): string =>
  JSON.stringify([
    endpoint.namespace,
    endpoint.cluster,
    endpoint.serviceAccount,
    endpoint.isIdentity,
    sorted(endpoint.labels),
    endpoint.namespaceLabels && sorted(endpoint.namespaceLabels),
    (endpoint.ports ?? []).map(({ name, port, protocol }) => `${name} ${port} ${protocol}`).sort(),
    byAddress ? endpoint.addresses : undefined,
  ]);

const sorted = (labels: Readonly<Record<string, string>>) =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort();

function endpointParty(endpoint: Endpoint, surroundings: Surroundings): Party {
  const ports = (endpoint.ports ?? []).map(
    ({ name, port, protocol }) => [name.toLowerCase(), { port, protocol: protocolBit[protocol] }] as const,
  );
  const { cluster } = surroundings;
  return {
    peer: { kind: "endpoint", namespace: endpoint.namespace, name: endpoint.name },
    identity: endpointIdentity(endpoint, surroundings),
    position: -1,
    ports: new Map(ports),
    enforcement: (endpoint.cluster ?? cluster) === cluster ? "endpoint" : "elsewhere",
    endpoints: [endpoint],
  };
}

/** The party at an address that no endpoint and no node has. */
export const addressParty = (address: Prefix, surroundings: Surroundings): Party =>
  outsideParty(
    { kind: "address", address: formatPrefix(address), ...hostAt(formatPrefix(address), surroundings.inventory.hosts) },
    address,
    surroundings,
  );

/** The parties that a name stands for: one for each of its addresses, or one whose address is not known. */
export function nameParties(name: string, surroundings: Surroundings): Party[] {
  const known = surroundings.addressesOfNames.get(name) ?? [];
  const peer = { kind: "fqdn", name } as const;
  if (known.length > 0) return known.map((address) => outsideParty(peer, address, surroundings));
  return [{ ...noEndpoint, peer, identity: outsideIdentity(undefined, [sampleName(name)], surroundings) }];
}

/**
 * The parties outside the cluster in a prefix, of which Cilium gives each one identity: what lies in no narrower prefix of
 * the policies, then what lies in each of those.
 */
export const prefixParties = (prefix: Prefix, prefixes: readonly Prefix[], surroundings: Surroundings): Party[] =>
  outsideParts(prefix, prefixes, surroundings).map(({ party }) => party);

/** Parts without an address outside the cluster are left out. */
function outsideParts(
  prefix: Prefix,
  prefixes: readonly Prefix[],
  surroundings: Surroundings,
): { readonly part: Prefix; readonly party: Party }[] {
  const parts = [prefix, ...prefixes.filter((inner) => containsPrefix(prefix, inner) && inner.bits > prefix.bits)];
  return parts.flatMap((part) => {
    const address = addressOutside(part, parts, surroundings.taken);
    const cidr = formatPrefix(part);
    const peer = { kind: "cidr", cidr, ...hostAt(cidr, surroundings.inventory.hosts) } as const;
    return address === undefined ? [] : [{ part, party: outsideParty(peer, address, surroundings) }];
  });
}

function entityParty(entity: PeerEntity, surroundings: Surroundings, prefixes: readonly Prefix[]): Party {
  const peer = { kind: "entity", entity } as const;
  if (entity === "world") {
    return outsideParty(peer, anyIPv4 && addressOutside(anyIPv4, prefixes, surroundings.taken), surroundings);
  }
  const [managed] = entity === "kube-apiserver" ? managedApiServers(surroundings) : [];
  return (
    managed ?? {
      ...noEndpoint,
      peer,
      identity: entityIdentity(entity, surroundings),
      enforcement: entityEnforcement[entity],
    }
  );
}

/** The API server where it runs on no node: one party for each of its addresses, or one whose address is not known. */
export function managedApiServers(surroundings: Surroundings): Party[] {
  const { addresses, isManaged } = surroundings.apiServer;
  if (!isManaged) return [];
  const peer = { kind: "entity", entity: "kube-apiserver" } as const;
  return addresses.length > 0
    ? addresses.map((address) => outsideParty(peer, address, surroundings))
    : [{ ...noEndpoint, peer, identity: managedApiServerIdentity(undefined, [], surroundings) }];
}

/**
 * A node to those that it runs, or to others: then a party for each address, where the configuration tells these apart.
 * @param local whether it runs the other end
 */
export function nodeParties(node: ClusterNode, local: boolean, surroundings: Surroundings): Party[] {
  const { configuration, apiServer } = surroundings;
  const runsApiServer = (addresses: readonly string[]) =>
    node.controlPlane || addresses.some((address) => apiServer.keys.has(canonicalAddress(address)));
  const views = local || node.addresses.length === 0 ? [node.addresses] : node.addresses.map((address) => [address]);
  const parties = views.map((addresses) => ({
    ...noEndpoint,
    peer: { kind: "node", name: node.name } as const,
    identity: nodeIdentity(node, addresses, local, runsApiServer(addresses), surroundings),
    enforcement: "node" as const,
  }));
  const different = new Map(
    parties.map((party) => [
      JSON.stringify([party.identity.labels, configuration.cidrsMatch.nodes && party.identity.inside]),
      party,
    ]),
  );
  return [...different.values()];
}

const entityEnforcement = {
  host: "node",
  "control-plane-host": "node",
  "remote-node": "node",
  "kube-apiserver": "node",
  ingress: "endpoint",
  health: "endpoint",
  init: "endpoint",
  unmanaged: "elsewhere",
} as const satisfies Record<Exclude<PeerEntity, "world">, Enforcer>;

const anyIPv4 = parseAddressOrPrefix("0.0.0.0/0");

const noEndpoint = { position: -1, ports: new Map(), enforcement: "elsewhere", endpoints: [] } as const;

function outsideParty(peer: Peer, address: Prefix | undefined, surroundings: Surroundings): Party {
  const key = address && formatPrefix(address);
  const names = key === undefined ? [] : (surroundings.namesOfAddresses.get(key) ?? []);
  const isApiServer = key !== undefined && surroundings.apiServer.keys.has(key);
  const identity = (isApiServer ? managedApiServerIdentity : outsideIdentity)(address, names, surroundings);
  return { ...noEndpoint, peer, identity };
}
