/** For each mandatory rule of the policy pack a stack with one fault: the last resource is at fault, the others are not. */
import { clusterwideWith, policyWith, tcp } from "../policypack/cases.ts";
import type { Registered } from "../policypack/registration.ts";

const dns = clusterwideWith({});
const egressTo = (app: string) => [{ toEndpoints: [{ matchLabels: { app } }], toPorts: tcp("8080") }];
const ofApp = (app: string) => ({ endpointSelector: { matchLabels: { app } } });

export const plantedFaults: Readonly<Record<string, readonly Registered[]>> = {
  "no-l7-http-on-tls-passthrough": [
    policyWith({
      ingress: [
        {
          fromEntities: ["ingress"],
          toPorts: [{ ports: [{ port: "8443", protocol: "TCP" }], rules: { http: [{}] } }],
        },
      ],
    }),
  ],
  "ingress-deny-world-only": [policyWith({ ingressDeny: [{ fromEntities: ["cluster"] }] })],
  "no-ingress-deny-on-probed-pods": [policyWith({ ...ofApp("probed"), ingressDeny: [{ fromEntities: ["world"] }] })],
  "clusterwide-selector-excludes-cilium-endpoints": [clusterwideWith({ endpointSelector: {} })],
  "hostnetwork-pods-excluded": [policyWith(ofApp("on-nodes"))],
  "agent-accepts": [
    policyWith({
      egress: [{ toEntities: ["host"], toEndpoints: [{ matchLabels: { app: "x" } }], toPorts: tcp("80") }],
    }),
  ],
  "no-silent-no-ops": [policyWith({ endpointSelector: { matchLabels: { "pod-template-hash": "5d4f8" } } })],
  "nodes-by-entity": [policyWith({ egress: [{ toCIDR: ["192.168.0.5/32"], toPorts: tcp("50000") }] })],
  "default-deny-both-ways": [policyWith({ ingress: undefined })],
  "dns-before-fqdn": [policyWith({ egress: [{ toFQDNs: [{ matchName: "a.example.com" }], toPorts: tcp("443") }] })],
  "both-ends-open": [
    policyWith({ ingress: [{}] }),
    policyWith({ ...ofApp("client"), egress: egressTo("web") }, { name: "client" }),
  ],
  "one-policy-per-workload": [policyWith({}), policyWith({}, { name: "web-again" })],
  "no-wide-open": [dns, policyWith({ egress: [{ toEntities: ["all"], toPorts: tcp("80") }] })],
};

const labelled = (app: string) => ({ namespace: "shop", labels: { app } });

/** What the pack has to know for them. */
export const packConfig = {
  "nodes-by-entity": { nodeRanges: ["192.168.0.0/28"] },
  "no-l7-http-on-tls-passthrough": { workloads: [{ ...labelled("web"), ports: ["8443"] }] },
  "no-ingress-deny-on-probed-pods": { workloads: [labelled("probed")] },
  "hostnetwork-pods-excluded": { workloads: [labelled("on-nodes")] },
};
