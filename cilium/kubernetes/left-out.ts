/** What of an input is not part of the answer, and why; and what would make it one. */

/** Every reason to leave something out, in the words of the answers. */
export const reasons = {
  "not-kubernetes": "no Kubernetes object",
  "not-yaml": "neither YAML nor JSON",
  "foreign-tag": "YAML tags of another program",
  template: "template with {{ }}",
  variables: "variables that are filled in before it is applied",
  encrypted: "encrypted with SOPS",
  patch: "patch of a kustomization",
  "out-of-reach": "outside of what was read",
  "without-namespace": "no namespace",
  generated: "ApplicationSet whose Applications only Argo CD can tell",
  versions: "several versions, of which a cluster has one",
  malformed: "not of its kind's form",
  "other-kind": "another kind",
} as const;

export type Reason = keyof typeof reasons;

export type LeftOut = {
  /** The file, and the document in it. */
  readonly place: string;
  readonly reason: Reason;
  /** What is wrong with it, or what it is. */
  readonly detail?: string;
  /** A command whose output can be read instead, where policies may be hidden in it. */
  readonly render?: string;
  /** The kind of policies that its text writes, which are not judged then. */
  readonly policies?: string;
};

/** Whether something was left out that may matter; objects of other kinds do not. */
export const isLoss = ({ reason }: LeftOut): boolean => reason !== "other-kind";

/** `deploy/a.yaml, document 2: variables that are filled in before it is applied: ${HOST}` */
export function leftOutText({ place, reason, detail }: LeftOut): string {
  if (detail === undefined) return `${place}: ${reasons[reason]}`;
  const saysItself = reason === "not-yaml" || reason === "malformed";
  return `${place}: ${saysItself ? "" : `${reasons[reason]}: `}${detail}`;
}

/** Whether policies were left out for sure. */
export const hidesPolicies = ({ reason, render, policies }: LeftOut): boolean =>
  policies !== undefined || (reason === "patch" && render !== undefined);

/** Marks of a text that is not applied as it stands: Helm's and Flux's. */
export const helmMark = /\{\{[\s\S]*?\}\}/;
/** `$${…}` is how Flux writes a `${…}` that stays. */
export const variableMark = /(?<!\$)\$\{[^}]*\}/;
