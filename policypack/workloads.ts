/** Workloads as the config describes them, by their pods' labels: which a cluster declares, and which a policy selects. */
import { z } from "zod";
import { examplePods } from "../cilium/model/labels.ts";
import type { Workload } from "../cilium/model/peers.ts";
import { namespaceOf } from "../cilium/policy/parts.ts";
import { matchesPod } from "../cilium/policy/representatives.ts";
import type { CiliumPolicy, Rule } from "../cilium/policy/schema.ts";
import { podIdentity, subjectRequirements } from "../cilium/policy/selector.ts";

export const workload = z.strictObject({
  namespace: z.string().min(1),
  labels: z.record(z.string(), z.string()).describe("All labels of its pods"),
});

export type DeclaredPods = z.infer<typeof workload>;

/** A declared workload: one for each set of labels that its pods may carry. */
export const declaredPods = ({ namespace, labels, otherLabels }: Workload): DeclaredPods[] =>
  examplePods(labels, otherLabels).map((labels) => ({ namespace, labels }));

/** Whether the subject of a policy's rule selects pods that carry a workload's labels. */
export function subjectSelects(policy: CiliumPolicy, rule: Rule, { namespace, labels }: DeclaredPods): boolean {
  if (!rule.endpointSelector) return false;
  const requirements = subjectRequirements(rule.endpointSelector, namespaceOf(policy));
  return matchesPod(requirements, podIdentity({ namespace, labels, cluster: "" }));
}

export const describeWorkload = ({ namespace, labels }: DeclaredPods): string =>
  `${namespace}/{${Object.entries(labels)
    .map(([key, value]) => `${key}: ${value}`)
    .join(", ")}}`;
