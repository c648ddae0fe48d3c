/** What a workload's pods must carry to be selected: a value, one of several, any value, or the absence of a label. */
import type { LabelSelector } from "../policy/schema.ts";

export type Requirement =
  | string
  | { readonly oneOf: readonly string[] }
  | { readonly present: true }
  | { readonly absent: true };

export type Labels = Readonly<Record<string, Requirement>>;

export const oneOf = (...values: string[]): Requirement => ({ oneOf: values });
export const present: Requirement = { present: true };
export const absent: Requirement = { absent: true };

/** The requirements as Kubernetes writes them: plain values in `matchLabels`, the rest in `matchExpressions`. */
export function labelSelector(labels: Labels): LabelSelector {
  const matchLabels: Record<string, string> = {};
  const matchExpressions: NonNullable<LabelSelector["matchExpressions"]> = [];
  for (const [key, requirement] of Object.entries(labels)) {
    if (typeof requirement === "string") matchLabels[key] = requirement;
    else if ("oneOf" in requirement) matchExpressions.push({ key, operator: "In", values: [...requirement.oneOf] });
    else if ("present" in requirement) matchExpressions.push({ key, operator: "Exists" });
    else matchExpressions.push({ key, operator: "DoesNotExist" });
  }
  return {
    ...(Object.keys(matchLabels).length > 0 && { matchLabels }),
    ...(matchExpressions.length > 0 && { matchExpressions }),
  };
}

/**
 * The label sets of pods that satisfy the requirements, one for each combination of `oneOf` values. `others` are labels
 * that these pods carry besides; they give `present` its value (`"true"` otherwise).
 */
export function examplePods(labels: Labels, others: Readonly<Record<string, string>>): Record<string, string>[] {
  let pods: Record<string, string>[] = [{ ...others }];
  for (const [key, requirement] of Object.entries(labels)) {
    if (typeof requirement === "string") pods = pods.map((pod) => ({ ...pod, [key]: requirement }));
    else if ("oneOf" in requirement)
      pods = requirement.oneOf.flatMap((value) => pods.map((pod) => ({ ...pod, [key]: value })));
    else if ("present" in requirement) pods = pods.map((pod) => ({ [key]: "true", ...pod }));
  }
  return pods;
}
