/** Finds the parties, endpoints and nodes of a network by name and by address. */
import { formatPrefix, parseAddressOrPrefix } from "./addresses.ts";
import type { ClusterNode, Endpoint, Inventory, Peer } from "./inventory.ts";
import type { Party } from "./party.ts";

export type Directory = {
  /** Endpoints and entities by `partyKey`. */
  readonly parties: ReadonlyMap<string, Party>;
  /** Endpoints with an identity of their own, by namespace and name. */
  readonly endpointParties: ReadonlyMap<string, ReadonlyMap<string, Party>>;
  /** By `namespace/name`, those on their node's network too. */
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly nodes: ReadonlyMap<string, ClusterNode>;
  /** The endpoint or node that has an address, by the address in its canonical form. */
  readonly addresses: ReadonlyMap<string, Peer>;
};

export const partyKey = (peer: Peer): string =>
  peer.kind === "endpoint" ? `endpoint ${peer.namespace}/${peer.name}` : peer.kind === "entity" ? peer.entity : "";

export function makeDirectory(parties: readonly Party[], inventory: Inventory): Directory {
  return {
    parties: new Map(parties.map((party) => [partyKey(party.peer), party])),
    endpointParties: byNamespace(parties),
    endpoints: new Map(inventory.endpoints.map((endpoint) => [`${endpoint.namespace}/${endpoint.name}`, endpoint])),
    nodes: new Map(inventory.nodes.map((node) => [node.name, node])),
    addresses: new Map([...endpointAddresses(inventory), ...nodeAddresses(inventory)]),
  };
}

function byNamespace(parties: readonly Party[]): Map<string, Map<string, Party>> {
  const found = new Map<string, Map<string, Party>>();
  for (const party of parties) {
    if (party.peer.kind !== "endpoint") continue;
    const { namespace, name } = party.peer;
    found.set(namespace, (found.get(namespace) ?? new Map<string, Party>()).set(name, party));
  }
  return found;
}

type Located = readonly [address: string, holder: Peer];

const endpointAddresses = ({ endpoints }: Inventory): Located[] =>
  endpoints
    .filter(({ hostNetwork }) => !hostNetwork)
    .flatMap(({ namespace, name, addresses }) => located(addresses ?? [], { kind: "endpoint", namespace, name }));

const nodeAddresses = ({ nodes }: Inventory): Located[] =>
  nodes.flatMap(({ name, addresses }) => located(addresses, { kind: "node", name }));

const located = (addresses: readonly string[], holder: Peer): Located[] =>
  addresses.map((address) => [canonical(address), holder]);

function canonical(address: string): string {
  const parsed = parseAddressOrPrefix(address);
  return parsed === undefined ? address : formatPrefix(parsed);
}
