/** The parts of a policy, without regard to whether it is written with `spec` or with `specs`. */
import type { Policy, Rule } from "./schema.ts";

/** The rules of a policy. */
export const rulesOf = (policy: Policy): Rule[] => [...(policy.spec ? [policy.spec] : []), ...(policy.specs ?? [])];

/** The rules of a policy with their places: nothing for `spec`, `specs[i]` for an item of `specs`. */
export const placedRules = (policy: Policy): { rule: Rule; place: string }[] => [
  ...(policy.spec ? [{ rule: policy.spec, place: "" }] : []),
  ...(policy.specs ?? []).map((rule, index) => ({ rule, place: `specs[${index}]` })),
];

/** The namespace of a policy; undefined for a clusterwide one. */
export const namespaceOf = (policy: Policy): string | undefined =>
  policy.kind === "CiliumNetworkPolicy" ? policy.metadata.namespace || "default" : undefined;

/** `namespace/name`, or `name` for a clusterwide policy. */
export const policyName = (policy: Policy): string => {
  const namespace = namespaceOf(policy);
  return namespace === undefined ? policy.metadata.name : `${namespace}/${policy.metadata.name}`;
};
