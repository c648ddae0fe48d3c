/**
 * What pods must carry to be selected: a value, one of several, any value, a value other than some, none of several, or the
 * absence of a label. As in Kubernetes, a pod without the label has none of the values.
 */
import { z } from "zod";
import type { LabelSelector } from "../policy/schema.ts";
import { isKept, serviceAccountLabel } from "../policy/selector.ts";
import { reading } from "./issues.ts";

export type LabelMatch =
  | string
  | { readonly oneOf: readonly string[] }
  | { readonly otherThan: readonly string[] }
  | { readonly noneOf: readonly string[] }
  | { readonly present: true }
  | { readonly absent: true };

export type Labels = Readonly<Record<string, LabelMatch>>;

export const oneOf = (...values: string[]): LabelMatch => ({ oneOf: values });
export const otherThan = (...values: string[]): LabelMatch => ({ otherThan: values });
export const noneOf = (...values: string[]): LabelMatch => ({ noneOf: values });
export const present: LabelMatch = { present: true };
export const absent: LabelMatch = { absent: true };

export const labelMatch = z.union(
  [
    z.string(),
    z.strictObject({
      oneOf: z.array(z.string()).refine((values) => values.length > 0, "oneOf() without a value; name one"),
    }),
    z.strictObject({
      otherThan: z
        .array(z.string())
        .refine((values) => values.length > 0, "otherThan() without a value; write present"),
    }),
    z.strictObject({
      noneOf: z.array(z.string()).refine((values) => values.length > 0, "noneOf() without a value; name one"),
    }),
    z.strictObject({ present: z.literal(true) }),
    z.strictObject({ absent: z.literal(true) }),
  ],
  'write a text, oneOf("a", "b"), otherThan("a"), noneOf("a", "b"), present or absent',
) satisfies z.ZodType<LabelMatch>;

/** Tells a condition on one label from labels by their keys. */
export const isLabelMatch = (value: unknown): value is LabelMatch =>
  typeof value === "string" ||
  Object.entries(Object(value)).some(
    ([key, given]) =>
      (Array.isArray(given) && ["oneOf", "otherThan", "noneOf"].includes(key)) ||
      (given === true && (key === "present" || key === "absent")),
  );

export const labelsSchema = z.record(z.string(), labelMatch, 'write the labels of its pods, such as { app: "web" }');

/** An object by its name, or all with labels. */
export const nameOrLabels = (form: string) =>
  z.custom<string | Labels>(
    (given) =>
      typeof given === "string"
        ? /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(given)
        : !isLabelMatch(given) && labelsSchema.safeParse(given, reading).success,
    form,
  );

/** Labels that pods carry, as they are. */
export const plainLabels = z.record(z.string(), z.string("write a text"), 'write labels such as { app: "web" }');

/** The labels by which people call pods, the most telling first. */
export const nameLabels = [
  "app.kubernetes.io/name",
  "app",
  "k8s-app",
  "name",
  "app.kubernetes.io/instance",
  "app.kubernetes.io/component",
];

/** Why a policy cannot select on these labels, a line for each reason. */
export function labelFaults(labels: Labels): string[] {
  return Object.keys(labels).length === 0
    ? ["has no labels, so its policy would select every pod of its namespace; name the labels of its pods"]
    : strippedLabels(labels);
}

/** The labels that Cilium leaves out of identities, a line for each. */
export const strippedLabels = (labels: Labels): string[] =>
  Object.keys(labels)
    .filter((key) => !isKept(key))
    .map(
      (key) => `label ${key} is not part of a pod's identity in Cilium, so it selects nothing; select on another label`,
    );

/** The labels as Kubernetes writes them: plain values in `matchLabels`, the rest in `matchExpressions`. */
export function labelSelector(labels: Labels): LabelSelector {
  const matchLabels: Record<string, string> = {};
  const matchExpressions: NonNullable<LabelSelector["matchExpressions"]> = [];
  for (const [key, match] of Object.entries(labels)) {
    if (typeof match === "string") matchLabels[key] = match;
    else if ("oneOf" in match) matchExpressions.push({ key, operator: "In", values: [...match.oneOf] });
    else if ("noneOf" in match) matchExpressions.push({ key, operator: "NotIn", values: [...match.noneOf] });
    else if ("otherThan" in match) {
      matchExpressions.push({ key, operator: "Exists" }, { key, operator: "NotIn", values: [...match.otherThan] });
    } else if ("present" in match) matchExpressions.push({ key, operator: "Exists" });
    else matchExpressions.push({ key, operator: "DoesNotExist" });
  }
  return {
    ...(Object.keys(matchLabels).length > 0 && { matchLabels }),
    ...(matchExpressions.length > 0 && { matchExpressions }),
  };
}

