/** The pods of an inventory, which stand in for those whose labels a record leaves out. */
import type { Endpoint } from "../reach/compile/inventory.ts";

export type KnownPods = {
  readonly endpoints: readonly Endpoint[];
  /** By `namespace/name` of a workload its first pod, of those that are several. */
  readonly replicas: ReadonlyMap<string, string>;
};

export type FindPod = (pod: {
  readonly namespace: string;
  /** Its own and its workload's, as far as they are recorded. */
  readonly names: readonly string[];
  readonly address: string | undefined;
}) => Endpoint | undefined;

/** Finds pods by their own names, by those of their workloads, and by their addresses. */
export function podFinder({ endpoints, replicas }: KnownPods): FindPod {
  const byName = new Map(endpoints.map((endpoint) => [`${endpoint.namespace}/${endpoint.name}`, endpoint]));
  const byAddress = new Map(
    endpoints.flatMap((endpoint) => (endpoint.addresses ?? []).map((address) => [address, endpoint] as const)),
  );
  return ({ namespace, names, address }) => {
    const named = names.map((name) => `${namespace}/${name}`);
    const found = named.map((name) => byName.get(name) ?? byName.get(replicas.get(name) ?? "")).find(Boolean);
    return found ?? (address === undefined ? undefined : byAddress.get(address));
  };
}
