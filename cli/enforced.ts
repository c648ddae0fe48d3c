/** A program's policies as they would be once all are enforced: that is what recorded traffic is held against. */
import { type ConfiguredCluster, enforcementOf, workloads } from "../cilium/model/cluster.ts";
import { rulesOf } from "../cilium/policy/parts.ts";
import type { Policy } from "../cilium/policy/schema.ts";
import { readConfiguration } from "../cilium/reach/compile/configuration.ts";
import type { Inventory } from "../cilium/reach/compile/inventory.ts";
import { renderPolicies } from "../cilium/render/policies.ts";
import type { Source } from "./sources/source.ts";

export const enforcedPolicies = ({ program, policies }: Source): readonly Policy[] =>
  program === undefined ? policies : renderPolicies(enforced(program.cluster));

/** What the policies of a stack that only observes would do once they are enforced: that is the question. */
export const enforced = (cluster: ConfiguredCluster): ConfiguredCluster => ({
  ...cluster,
  settings: { ...cluster.settings, enforcement: "enforce", namespaceEnforcement: {} },
});

/** Keys of `cilium-config` by which an agent enforces nothing, and what they are where it does. */
const enforcing = { "policy-audit-mode": "false", "enable-policy": "default" } as const;

/** The same surroundings under an agent that enforces. */
export const underEnforcement = <T extends Pick<Inventory, "configuration">>(surroundings: T): T => ({
  ...surroundings,
  ...(surroundings.configuration !== undefined && {
    configuration: {
      ...surroundings.configuration,
      ...Object.fromEntries(unenforcedKeys(surroundings).map((key) => [key, enforcing[key]])),
    },
  }),
});

function unenforcedKeys(surroundings: Pick<Inventory, "configuration">): (keyof typeof enforcing)[] {
  const { auditMode, enforcement } = readConfiguration(surroundings.configuration).configuration;
  return [
    ...(auditMode ? (["policy-audit-mode"] as const) : []),
    ...(enforcement === "never" ? (["enable-policy"] as const) : []),
  ];
}

/** What is judged as enforced and is not, or is not and could be meant to be, a sentence each. */
export function asEnforced({ program, policies, inventory }: Source): string[] {
  const agent = unenforcedKeys(inventory).map(
    (key) => `the agent enforces nothing (${key}: ${inventory.configuration?.[key]}); it is judged as if it did`,
  );
  if (program === undefined) return [...agent, ...withoutDefaultDeny(policies)];
  const { cluster } = program;
  const observing = workloads(cluster).filter((workload) => enforcementOf(cluster, workload) === "observe");
  return observing.length === 0
    ? agent
    : [...agent, `${observing.length} policies of the stack only observe; they are judged as enforced`];
}

/** Policies of files and clusters are judged as they are written: an observing stack's have no default deny. */
function withoutDefaultDeny(policies: readonly Policy[]): string[] {
  const without = policies.filter((policy) =>
    rulesOf(policy).some(({ enableDefaultDeny }) => Object.values(enableDefaultDeny ?? {}).includes(false)),
  );
  const of = `${without.length} of ${policies.length} policies`;
  return without.length === 0 ? [] : [`${of} leave default deny off (enableDefaultDeny: false), and are judged so`];
}
