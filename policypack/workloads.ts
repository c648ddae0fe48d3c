/** Whether policies select workloads that the config describes by their pods' labels. */
import { namespaceOf } from "../cilium/policy/parts.ts";
import { matchesPod } from "../cilium/policy/representatives.ts";
import type { CiliumPolicy, Rule } from "../cilium/policy/schema.ts";
import { podIdentity, subjectRequirements } from "../cilium/policy/selector.ts";
import type { Workload } from "./cluster.ts";

/** Whether the subject of a policy's rule selects pods that carry a workload's labels. */
export function subjectSelects(policy: CiliumPolicy, rule: Rule, { namespace, labels }: Workload): boolean {
  if (!rule.endpointSelector) return false;
  const requirements = subjectRequirements(rule.endpointSelector, namespaceOf(policy));
  return matchesPod(requirements, podIdentity({ namespace, labels, cluster: "" }));
}

export const describeWorkload = ({ namespace, labels }: Workload): string =>
  `${namespace}/{${Object.entries(labels)
    .map(([key, value]) => `${key}: ${value}`)
    .join(", ")}}`;
