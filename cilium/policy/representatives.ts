/** Pods that stand for all that a policy selects, for comparing policies with each other without a cluster. */
import type { LabelSelector } from "./schema.ts";
import { clusterLabel, type Label, matches, type Requirement, subjectRequirements } from "./selector.ts";

/**
 * The labels of pods that carry exactly what a subject asks for: one pod for each combination of `In` values. None, if
 * the subject contradicts itself. Clusterwide policies have no namespace. A label that only has to exist has the value `any`.
 */
export const representatives = (selector: LabelSelector, namespace: string | undefined): Label[][] =>
  podsSatisfying(subjectRequirements(selector, namespace));

/** The same for what a selector requires. */
export function podsSatisfying(requirements: readonly Requirement[]): Label[][] {
  let pods: Label[][] = [[]];
  for (const requirement of requirements) {
    const values = valuesOf(requirement);
    if (values === undefined) continue;
    const source = requirement.source === "any" ? "k8s" : requirement.source;
    pods = pods.flatMap((pod) =>
      values.slice(0, mostValues).map((value) => withLabel(pod, { source, key: requirement.key, value })),
    );
  }
  return pods.filter((pod) => matches(requirements, pod));
}

/** Whether a pod of the local cluster satisfies requirements; which cluster they name is not compared. */
export const matchesPod = (requirements: readonly Requirement[], pod: readonly Label[]): boolean =>
  matches(
    requirements.filter(({ key }) => key !== clusterLabel),
    pod,
  );

/** Enough to tell workloads apart; more combinations stand for the same workload. */
const mostValues = 32;

const valuesOf = (requirement: Requirement): readonly string[] | undefined => {
  switch (requirement.operator) {
    case "In":
      return requirement.values;
    case "Exists":
      return ["any"];
    case "NotIn":
    case "DoesNotExist":
      return undefined;
  }
};

const withLabel = (pod: readonly Label[], label: Label): Label[] =>
  pod.some(({ key }) => key === label.key) ? [...pod] : [...pod, label];
