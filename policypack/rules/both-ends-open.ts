import { z } from "zod";
import { policyName } from "../../cilium/policy/parts.ts";
import type { Refusal } from "../../cilium/prove/half-open.ts";
import { ruleConfig, stackRule } from "../rule.ts";
import { halfOpenFlows } from "../stack/flows.ts";

const configSchema = ruleConfig({
  cluster: z
    .string()
    .min(1)
    .optional()
    .describe("Cilium's name of the cluster; if not given, the one that policies ask for"),
});

export const bothEndsOpen = stackRule({
  name: "both-ends-open",
  description:
    "A flow between two workloads that have policies is allowed at both ends. What only one end allows is dropped at the other.",
  url: "https://docs.cilium.io/en/stable/security/policy/intro/#rule-basics",
  configSchema,
  declaredBy: ({ settings }) => ({ cluster: settings.clusterName }),
  enforcementLevel: "mandatory",
  validateStack: (policy, stack, { cluster }) =>
    halfOpenFlows(policy, stack, cluster ?? stack.cluster).map(({ opened, ports, closed, refusal }) => {
      const end = opened.direction === "egress" ? "ingress" : "egress";
      const peer = policyName(closed);
      const between = betweenText(refusal);
      return opened.by === policyName(policy)
        ? {
            place: opened.place,
            problem: `opens ${ports} for ${peer}, whose ${end} is closed for it${between}`,
            fix: `allow it in the ${end} of ${peer} too, or take it out here; a clusterwide policy that allows it has to come first (dependsOn)`,
          }
        : {
            place: end,
            problem: `is closed for ${ports}, which ${opened.by} ${opened.place} opens${between}`,
            fix: `allow it in ${end} here too, or take it out there; a clusterwide policy that allows it has to come first (dependsOn)`,
          };
    }),
});

/** Of the pods that could exist, those that are refused, if they are not all. */
const betweenText = ({ between: { source, destination } }: Refusal): string =>
  [source && `, from ${source}`, destination && `, to ${destination}`].filter(Boolean).join("");
