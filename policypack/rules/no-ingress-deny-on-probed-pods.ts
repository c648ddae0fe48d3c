import { z } from "zod";
import { workloads } from "../../cilium/model/cluster.ts";
import { placedRules } from "../../cilium/policy/parts.ts";
import { at } from "../../cilium/policy/place.ts";
import { policyRule, ruleConfig } from "../rule.ts";
import { declaredPods, describeWorkload, subjectSelects, workload } from "../workloads.ts";

const configSchema = ruleConfig({
  workloads: z.array(workload).default([]).describe("Workloads whose pods the kubelet probes"),
});

export const noIngressDenyOnProbedPods = policyRule({
  name: "no-ingress-deny-on-probed-pods",
  description:
    "Pods that the kubelet probes are closed by allow rules alone. A deny rule that covers their node breaks the probes whatever the allow rules say; an ingress rule denies by itself what it does not allow.",
  url: "https://docs.cilium.io/en/stable/security/policy/deny/",
  configSchema,
  declaredBy: (cluster) => ({
    workloads: workloads(cluster)
      .filter(({ probes }) => probes.length > 0)
      .flatMap(declaredPods),
  }),
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
});
