import { z } from "zod";
import { placedRules } from "../../cilium/policy/parts.ts";
import { each } from "../../cilium/policy/place.ts";
import type { CiliumPolicy, Rule } from "../../cilium/policy/schema.ts";
import { type Finding, policyRule, ruleConfig } from "../rule.ts";
import { conflictFindings } from "./no-silent-no-ops/conflicts.ts";
import { emptyListFindings } from "./no-silent-no-ops/empty-lists.ts";
import { portFindings } from "./no-silent-no-ops/ports.ts";
import { selectorFindings, subjectFindings } from "./no-silent-no-ops/selectors.ts";

const configSchema = ruleConfig({
  cluster: z.string().min(1).optional().describe("Cilium's name of the cluster"),
});

export const noSilentNoOps = policyRule({
  name: "no-silent-no-ops",
  description:
    "Everything in a policy has an effect, and the one it seems to have. What Cilium takes and then ignores is the fault that nobody notices.",
  url: "https://docs.cilium.io/en/stable/security/policy/kubernetes/#known-pitfalls",
  configSchema,
  declaredBy: ({ settings }) => ({ cluster: settings.clusterName }),
  enforcementLevel: "mandatory",
  validate: (policy, { cluster }) => [
    ...specsFindings(policy),
    ...annotationFindings(policy),
    ...conflictFindings(policy),
    ...placedRules(policy).flatMap(({ rule, place }) => [
      ...emptyListFindings(rule, place),
      ...subjectFindings(policy, rule, place, cluster),
      ...peerSelectorFindings(rule, place),
      ...portFindings(rule, place),
    ]),
  ],
});

const specsFindings = (policy: CiliumPolicy): Finding[] =>
  policy.specs == null
    ? []
    : [
        {
          place: "specs",
          problem: "several rules in one policy are easily taken for one",
          fix: "write spec, and another policy for each other subject",
        },
      ];

/** Cilium reads no annotation of a policy. */
const annotationFindings = (policy: CiliumPolicy): Finding[] =>
  Object.keys(policy.metadata.annotations ?? {})
    .filter((key) => /^([^/]+\.)?cilium\.io\/|^io\.cilium[./]/.test(key))
    .map((key) => ({
      place: "metadata.annotations",
      problem: `${key} is nothing that Cilium reads from a policy`,
      fix: "remove it, or use a key of your own domain",
    }));

const peerSelectorFindings = (rule: Rule, place: string): Finding[] => [
  ...(["ingress", "ingressDeny"] as const).flatMap((list) =>
    each<NonNullable<Rule[typeof list]>[number], Finding>(rule[list], place, list, (item, place) =>
      each(item.fromEndpoints, place, "fromEndpoints", selectorFindings),
    ),
  ),
  ...(["egress", "egressDeny"] as const).flatMap((list) =>
    each<NonNullable<Rule[typeof list]>[number], Finding>(rule[list], place, list, (item, place) =>
      each(item.toEndpoints, place, "toEndpoints", selectorFindings),
    ),
  ),
];
