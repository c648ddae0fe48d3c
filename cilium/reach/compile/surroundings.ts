/** What identities depend on: the inventory, the agent's configuration, and what has which address. */
import type { Prefix } from "../../policy/cidr.ts";
import { canonicalAddress, formatPrefix, parseAddressOrPrefix } from "./addresses.ts";
import type { Configuration } from "./configuration.ts";
import type { Inventory } from "./inventory.ts";

export type Surroundings = {
  readonly inventory: Inventory;
  readonly cluster: string;
  readonly configuration: Configuration;
  readonly apiServer: ApiServer;
  /** The addresses of pods, of nodes and of the API server, in their canonical form. */
  readonly taken: ReadonlySet<string>;
  readonly namesOfAddresses: ReadonlyMap<string, readonly string[]>;
  /** Only of names that have some. */
  readonly addressesOfNames: ReadonlyMap<string, readonly Prefix[]>;
};

export type ApiServer = {
  /** The backends of Service default/kubernetes and the inventory's own; none if they are not known. */
  readonly addresses: readonly Prefix[];
  /** The same in their canonical form. */
  readonly keys: ReadonlySet<string>;
  /** Whether it runs on none of the nodes, as in a managed control plane; not where no node is known. */
  readonly isManaged: boolean;
};

export function surroundingsOf(inventory: Inventory, configuration: Configuration): Surroundings {
  const apiServer = apiServerOf(inventory);
  const pods = inventory.endpoints.flatMap(({ hostNetwork, addresses = [] }) => (hostNetwork ? [] : addresses));
  const nodes = inventory.nodes.flatMap(({ addresses }) => addresses);
  const names = inventory.names.map(({ name, addresses }) => ({
    name,
    addresses: addresses.map(parseAddressOrPrefix).filter((address) => address !== undefined),
  }));
  const pairs = names.flatMap(({ name, addresses }) =>
    addresses.map((address) => ({ name, address: formatPrefix(address) })),
  );
  const byAddress = Map.groupBy(pairs, ({ address }) => address);
  return {
    inventory,
    cluster: inventory.cluster,
    configuration,
    apiServer,
    taken: new Set([...pods.map(canonicalAddress), ...nodes.map(canonicalAddress), ...apiServer.keys]),
    namesOfAddresses: new Map(
      [...byAddress].map(([address, pairs]) => [address, [...new Set(pairs.map(({ name }) => name))]]),
    ),
    addressesOfNames: new Map(
      names.filter(({ addresses }) => addresses.length > 0).map(({ name, addresses }) => [name, addresses]),
    ),
  };
}

function apiServerOf({ services, nodes, apiServer = [] }: Inventory): ApiServer {
  const service = services?.find(({ namespace, name }) => namespace === "default" && name === "kubernetes");
  const addresses = [...(service?.backends ?? []).flatMap(({ addresses }) => addresses), ...apiServer]
    .map(parseAddressOrPrefix)
    .filter((address) => address !== undefined);
  const keys = new Set(addresses.map(formatPrefix));
  const onNode = nodes.some(
    (node) => node.controlPlane || node.addresses.some((address) => keys.has(canonicalAddress(address))),
  );
  return { addresses, keys, isManaged: nodes.length > 0 && !onNode };
}
