/** Selectors that can match nothing, or everything, whatever pods there are. */
import { namespaceOf } from "../../../cilium/policy/parts.ts";
import { at } from "../../../cilium/policy/place.ts";
import type { CiliumPolicy, LabelSelector, Rule } from "../../../cilium/policy/schema.ts";
import {
  clusterLabel,
  isKept,
  podNamespaceLabel,
  type Requirement,
  selectorKey,
  selectorRequirements,
} from "../../../cilium/policy/selector.ts";
import type { Finding } from "../../rule.ts";

/** Any selector of pods: labels that identities do not carry. */
export function selectorFindings(selector: LabelSelector, place: string): Finding[] {
  const keys = [
    ...Object.keys(selector.matchLabels ?? {}).map((key) => ({ key, place: at(place, "matchLabels") })),
    ...(selector.matchExpressions ?? []).map(({ key }, index) => ({
      key,
      place: at(place, "matchExpressions", index),
    })),
  ];
  return keys
    .filter(({ key }) => isPodLabel(key) && !isKept(selectorKey(key).key))
    .map(({ key, place }) => ({
      place,
      problem: `no identity carries ${key}: Cilium strips it, so it matches nothing`,
      fix: "select on a label that the workload itself sets, such as app.kubernetes.io/name",
    }));
}

const isPodLabel = (key: string): boolean => ["any", "k8s"].includes(selectorKey(key).source);

/** The subject of a policy besides: another namespace, another cluster. */
export function subjectFindings(
  policy: CiliumPolicy,
  rule: Rule,
  place: string,
  cluster: string | undefined,
): Finding[] {
  if (!rule.endpointSelector) return [];
  const here = at(place, "endpointSelector");
  const requirements = selectorRequirements(rule.endpointSelector);
  return [
    ...selectorFindings(rule.endpointSelector, here),
    ...namespaceFindings(requirements, namespaceOf(policy), here),
    ...requirements
      .filter(
        (requirement) => requirement.key === clusterLabel && cluster !== undefined && excludes(requirement, cluster),
      )
      .map((requirement) => ({
        place: here,
        problem: `asks for the cluster ${describe(requirement)}, but this one is ${cluster}: it selects no pod`,
        fix: `write ${clusterLabel}: ${cluster}, or set cluster in the pack's config`,
      })),
  ];
}

function namespaceFindings(
  requirements: readonly Requirement[],
  namespace: string | undefined,
  place: string,
): Finding[] {
  if (namespace === undefined) return [];
  return requirements
    .filter((requirement) => requirement.key === podNamespaceLabel && excludes(requirement, namespace))
    .map((requirement) => ({
      place,
      problem: `asks for the namespace ${describe(requirement)}, but a policy selects in its own, ${namespace}`,
      fix: "put the policy into the namespace of its pods, or write a CiliumClusterwideNetworkPolicy",
    }));
}

function excludes(requirement: Requirement, value: string): boolean {
  switch (requirement.operator) {
    case "In":
      return !requirement.values.includes(value);
    case "NotIn":
      return requirement.values.includes(value);
    case "Exists":
      return false;
    case "DoesNotExist":
      return true;
  }
}

const describe = (requirement: Requirement): string =>
  "values" in requirement
    ? `${requirement.operator === "NotIn" ? "not " : ""}${requirement.values.join(" or ")}`
    : requirement.operator;
