/** What a policy is called, where it lives, and the rules of Cilium's own kinds, written with `spec` or with `specs`. */
import type { Policy, PolicyKind, Rule } from "./schema.ts";

export type Direction = "ingress" | "egress";

/** The rules of a policy of Cilium's own kinds; none for the others, whose rules have another form. */
export const rulesOf = (policy: Policy): Rule[] => placedRules(policy).map(({ rule }) => rule);

/** The rules of a policy of Cilium's own kinds with their places: nothing for `spec`, `specs[i]` for an item of `specs`. */
export function placedRules(policy: Policy): { rule: Rule; place: string }[] {
  switch (policy.kind) {
    case "CiliumNetworkPolicy":
    case "CiliumClusterwideNetworkPolicy":
      return [
        ...(policy.spec ? [{ rule: policy.spec, place: "" }] : []),
        ...(policy.specs ?? []).map((rule, index) => ({ rule, place: `specs[${index}]` })),
      ];
    case "NetworkPolicy":
    case "ClusterNetworkPolicy":
      return [];
  }
}

/** The namespace of a policy; undefined for a clusterwide one. */
export function namespaceOf(policy: Policy): string | undefined {
  switch (policy.kind) {
    case "CiliumNetworkPolicy":
    case "NetworkPolicy":
      return policy.metadata.namespace || "default";
    case "CiliumClusterwideNetworkPolicy":
    case "ClusterNetworkPolicy":
      return undefined;
  }
}

/** `namespace/name`, or `name` for a clusterwide policy; policies of different kinds may share it. */
export const policyName = (policy: Policy): string => {
  const namespace = namespaceOf(policy);
  return namespace === undefined ? policy.metadata.name : `${namespace}/${policy.metadata.name}`;
};

/** Which policy: no two objects of a cluster share both. */
export type PolicyReference = {
  readonly kind: PolicyKind;
  /** `namespace/name`, or `name` for a clusterwide policy. */
  readonly policy: string;
};

export const referenceTo = (policy: Policy): PolicyReference => ({ kind: policy.kind, policy: policyName(policy) });

/** A policy's kind and name: equal for no two policies. */
export const policyKey = ({ kind, policy }: PolicyReference): string => `${kind} ${policy}`;

/** A policy for people: Cilium's own kinds go by their names alone, which a namespace tells apart. */
export function policyText(reference: PolicyReference): string {
  switch (reference.kind) {
    case "CiliumNetworkPolicy":
    case "CiliumClusterwideNetworkPolicy":
      return reference.policy;
    case "NetworkPolicy":
    case "ClusterNetworkPolicy":
      return policyKey(reference);
  }
}
