/** The rules of the pack, a line each. */
export { agentAccepts } from "./agent-accepts.ts";
export { bothEndsOpen } from "./both-ends-open.ts";
export { clusterwideSelectorExcludesCiliumEndpoints } from "./clusterwide-selector-excludes-cilium-endpoints.ts";
export { defaultDenyBothWays } from "./default-deny-both-ways.ts";
export { described } from "./described.ts";
export { dnsBeforeFqdn } from "./dns-before-fqdn.ts";
export { hostnetworkPodsExcluded } from "./hostnetwork-pods-excluded.ts";
export { ingressDenyWorldOnly } from "./ingress-deny-world-only.ts";
export { noIngressDenyOnProbedPods } from "./no-ingress-deny-on-probed-pods.ts";
export { noL7HttpOnTlsPassthrough } from "./no-l7-http-on-tls-passthrough.ts";
export { noSilentNoOps } from "./no-silent-no-ops.ts";
export { noWideOpen } from "./no-wide-open.ts";
export { nodesByEntity } from "./nodes-by-entity.ts";
export { onePolicyPerWorkload } from "./one-policy-per-workload.ts";
