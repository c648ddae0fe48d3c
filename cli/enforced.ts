/** A program's policies as they would be once all are enforced: that is what recorded traffic is held against. */
import { type ConfiguredCluster, enforcementOf, workloads } from "../cilium/model/cluster.ts";
import type { Policy } from "../cilium/policy/schema.ts";
import { renderPolicies } from "../cilium/render/policies.ts";
import type { Source } from "./sources/source.ts";

export const enforcedPolicies = ({ program, policies }: Source): readonly Policy[] =>
  program === undefined ? policies : renderPolicies(enforced(program.cluster));

/** What the policies of a stack that only observes would do once they are enforced: that is the question. */
export const enforced = (cluster: ConfiguredCluster): ConfiguredCluster => ({
  ...cluster,
  settings: { ...cluster.settings, enforcement: "enforce", namespaceEnforcement: {} },
});

export function asEnforced({ program }: Source): string[] {
  if (program === undefined) return [];
  const { cluster } = program;
  const observing = workloads(cluster).filter((workload) => enforcementOf(cluster, workload) === "observe");
  return observing.length === 0
    ? []
    : [`${observing.length} policies of the stack only observe; they are judged as enforced`];
}
