/** Selectors of manifests as the language says them. */
import type { LabelMatch, Labels } from "../model/labels.ts";
import { present, strippedLabels } from "../model/labels.ts";
import type { Namespaces } from "../model/peers/pod-set.ts";
import type { LabelSelector } from "../policy/schema.ts";
import {
  clusterLabel,
  namespaceLabelsPrefix,
  podNamespaceLabel,
  type Requirement,
  selectorRequirements,
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
      if (match !== cluster) throw new Unsayable("pods of another cluster");
    } else if (key === podNamespaceLabel) add(named, key, match);
    else if (key.startsWith(namespaceLabelsPrefix)) add(labelled, key.slice(namespaceLabelsPrefix.length), match);
    else if (key.startsWith("io.cilium.k8s.")) throw new Unsayable(`the label ${key}`);
    else add(labels, key, match);
  }
  for (const fault of strippedLabels(labels)) throw new Unsayable(fault);
  return { labels, namespaces: namespacesOf(named[podNamespaceLabel], labelled, home) };
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

function add(labels: Record<string, LabelMatch>, key: string, match: LabelMatch): void {
  if (key in labels && JSON.stringify(labels[key]) !== JSON.stringify(match)) {
    throw new Unsayable(`two conditions on the label ${key}`);
  }
  labels[key] = match;
}

function matchOf(requirement: Requirement): LabelMatch {
  switch (requirement.operator) {
    case "In": {
      const [value, ...more] = requirement.values;
      return value !== undefined && more.length === 0 ? value : { oneOf: requirement.values };
    }
    case "NotIn":
      return { noneOf: requirement.values };
    case "Exists":
      return present;
    case "DoesNotExist":
      return { absent: true };
  }
}
