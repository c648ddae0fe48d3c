/** What of a set of policies could go without any change, for every pod that could exist. */
import { namespaceOf, placedRules, policyText, referenceTo } from "../policy/parts.ts";
import type { Policy, Rule } from "../policy/schema.ts";
import { invalidities } from "../policy/validity.ts";
import type { Side } from "../reach/report/diff.ts";
import { isDifferent, judge } from "./confirm.ts";
import { equal } from "./prove.ts";
import { networksOf } from "./side.ts";

/** A policy, or one item of its lists, which could go while all others stay. */
export type Redundant = {
  readonly policy: Policy;
  /** For example `ingress[1]`; empty for the policy as a whole. */
  readonly place: string;
  /** Another policy that alone says all that this one does; undefined if it takes several, or if this one says nothing. */
  readonly within?: Policy | undefined;
};

/** Each for itself: of two rules that say the same, either could go. What is not decidable is left out. */
export function redundant(side: Side): Redundant[] {
  const [all] = networksOf([side]);
  const without = (policies: readonly Policy[], policy: Policy, replacement: readonly Policy[]): Side => ({
    ...side,
    policies: policies.flatMap((own) => (own === policy ? replacement : own)),
  });
  const isSame = (before: readonly Policy[], after: readonly Policy[]): boolean =>
    equal({ ...side, policies: before }, { ...side, policies: after }, { connections: false }).kind === "proved";
  // Most of what is needed is seen from the policies of a namespace; a counterexample of theirs is held against all.
  const isSeenNeeded = (policy: Policy, replacement: readonly Policy[]): boolean => {
    const near = side.policies.filter((own) => sharesSubjects(own, policy));
    if (all === undefined || near.length === side.policies.length) return false;
    const proof = equal({ ...side, policies: near }, without(near, policy, replacement), { connections: false });
    if (proof.kind !== "refuted") return false;
    const sides = [side, without(side.policies, policy, replacement)];
    return isDifferent(judge(proof.counterexample.witness, sides, [all, all]));
  };
  const valid = side.policies.filter((policy) => invalidities(policy).length === 0);
  const within = (policy: Policy): Policy | undefined =>
    isSame([], [policy]) ? undefined : valid.find((other) => other !== policy && isSame([other], [other, policy]));
  return valid.flatMap((policy): Redundant[] => {
    const isSameWith = (replacement: readonly Policy[]): boolean =>
      !isSeenNeeded(policy, replacement) && isSame(side.policies, without(side.policies, policy, replacement).policies);
    if (isSameWith([])) return [{ policy, place: "", within: within(policy) }];
    return withoutEach(policy)
      .filter(({ rest }) => invalidities(rest).length === 0 && isSameWith([rest]))
      .map(({ place }) => ({ policy, place }));
  });
}

/** Whether two policies may select the same pods, by their namespaces. */
function sharesSubjects(a: Policy, b: Policy): boolean {
  const [own, other] = [a, b].map(namespaceOf);
  return own === undefined || other === undefined || own === other;
}

/** As in `shop/web ingress[1]`. */
export const redundantText = ({ policy, place }: Redundant): string =>
  [policyText(referenceTo(policy)), place].join(" ").trim();

type Shortened<T> = { readonly place: string; readonly rest: T };

/** A policy without one item, for each of them. */
function withoutEach(policy: Policy): Shortened<Policy>[] {
  switch (policy.kind) {
    case "CiliumNetworkPolicy":
    case "CiliumClusterwideNetworkPolicy":
      return placedRules(policy).flatMap(({ rule, place: spec }) =>
        withoutItems(rule).map(({ place, rest }) => ({
          place: spec === "" ? place : `${spec}.${place}`,
          rest:
            spec === ""
              ? { ...policy, spec: rest }
              : { ...policy, specs: (policy.specs ?? []).map((own) => (own === rule ? rest : own)) },
        })),
      );
    case "NetworkPolicy":
      return [
        ...each("ingress", policy.spec.ingress, (ingress) => ({ ...policy, spec: { ...policy.spec, ingress } })),
        ...each("egress", policy.spec.egress, (egress) => ({ ...policy, spec: { ...policy.spec, egress } })),
      ];
    case "ClusterNetworkPolicy":
      return [
        ...each("ingress", policy.spec.ingress, (ingress) => ({ ...policy, spec: { ...policy.spec, ingress } })),
        ...each("egress", policy.spec.egress, (egress) => ({ ...policy, spec: { ...policy.spec, egress } })),
      ];
  }
}

const withoutItems = (rule: Rule): Shortened<Rule>[] => [
  ...each("ingress", rule.ingress, (ingress) => ({ ...rule, ingress })),
  ...each("ingressDeny", rule.ingressDeny, (ingressDeny) => ({ ...rule, ingressDeny })),
  ...each("egress", rule.egress, (egress) => ({ ...rule, egress })),
  ...each("egressDeny", rule.egressDeny, (egressDeny) => ({ ...rule, egressDeny })),
];

const each = <Item, T>(
  name: string,
  items: readonly Item[] | null | undefined,
  rest: (left: Item[]) => T,
): Shortened<T>[] => (items ?? []).map((_, i, all) => ({ place: `${name}[${i}]`, rest: rest(all.toSpliced(i, 1)) }));
