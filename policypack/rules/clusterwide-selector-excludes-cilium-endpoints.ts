import { z } from "zod";
import { placedRules } from "../../cilium/policy/parts.ts";
import { at } from "../../cilium/policy/place.ts";
import { clusterLabel, matches, reservedIdentity, subjectRequirements } from "../../cilium/policy/selector.ts";
import { policyRule, ruleConfig } from "../rule.ts";

const configSchema = ruleConfig({
  cluster: z.string().min(1).optional().describe("Cilium's name of the cluster, for the advice"),
});

export const clusterwideSelectorExcludesCiliumEndpoints = policyRule({
  name: "clusterwide-selector-excludes-cilium-endpoints",
  description:
    "A clusterwide policy selects pods and none of Cilium's own endpoints. One that selects the Gateway's (reserved:ingress) makes Envoy answer its clients with 403, because it enforces policy there too.",
  url: "https://docs.cilium.io/en/stable/security/policy/kubernetes/#clusterwide-policies",
  configSchema,
  declaredBy: ({ settings }) => ({ cluster: settings.clusterName }),
  enforcementLevel: "mandatory",
  validate: (policy, { cluster }) => {
    if (policy.kind === "CiliumNetworkPolicy") return [];
    return placedRules(policy).flatMap(({ rule: { endpointSelector }, place }) => {
      if (!endpointSelector) return [];
      const requirements = subjectRequirements(endpointSelector, undefined);
      const selected = endpoints.filter((name) => matches(requirements, reservedIdentity(name)));
      if (selected.length === 0) return [];
      return [
        {
          place: at(place, "endpointSelector"),
          problem: `selects ${selected.map((name) => `reserved:${name}`).join(" and ")}`,
          fix: `ask for a label that only pods carry, such as matchLabels: {${clusterLabel}: ${cluster ?? "the cluster's name"}}`,
        },
      ];
    });
  },
});

/** Endpoints that Cilium makes for itself, and pods that have no labels yet. */
const endpoints = ["ingress", "health", "init"];
