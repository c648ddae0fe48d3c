/** Policies of any kind as a cluster of the language: what flows can say, and what stays as it is, with the reason. */
import type { Cluster } from "../model/cluster.ts";
import type { Namespace } from "../model/namespace.ts";
import type { HostNetworkPods } from "../model/peers.ts";
import { namespaceOf } from "../policy/parts.ts";
import type { Policy } from "../policy/schema.ts";
import type { Inventory } from "../reach/compile/inventory.ts";
import type { Kept } from "../write/verbatim.ts";

export interface Translation {
  /** Without the verbatim policies. */
  readonly cluster: Cluster;
  readonly kept: readonly Kept[];
  /** What stands above a workload, by its id. */
  readonly comments: ReadonlyMap<string, string>;
  /** The names of policies by their workloads' ids, where they differ. */
  readonly policyNames: Readonly<Record<string, string>>;
}

/** @param inventory the cluster that the policies are of, by workloads rather than pods */
export function translate(policies: readonly Policy[], inventory: Inventory): Translation {
  const namespaces = new Set([
    ...policies.flatMap((policy) => namespaceOf(policy) ?? []),
    ...inventory.endpoints.filter(({ hostNetwork }) => hostNetwork).map(({ namespace }) => namespace),
  ]);
  return {
    cluster: {
      dns: undefined,
      verbatim: [],
      namespaces: [...namespaces].sort().map(
        (name): Namespace => ({
          name,
          workloads: [],
          labels: undefined,
          hostNetwork: hostNetworkIn(name, inventory),
          statements: [],
        }),
      ),
    },
    kept: policies.map((policy) => ({ policy, reason: "Kept as it was." })),
    comments: new Map(),
    policyNames: {},
  };
}

/** The pods on the host's network, which no policy selects. */
const hostNetworkIn = (namespace: string, { endpoints }: Inventory): HostNetworkPods[] =>
  endpoints
    .filter((endpoint) => endpoint.hostNetwork && endpoint.namespace === namespace)
    .map(({ name, labels }) => ({
      kind: "host-network",
      namespace,
      name,
      reason: "hostNetwork: true",
      labels,
      ports: {},
    }));
