/** A source's endpoints as people know them: workloads, with how many pods each of them has. */
import { podIdentity } from "../cilium/policy/selector.ts";
import type { Inventory } from "../cilium/reach/compile/inventory.ts";
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
  const identified = endpoints.map((endpoint) => {
    const labels = podIdentity({ ...endpoint, cluster: endpoint.cluster ?? cluster });
    return { endpoint, identity: JSON.stringify([labels, endpoint.hostNetwork ?? false]) };
  });
  const named = identified.flatMap(({ endpoint, identity }) => {
    const workload = workloads.get(`${endpoint.namespace}/${endpoint.name}`);
    const name = workload?.slice(workload.indexOf("/") + 1);
    return name === undefined ? [] : [{ endpoint: { ...endpoint, name }, identity }];
  });
  const alike = Map.groupBy(identified, ({ identity }) => identity);
  const told = new Set(named.map(({ identity }) => identity));
  const others = identified.filter(({ identity }) => !told.has(identity));
  return {
    inventory: { ...inventory, endpoints: [...named, ...others].map(({ endpoint }) => endpoint) },
    pods: new Map(
      named.map(({ endpoint: { namespace, name }, identity }) => [
        `${namespace}/${name}`,
        alike.get(identity)?.length ?? 1,
      ]),
    ),
  };
}

/** A name in a table, with how many pods it stands for. */
export function counted(name: string, pods: Workloads["pods"]): string {
  const count = pods.get(name) ?? 1;
  return count === 1 ? name : `${name} (${count} pods)`;
}
