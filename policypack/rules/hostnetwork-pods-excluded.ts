import { z } from "zod";
import { placedRules } from "../../cilium/policy/parts.ts";
import { at } from "../../cilium/policy/place.ts";
import type { LabelSelector } from "../../cilium/policy/schema.ts";
import { selectorRequirements } from "../../cilium/policy/selector.ts";
import { policyRule, ruleConfig } from "../rule.ts";
import { type DeclaredPods, describeWorkload, subjectSelects, workload } from "../workloads.ts";

const configSchema = ruleConfig({
  workloads: z.array(workload).default([]).describe("Workloads with hostNetwork: true"),
});

export const hostnetworkPodsExcluded = policyRule({
  name: "hostnetwork-pods-excluded",
  description:
    "No policy is written for pods with hostNetwork: true. They have their node's identity, no selector reaches them, and the policy protects nothing.",
  url: "https://docs.cilium.io/en/stable/security/policy/host/",
  configSchema,
  declaredBy: ({ namespaces }) => ({
    workloads: namespaces.flatMap(({ hostNetwork }) =>
      hostNetwork.flatMap(({ namespace, labels }) => (labels === undefined ? [] : [{ namespace, labels }])),
    ),
  }),
  enforcementLevel: "mandatory",
  validate: (policy, { workloads }) =>
    placedRules(policy).flatMap(({ rule, place }) =>
      workloads
        .filter((workload) => subjectSelects(policy, rule, workload) && asksFor(rule.endpointSelector, workload))
        .map((workload) => ({
          place: at(place, "endpointSelector"),
          problem: `is meant for ${describeWorkload(workload)}, which runs in its node's network`,
          fix: "leave the policy out; peers name such pods by entity (host, remote-node, kube-apiserver)",
        })),
    ),
});

/** A policy for all pods of a namespace or of the cluster is not meant for this workload in particular. */
const asksFor = (selector: LabelSelector | null | undefined, { labels }: DeclaredPods): boolean =>
  selectorRequirements(selector ?? {}).some(({ key, operator }) => operator !== "DoesNotExist" && key in labels);
