import { invalidities } from "../../cilium/policy/validity.ts";
import { policyRule, ruleConfig } from "../rule.ts";

const configSchema = ruleConfig({});

export const agentAccepts = policyRule({
  name: "agent-accepts",
  description:
    "Cilium's agent takes the policy. The API server stores policies that the agent refuses; nothing of such a policy is enforced, and only its status says so.",
  url: "https://docs.cilium.io/en/stable/security/policy/",
  configSchema,
  enforcementLevel: "mandatory",
  validate: (policy) =>
    invalidities(policy).map(({ place, value, reason, fix }) => ({
      place,
      problem: `the agent refuses ${value}: ${reason}`,
      fix,
    })),
});
