/** A source's endpoints as people know them: workloads, with how many pods each of them has. */
import { podIdentity } from "../cilium/policy/selector.ts";
import type { Endpoint, Inventory } from "../cilium/reach/compile/inventory.ts";
import type { Source } from "./sources/source.ts";

export type Workloads = {
  /** The endpoints with one of a workload's alike pods in place of all, under the name of the workload. */
  readonly inventory: Inventory;
  /** How many pods stand behind a name, as `namespace/name`; of others, one. */
  readonly pods: ReadonlyMap<string, number>;
};

/** Pods of a workload whose labels differ from those of the one that stands for it stay by themselves. */
export function workloadsOf({ inventory, replicas }: Pick<Source, "inventory" | "replicas">): Workloads {
  const { endpoints, cluster } = inventory;
  const workloads = new Map([...replicas].map(([workload, pod]) => [pod, workload]));
  const identity = (endpoint: Endpoint) =>
    JSON.stringify([podIdentity({ ...endpoint, cluster: endpoint.cluster ?? cluster }), endpoint.hostNetwork ?? false]);
  const named = endpoints.flatMap((endpoint) => {
    const workload = workloads.get(`${endpoint.namespace}/${endpoint.name}`);
    return workload === undefined ? [] : [{ ...endpoint, name: workload.slice(workload.indexOf("/") + 1) }];
  });
  const alike = Map.groupBy(endpoints, identity);
  const told = new Set(named.map(identity));
  return {
    inventory: {
      ...inventory,
      endpoints: [...named, ...endpoints.filter((endpoint) => !told.has(identity(endpoint)))],
    },
    pods: new Map(
      named.map((endpoint) => [`${endpoint.namespace}/${endpoint.name}`, alike.get(identity(endpoint))?.length ?? 1]),
    ),
  };
}

/** A name in a table, with how many pods it stands for. */
export function counted(name: string, pods: Workloads["pods"]): string {
  const count = pods.get(name) ?? 1;
  return count === 1 ? name : `${name} (${count} pods)`;
}
