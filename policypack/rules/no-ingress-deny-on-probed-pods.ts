import { z } from "zod";
import { placedRules } from "../../cilium/policy/parts.ts";
import { at } from "../../cilium/policy/place.ts";
import { probed, workload } from "../cluster.ts";
import { type PolicyRule, ruleConfig } from "../rule.ts";
import { describeWorkload, subjectSelects } from "../workloads.ts";

const configSchema = ruleConfig({
  workloads: z
    .array(workload)
    .default([...probed])
    .describe("Workloads whose pods the kubelet probes"),
});

export const noIngressDenyOnProbedPods: PolicyRule<z.infer<typeof configSchema>> = {
  name: "no-ingress-deny-on-probed-pods",
  description:
    "Pods that the kubelet probes are closed by allow rules alone. A deny rule that covers their node breaks the probes whatever the allow rules say; an ingress rule denies by itself what it does not allow.",
  url: "https://docs.cilium.io/en/stable/security/policy/deny/",
  configSchema,
  enforcementLevel: "mandatory",
  validate: (policy, { workloads }) =>
    placedRules(policy)
      .filter(({ rule }) => (rule.ingressDeny ?? []).length > 0)
      .flatMap(({ rule, place }) =>
        workloads
          .filter((workload) => subjectSelects(policy, rule, workload))
          .map((workload) => ({
            place: at(place, "ingressDeny"),
            problem: `denies ingress of ${describeWorkload(workload)}, which the kubelet probes`,
            fix: "list in ingress who may enter ([{}] for nobody) and leave ingressDeny out",
          })),
      ),
};
