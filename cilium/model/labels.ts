/** What a workload's pods must carry to be selected: a value, one of several, any value, or the absence of a label. */
import { z } from "zod";
import type { LabelSelector } from "../policy/schema.ts";
import { isKept } from "../policy/selector.ts";

export type LabelMatch =
  | string
  | { readonly oneOf: readonly string[] }
  | { readonly present: true }
  | { readonly absent: true };

export type Labels = Readonly<Record<string, LabelMatch>>;

export const oneOf = (...values: string[]): LabelMatch => ({ oneOf: values });
export const present: LabelMatch = { present: true };
export const absent: LabelMatch = { absent: true };

const labelMatch = z.union(
  [
    z.string(),
    z.strictObject({
      oneOf: z.array(z.string()).refine((values) => values.length > 0, "oneOf() without a value; name one"),
    }),
    z.strictObject({ present: z.literal(true) }),
    z.strictObject({ absent: z.literal(true) }),
  ],
  'write a text, oneOf("a", "b"), present or absent',
) satisfies z.ZodType<LabelMatch>;

export const labelsSchema = z.record(z.string(), labelMatch, 'write the labels of its pods, such as { app: "web" }');

/** Labels that pods carry, as they are. */
export const plainLabels = z.record(z.string(), z.string("write a text"), 'write labels such as { app: "web" }');

/** Why a policy cannot select on these labels, a line for each reason. */
export function labelFaults(labels: Labels): string[] {
  const keys = Object.keys(labels);
  if (keys.length === 0) {
    return ["has no labels, so its policy would select every pod of its namespace; name the labels of its pods"];
  }
  return keys
    .filter((key) => !isKept(key))
    .map(
      (key) => `label ${key} is not part of a pod's identity in Cilium, so it selects nothing; select on another label`,
    );
}

/** The labels as Kubernetes writes them: plain values in `matchLabels`, the rest in `matchExpressions`. */
export function labelSelector(labels: Labels): LabelSelector {
  const matchLabels: Record<string, string> = {};
  const matchExpressions: NonNullable<LabelSelector["matchExpressions"]> = [];
  for (const [key, match] of Object.entries(labels)) {
    if (typeof match === "string") matchLabels[key] = match;
    else if ("oneOf" in match) matchExpressions.push({ key, operator: "In", values: [...match.oneOf] });
    else if ("present" in match) matchExpressions.push({ key, operator: "Exists" });
    else matchExpressions.push({ key, operator: "DoesNotExist" });
  }
  return {
    ...(Object.keys(matchLabels).length > 0 && { matchLabels }),
    ...(matchExpressions.length > 0 && { matchExpressions }),
  };
}

/**
 * The label sets of pods that satisfy the labels, one for each combination of `oneOf` values. `others` are labels
 * that these pods carry besides; they give `present` its value (`"true"` otherwise).
 */
export function examplePods(labels: Labels, others: Readonly<Record<string, string>>): Record<string, string>[] {
  let pods: Record<string, string>[] = [{ ...others }];
  for (const [key, match] of Object.entries(labels)) {
    if (typeof match === "string") pods = pods.map((pod) => ({ ...pod, [key]: match }));
    else if ("oneOf" in match) pods = match.oneOf.flatMap((value) => pods.map((pod) => ({ ...pod, [key]: value })));
    else if ("present" in match) pods = pods.map((pod) => ({ [key]: "true", ...pod }));
  }
  return pods;
}
