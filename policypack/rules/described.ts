import { z } from "zod";
import { placedRules } from "../../cilium/policy/parts.ts";
import { at } from "../../cilium/policy/place.ts";
import { policyRule, ruleConfig } from "../rule.ts";

const configSchema = ruleConfig({
  ownerLabels: z
    .array(z.string().min(1))
    .min(1)
    .default(["app.kubernetes.io/part-of", "owner", "team"])
    .describe("Labels of which the policy needs one"),
});

export const described = policyRule({
  name: "described",
  description:
    "A policy says what it is for and whose it is: whoever meets it in the cluster, or in a dropped flow, has somebody to ask.",
  url: "https://docs.cilium.io/en/stable/security/policy/kubernetes/",
  configSchema,
  enforcementLevel: "advisory",
  validate: (policy, { ownerLabels }) => {
    const labels = policy.metadata.labels ?? {};
    const owned = ownerLabels.some((label) => labels[label]);
    return [
      ...placedRules(policy)
        .filter(({ rule }) => !rule.description)
        .map(({ place }) => ({
          place: at(place, "description"),
          problem: "is missing",
          fix: "say in a sentence what the policy is for",
        })),
      ...(owned
        ? []
        : [
            {
              place: "metadata.labels",
              problem: "name no owner",
              fix: `set one of ${ownerLabels.join(", ")}`,
            },
          ]),
    ];
  },
});
