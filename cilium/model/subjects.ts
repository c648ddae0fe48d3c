/** Pods for policies that select none of those that are known, so that they are judged all the same. */
import { policyName } from "../policy/parts.ts";
import { podsSatisfying } from "../policy/representatives.ts";
import type { Policy } from "../policy/schema.ts";
import {
  clusterLabel,
  type Label,
  matches,
  namespaceLabelsPrefix,
  podIdentity,
  podNamespaceLabel,
  type Requirement,
} from "../policy/selector.ts";
import type { Endpoint } from "../reach/compile/inventory.ts";
import { compilePolicy, noCluster } from "../reach/compile/rules.ts";

/** Whether one of the policy's subjects selects an endpoint. */
export const selectsEndpoint = (policy: Policy, endpoint: Endpoint, cluster: string): boolean =>
  subjectsOf(policy, cluster).some((subject) => matches(subject, podIdentity({ ...endpoint, cluster })));

/**
 * The endpoints, and one for each of the policies that selects none of them: with the labels that the policy asks for, called
 * as `nameOf` says. Policies of many pods come last, so that they find those of the others.
 */
export function withSubjects<P extends Policy>(
  endpoints: readonly Endpoint[],
  policies: readonly P[],
  cluster: string,
  nameOf: (policy: P) => string = ({ metadata }) => metadata.name,
): Endpoint[] {
  const all = [...endpoints];
  const precise = policies.map((policy) => ({ policy, subjects: subjectsOf(policy, cluster) }));
  precise.sort(
    (a, b) => requirementsIn(b) - requirementsIn(a) || (policyName(a.policy) < policyName(b.policy) ? -1 : 1),
  );
  for (const { policy, subjects } of precise) {
    if (all.some((endpoint) => !endpoint.hostNetwork && selectsEndpoint(policy, endpoint, cluster))) continue;
    all.push(...subjects.slice(0, 1).flatMap((subject) => exampleOf(subject, nameOf(policy))));
  }
  return all;
}

const requirementsIn = ({ subjects }: { readonly subjects: readonly (readonly Requirement[])[] }): number =>
  subjects[0]?.length ?? 0;

/** What selects the pods of a policy, as many times as it says so; nothing for one of nodes. */
const subjectsOf = (policy: Policy, cluster: string): (readonly Requirement[])[] => [
  ...new Set(
    compilePolicy(policy, { ...noCluster, cluster })
      .filter(({ selectsNodes }) => !selectsNodes)
      .map(({ subject }) => subject),
  ),
];

function exampleOf(subject: readonly Requirement[], name: string): Endpoint[] {
  const [labels = []] = podsSatisfying(subject);
  const namespace = labels.find(({ key }) => key === podNamespaceLabel)?.value;
  if (namespace === undefined || labels.some(({ source }) => source === "reserved")) return [];
  return [{ namespace, name, labels: Object.fromEntries(labels.filter(isOwn).map(({ key, value }) => [key, value])) }];
}

/** Whether a pod itself carries the label. */
const isOwn = ({ key }: Label): boolean =>
  key !== podNamespaceLabel && key !== clusterLabel && !key.startsWith(namespaceLabelsPrefix);
