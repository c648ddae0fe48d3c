/** Pods by their namespaces and labels, whoever declares them: all of a namespace, of several, or of the cluster. */
import { z } from "zod";
import {
  isLabelMatch,
  jointly,
  type LabelMatch,
  type Labels,
  labelMatch,
  labelsSchema,
  labelsText,
  present,
  type Share,
  shareOf,
  shareOfValues,
  strippedLabels,
} from "../labels.ts";
import type { ClusterwideGroup } from "./clusterwide.ts";
import type { PeerKind } from "./kind.ts";
import { type Reachable, reachable } from "./reachable.ts";

export interface PodSet {
  readonly kind: "pod-set";
  readonly namespaces: Namespaces;
  readonly labels: Labels;
}

/** Namespaces by their names, or by what they carry. */
export type Namespaces = LabelMatch | { readonly labelled: Labels };

/** Every pod of the cluster. */
export const anyPod = reachable<PodSet>({ kind: "pod-set", namespaces: present, labels: {} });

/**
 * `podsOf("monitoring")`: the pods of a namespace, of `oneOf` several, or of those with labels (`{}` is all of them); of
 * these pods all, or those with labels.
 */
export const podsOf = (namespaces: LabelMatch | Labels, labels: Labels = {}): Reachable<PodSet> =>
  reachable({ kind: "pod-set", namespaces: namespacesOf(namespaces), labels });

export function namespacesOf(given: LabelMatch | Labels): Namespaces {
  if (isLabelMatch(given)) return given;
  return isEmpty(given) ? present : { labelled: given };
}

const isEmpty = (labels: Labels): boolean =>
  typeof labels === "object" && labels !== null && Object.keys(labels).length === 0;

export const namespacesSchema: z.ZodType<Namespaces> = z
  .union(
    [
      labelMatch,
      z.object({ labelled: z.record(z.string(), labelMatch).refine((labels) => Object.keys(labels).length > 0) }),
    ],
    'write namespaces as "monitoring", oneOf("a", "b"), or by their labels, such as { team: "a" }',
  )
  .superRefine((namespaces, context) => {
    if (typeof namespaces === "object" && "absent" in namespaces) {
      context.addIssue("every pod has a namespace, so absent selects none; write anyPod");
    }
  });

const schema = z
  .object({ kind: z.literal("pod-set"), namespaces: namespacesSchema, labels: labelsSchema })
  .superRefine(({ labels }, context) => {
    for (const fault of strippedLabels(labels)) context.addIssue(fault);
  }) satisfies z.ZodType<PodSet>;

export const podSetKind: PeerKind<PodSet> = {
  schema,
  isSource: true,
  name: podSetText,
  inTables: (set) => ({ names: [podSetText(set)] }),
  inVerdicts: (set) => {
    const namespace = onlyNamespace(set);
    return namespace === undefined ? [podSetText(set)] : [`${namespace}/${withinNamespace(set)}`];
  },
  namespace: onlyNamespace,
  isOutside: () => false,
  share: ({ namespaces, labels }, subject) => {
    switch (subject.kind) {
      case "workload":
        return jointly([
          isLabelMatch(namespaces)
            ? shareOfValues(namespaces, subject.namespace)
            : shareOf(
                namespaces.labelled,
                { ...subject.namespaceLabels, [namespaceName]: subject.namespace },
                "nothing",
              ),
          shareOf(labels, { ...subject.otherLabels, ...subject.labels }, subject.isGroup ? "anything" : "nothing"),
        ]);
      case "clusterwide-group":
        return shareOfGroup(namespaces, labels, subject);
      case "node-group":
        return "none";
    }
  },
  selection: ({ namespaces, labels }) => ({ kind: "endpoints", namespaces, labels }),
  wording: ({ namespaces, labels }) => {
    const hasLabels = Object.keys(labels).length > 0;
    const isAnywhere = typeof namespaces === "object" && "present" in namespaces;
    if (isAnywhere && !hasLabels) return { kind: "word", word: "anyPod" };
    const of = isAnywhere ? {} : isLabelMatch(namespaces) ? namespaces : namespaces.labelled;
    return { kind: "call", word: "podsOf", given: hasLabels ? [of, labels] : [of] };
  },
};

/** The label that Kubernetes gives every namespace: its name. */
const namespaceName = "kubernetes.io/metadata.name";

/** `any pod`, `pods of monitoring with app=web`, `pods of namespaces with team=a`. */
export function podSetText({ namespaces, labels }: Pick<PodSet, "namespaces" | "labels">): string {
  const carrying = Object.keys(labels).length === 0 ? "" : ` with ${labelsText(labels)}`;
  if (!isLabelMatch(namespaces)) return `pods of namespaces with ${labelsText(namespaces.labelled)}${carrying}`;
  if (typeof namespaces === "string") return `pods of ${namespaces}${carrying}`;
  if ("oneOf" in namespaces) return `pods of ${namespaces.oneOf.join(" or ")}${carrying}`;
  if ("noneOf" in namespaces) return `pods outside of ${namespaces.noneOf.join(" and ")}${carrying}`;
  if ("otherThan" in namespaces) return `pods outside of ${namespaces.otherThan.join(" and ")}${carrying}`;
  return carrying === "" ? "any pod" : `pods${carrying}`;
}

/** What tells the set from others of its namespace: `app=web`, or `*` for all of its pods. */
export const withinNamespace = ({ labels }: PodSet): string => labelsText(labels) || "*";

/** The namespace of a set that has a single one. */
export function onlyNamespace({ namespaces }: PodSet): string | undefined {
  return typeof namespaces === "string" ? namespaces : undefined;
}

/** How many pods of a clusterwide group are those of namespaces with labels. */
function shareOfGroup(namespaces: Namespaces, labels: Labels, group: ClusterwideGroup): Share {
  return jointly([shareOfNamespaces(namespaces, group.namespaces), shareOf(labels, group.labels, "anything")]);
}

function shareOfNamespaces(required: Namespaces, given: Namespaces): Share {
  if (isLabelMatch(required)) {
    if (isLabelMatch(given)) return shareOfValues(required, given);
    return typeof required === "object" && "present" in required ? "all" : "some";
  }
  return isLabelMatch(given) ? "some" : shareOf(required.labelled, given.labelled, "anything");
}
