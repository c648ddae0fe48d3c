import { policyName } from "../../cilium/policy/parts.ts";
import { ruleConfig, stackRule } from "../rule.ts";

const configSchema = ruleConfig({});

export const onePolicyPerWorkload = stackRule({
  name: "one-policy-per-workload",
  description:
    "Each workload has one namespaced policy, and each policy its own name. Rules of several policies add up, so reading one of them tells nothing; of two with one name the last writer wins.",
  url: "https://docs.cilium.io/en/stable/security/policy/intro/#rule-basics",
  configSchema,
  enforcementLevel: "mandatory",
  validateStack: (policy, stack) => {
    const namesakes = stack.namesakes(policy).filter((other) => other !== policy);
    const twice =
      namesakes.length === 0
        ? []
        : [
            {
              place: "metadata.name",
              problem: `is the name of ${namesakes.length === 1 ? "another policy" : `${namesakes.length} other policies`} of the stack`,
              fix: "give each policy a name of its own",
            },
          ];
    if (policy.kind === "CiliumClusterwideNetworkPolicy") return twice;
    const others = new Set(
      stack
        .workloadsOf(policy)
        .flatMap(({ pod }) => [
          ...stack.subjectsOf(pod),
          ...stack.workloadsSelectedBySubjectsOf(policy).map((workload) => workload.policy),
        ]),
    );
    others.delete(policy);
    return [
      ...twice,
      ...[...others]
        .filter((other) => !namesakes.includes(other))
        .map((other) => ({
          place: "endpointSelector",
          problem: `selects pods that ${policyName(other)} selects too`,
          fix: "merge the policies, or tell their pods apart with another label (DoesNotExist for a catch-all)",
        })),
    ];
  },
});