/**
 * The label sets of pods that satisfy the labels, one for each combination of `oneOf` values. `others` are labels
 * that these pods carry besides; they give `present` and `otherThan` their value (`"true"` otherwise).
 */
export function examplePods(labels: Labels, others: Readonly<Record<string, string>>): Record<string, string>[] {
  let pods: Record<string, string>[] = [{ ...others }];
  for (const [key, match] of Object.entries(labels)) {
    if (typeof match === "string") pods = pods.map((pod) => ({ ...pod, [key]: match }));
    else if ("oneOf" in match) pods = match.oneOf.flatMap((value) => pods.map((pod) => ({ ...pod, [key]: value })));
    else if ("present" in match) pods = pods.map((pod) => ({ [key]: "true", ...pod }));
    else if ("otherThan" in match) {
      const value = others[key];
      const other = match.otherThan.includes("true") ? `not-${match.otherThan.join("-")}` : "true";
      pods = pods.map((pod) => ({ ...pod, [key]: meets(value, match) && value !== undefined ? value : other }));
    }
  }
  return pods;
}

/** A pod of these labels: Cilium gives one of them by its service account. */
export const podOf = (labels: Readonly<Record<string, string>>) => ({
  labels,
  ...(labels[serviceAccountLabel] !== undefined && { serviceAccount: labels[serviceAccountLabel] }),
});

/** Labels as people write a selector for kubectl: `app=web, tier in (a, b), job, !legacy`. */
export const labelsText = (labels: Labels): string =>
  Object.entries(labels)
    .map(([key, match]) => {
      if (typeof match === "string") return `${key}=${match}`;
      if ("oneOf" in match) return `${key} in (${match.oneOf.join(", ")})`;
      if ("otherThan" in match) return `${key}, ${key} notin (${match.otherThan.join(", ")})`;
      if ("noneOf" in match) return `${key} notin (${match.noneOf.join(", ")})`;
      return "present" in match ? key : `!${key}`;
    })
    .join(", ");

/** Whether nothing without the label meets a condition on it. */
export const needsLabel = (match: LabelMatch): boolean => !meets(undefined, match);

/** How many of some pods: all of them, some and not others, or none. */
export type Share = "all" | "some" | "none";

/** How many of the pods that carry these labels are selected by `required`. `others` tells what else they may carry. */
export const shareOf = (required: Labels, carried: Labels, others: "nothing" | "anything"): Share =>
  jointly(
    Object.entries(required).map(([key, match]) =>
      shareOfValues(match, carried[key] ?? (others === "nothing" ? absent : { noneOf: [] })),
    ),
  );

/** The share that meets conditions which do not depend on each other. */
export function jointly(shares: readonly Share[]): Share {
  if (shares.includes("none")) return "none";
  return shares.includes("some") ? "some" : "all";
}

/** Of the values that pods may carry under a key, how many are required ones. */
export function shareOfValues(required: LabelMatch, carried: LabelMatch): Share {
  const named = [...valuesIn(required), ...valuesIn(carried)];
  // Every value that either side names, one that neither does, and no label at all.
  const possible = [...named, `${named.join("")}-`, undefined].filter((value) => meets(value, carried));
  const chosen = possible.filter((value) => meets(value, required));
  if (chosen.length === 0) return "none";
  return chosen.length === possible.length ? "all" : "some";
}

function valuesIn(match: LabelMatch): readonly string[] {
  if (typeof match === "string") return [match];
  if ("oneOf" in match) return match.oneOf;
  if ("otherThan" in match) return match.otherThan;
  return "noneOf" in match ? match.noneOf : [];
}

/** Whether a label's value, `undefined` without the label, is as it is asked for. */
function meets(value: string | undefined, match: LabelMatch): boolean {
  if (typeof match === "string") return value === match;
  if ("oneOf" in match) return value !== undefined && match.oneOf.includes(value);
  if ("otherThan" in match) return value !== undefined && !match.otherThan.includes(value);
  if ("noneOf" in match) return value === undefined || !match.noneOf.includes(value);
  return (value !== undefined) === "present" in match;
}
