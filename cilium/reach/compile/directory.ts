/** Finds the parties, endpoints, nodes and Services of a network by name and by address. */
import { canonicalAddress } from "./addresses.ts";
import type { ClusterNode, Endpoint, Inventory, Peer, Service } from "./inventory.ts";
import type { Party } from "./party.ts";

export type Directory = {
  /** Endpoints and entities by `partyKey`; endpoints that share an identity have the same. */
  readonly parties: ReadonlyMap<string, Party>;
  /** Endpoints with an identity of their own, by namespace and name. */
  readonly endpointParties: ReadonlyMap<string, ReadonlyMap<string, Party>>;
  /** By `namespace/name`, those on their node's network too. */
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly nodes: ReadonlyMap<string, ClusterNode>;
  /** By `namespace/name`. */
  readonly services: ReadonlyMap<string, Service>;
  /** The endpoint, node or Service that has an address, by the address in its canonical form. */
  readonly addresses: ReadonlyMap<string, Peer>;
};

export const partyKey = (peer: Peer): string =>
  peer.kind === "endpoint" ? `endpoint ${peer.namespace}/${peer.name}` : peer.kind === "entity" ? peer.entity : "";

export function makeDirectory(parties: readonly Party[], inventory: Inventory): Directory {
  const { endpoints, nodes, services = [] } = inventory;
  const keyed = parties.flatMap((party) =>
    party.endpoints.length === 0
      ? [[partyKey(party.peer), party] as const]
      : party.endpoints.map(({ namespace, name }) => [partyKey({ kind: "endpoint", namespace, name }), party] as const),
  );
  return {
    parties: new Map(keyed),
    endpointParties: byNamespace(parties),
    endpoints: new Map(endpoints.map((endpoint) => [`${endpoint.namespace}/${endpoint.name}`, endpoint])),
    nodes: new Map(nodes.map((node) => [node.name, node])),
    services: new Map(services.map((service) => [`${service.namespace}/${service.name}`, service])),
    addresses: new Map([
      ...services.flatMap(({ namespace, name, clusterIPs, externalIPs }) =>
        located([...clusterIPs, ...externalIPs], { kind: "service", namespace, name }),
      ),
      ...endpoints
        .filter(({ hostNetwork }) => !hostNetwork)
        .flatMap(({ namespace, name, addresses }) => located(addresses ?? [], { kind: "endpoint", namespace, name })),
      ...nodes.flatMap(({ name, addresses }) => located(addresses, { kind: "node", name })),
    ]),
  };
}

function byNamespace(parties: readonly Party[]): Map<string, Map<string, Party>> {
  const found = new Map<string, Map<string, Party>>();
  for (const party of parties) {
    for (const { namespace, name } of party.endpoints) {
      const named = found.get(namespace) ?? new Map<string, Party>();
      found.set(namespace, named.set(name, party));
    }
  }
  return found;
}

const located = (addresses: readonly string[], holder: Peer): (readonly [address: string, holder: Peer])[] =>
  addresses.map((address) => [canonicalAddress(address), holder]);
