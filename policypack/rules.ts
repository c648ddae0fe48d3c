/** The rules of the pack, in the order in which Pulumi runs them. */
import type { Policies } from "@pulumi/policy";
import { policyRule, stackRule } from "./rule.ts";
import { agentAccepts } from "./rules/agent-accepts.ts";
import { bothEndsOpen } from "./rules/both-ends-open.ts";
import { clusterwideSelectorExcludesCiliumEndpoints } from "./rules/clusterwide-selector-excludes-cilium-endpoints.ts";
import { defaultDenyBothWays } from "./rules/default-deny-both-ways.ts";
import { described } from "./rules/described.ts";
import { dnsBeforeFqdn } from "./rules/dns-before-fqdn.ts";
import { exemptions } from "./rules/exemptions.ts";
import { hostnetworkPodsExcluded } from "./rules/hostnetwork-pods-excluded.ts";
import { ingressDenyWorldOnly } from "./rules/ingress-deny-world-only.ts";
import { noIngressDenyOnProbedPods } from "./rules/no-ingress-deny-on-probed-pods.ts";
import { noL7HttpOnTlsPassthrough } from "./rules/no-l7-http-on-tls-passthrough.ts";
import { noSilentNoOps } from "./rules/no-silent-no-ops.ts";
import { noWideOpen } from "./rules/no-wide-open.ts";
import { nodesByEntity } from "./rules/nodes-by-entity.ts";
import { onePolicyPerWorkload } from "./rules/one-policy-per-workload.ts";
import { Run } from "./run.ts";

/** Fresh rules: some remember what they have seen, for one run of Pulumi. */
export function createRules(): Policies {
  const run = new Run();
  return [
    stackRule(noL7HttpOnTlsPassthrough, run),
    policyRule(ingressDenyWorldOnly, run),
    policyRule(noIngressDenyOnProbedPods, run),
    policyRule(clusterwideSelectorExcludesCiliumEndpoints, run),
    policyRule(hostnetworkPodsExcluded, run),
    policyRule(agentAccepts, run),
    policyRule(noSilentNoOps, run),
    policyRule(nodesByEntity, run),
    policyRule(defaultDenyBothWays, run),
    stackRule(dnsBeforeFqdn, run),
    stackRule(bothEndsOpen, run),
    stackRule(onePolicyPerWorkload, run),
    policyRule(noWideOpen, run),
    policyRule(described, run),
    exemptions(run.exemptions),
  ];
}
