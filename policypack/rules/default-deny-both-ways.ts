import { placedRules } from "../../cilium/policy/parts.ts";
import { at } from "../../cilium/policy/place.ts";
import type { Rule } from "../../cilium/policy/schema.ts";
import { type Finding, policyRule, ruleConfig } from "../rule.ts";

const configSchema = ruleConfig({});

export const defaultDenyBothWays = policyRule({
  name: "default-deny-both-ways",
  description:
    "A namespaced policy governs ingress and egress. A direction without a rule, or with enableDefaultDeny: false, lets everything through.",
  url: "https://docs.cilium.io/en/stable/security/policy/intro/#endpoint-default-policy",
  configSchema,
  enforcementLevel: "mandatory",
  validate: (policy) =>
    policy.kind === "CiliumClusterwideNetworkPolicy"
      ? []
      : placedRules(policy).flatMap(({ rule, place }) =>
          (["ingress", "egress"] as const).flatMap((direction) => ungoverned(rule, place, direction)),
        ),
});

function ungoverned(rule: Rule, place: string, direction: "ingress" | "egress"): Finding[] {
  const deny = direction === "ingress" ? rule.ingressDeny : rule.egressDeny;
  if ((rule[direction] ?? []).length + (deny ?? []).length === 0) {
    return [
      {
        place,
        problem: `has no ${direction} rule, so all ${direction} is allowed`,
        fix: `list what is allowed under ${direction}; ${direction}: [{}] allows nothing`,
      },
    ];
  }
  if (rule.enableDefaultDeny?.[direction] !== false) return [];
  return [
    {
      place: at(place, `enableDefaultDeny.${direction}`),
      problem: `is false, so ${direction} that no rule allows is allowed all the same`,
      fix: "leave it out once the flows are known; for the time of a roll-out set this rule to advisory",
    },
  ];
}
