/** Selectors of manifests as the language says them. */
import type { LabelMatch, Labels } from "../model/labels.ts";
import { absent, present, strippedLabels } from "../model/labels.ts";
import type { Namespaces } from "../model/peers/pod-set.ts";
import type { LabelSelector } from "../policy/schema.ts";
import {
  clusterLabel,
  namespaceLabelsPrefix,
  podNamespaceLabel,
  type Requirement,
  selectorRequirements,
  serviceAccountLabel,
} from "../policy/selector.ts";
import { Unsayable } from "./unsayable.ts";

/** Pods by their namespaces and labels; without a word of namespaces they are of the policy's own. */
export function podsSelected(
  selector: LabelSelector,
  home: string | undefined,
  cluster: string,
): { readonly namespaces: Namespaces; readonly labels: Labels } {
  const labels: Record<string, LabelMatch> = {};
  const labelled: Record<string, LabelMatch> = {};
  const named: Record<string, LabelMatch> = {};
  for (const requirement of selectorRequirements(selector)) {
    const { source, key } = requirement;
    if (source !== "any" && source !== "k8s") throw new Unsayable(`a label of source ${source}: ${key}`);
    const match = matchOf(requirement);
    if (key === clusterLabel) {
      if (match !== cluster) add(labels, key, otherCluster(match, cluster));
    } else if (key === podNamespaceLabel) add(named, key, match);
    else if (key.startsWith(namespaceLabelsPrefix)) add(labelled, key.slice(namespaceLabelsPrefix.length), match);
    else if (key.startsWith("io.cilium.k8s.") && key !== serviceAccountLabel) throw new Unsayable(`the label ${key}`);
    else add(labels, key, match);
  }
  for (const fault of strippedLabels(labels)) throw new Unsayable(fault);
  return { labels, namespaces: namespacesOf(named[podNamespaceLabel], labelled, home) };
}

/** Another cluster, or one of several, by their names. */
function otherCluster(match: LabelMatch, cluster: string): LabelMatch {
  const { some = [cluster] } = valuesOf(match);
  if (some.length === 0 || some.includes(cluster)) throw new Unsayable("pods of this cluster and others at once");
  return match;
}

function namespacesOf(named: LabelMatch | undefined, labelled: Labels, home: string | undefined): Namespaces {
  const keys = Object.keys(labelled);
  if (named !== undefined && keys.length > 0) throw new Unsayable("namespaces by name and by label at once");
  if (named !== undefined) return named;
  if (keys.length === 0) return home ?? present;
  const name = labelled[nameLabel];
  // Kubernetes gives every namespace its name as a label.
  return keys.length === 1 && name !== undefined ? name : { labelled };
}

const nameLabel = "kubernetes.io/metadata.name";

/** A condition beside others, as one where they are on the same label. */
function add(labels: Record<string, LabelMatch>, key: string, match: LabelMatch): void {
  const before = labels[key];
  const both = before === undefined ? match : together(valuesOf(before), valuesOf(match));
  if (both === undefined) throw new Unsayable(`conditions on the label ${key} that no pod meets`);
  labels[key] = both;
}

/** The values that meet a condition: some, or all but some; and whether the label may be missing. */
interface Values {
  readonly some?: readonly string[];
  readonly but: readonly string[];
  readonly isMissing: boolean;
}

function valuesOf(match: LabelMatch): Values {
  if (typeof match === "string") return { some: [match], but: [], isMissing: false };
  if ("oneOf" in match) return { some: match.oneOf, but: [], isMissing: false };
  if ("otherThan" in match) return { but: match.otherThan, isMissing: false };
  if ("noneOf" in match) return { but: match.noneOf, isMissing: true };
  return "present" in match ? { but: [], isMissing: false } : { some: [], but: [], isMissing: true };
}

/** What meets both; undefined where nothing does. */
function together(one: Values, other: Values): LabelMatch | undefined {
  const but = [...new Set([...one.but, ...other.but])];
  const isMissing = one.isMissing && other.isMissing;
  const lists = [one.some, other.some].filter((some) => some !== undefined);
  if (lists.length === 0) {
    if (isMissing) return { noneOf: but };
    return but.length === 0 ? present : { otherThan: but };
  }
  const values = (lists[0] ?? []).filter(
    (value) => lists.every((some) => some.includes(value)) && !but.includes(value),
  );
  if (values.length > 0) return oneOrMore(values);
  return isMissing ? absent : undefined;
}

const oneOrMore = (values: readonly string[]): LabelMatch => {
  const [value, ...more] = values;
  return value !== undefined && more.length === 0 ? value : { oneOf: values };
};

function matchOf(requirement: Requirement): LabelMatch {
  switch (requirement.operator) {
    case "In":
      return oneOrMore(requirement.values);
    case "NotIn":
      return { noneOf: requirement.values };
    case "Exists":
      return present;
    case "DoesNotExist":
      return absent;
  }
}
