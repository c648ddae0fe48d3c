import assert from "node:assert/strict";
import type { PackConfig } from "../../policypack/config.ts";
import { clusterwideWith, manifestWith, policyWith, tcp } from "./cases.ts";
import { type Registered, register } from "./registration.ts";

const pods = [{ matchLabels: { app: "x" } }];

/** A DNS rule for every pod that lets the names of a pattern through. */
const resolving = (matchPattern: string) =>
  clusterwideWith({
    egress: [{ toEndpoints: pods, toPorts: [{ ports: [{ port: "53" }], rules: { dns: [{ matchPattern }] } }] }],
  });
const dns = clusterwideWith({});
const http = { http: [{}] };
const port = (ports: object) => [{ toEndpoints: pods, toPorts: [{ ports: [ports] }] }];

/** What Cilium takes in another way than it reads, and the rules that say so. */
const traps: [trap: string, rules: string[], resources: Registered[], config?: PackConfig][] = [
  ["ingress: [] counts as absent", ["no-silent-no-ops", "default-deny-both-ways"], [policyWith({ ingress: [] })]],
  [
    "a policy of empty lists is stored and refused by the agent",
    ["agent-accepts", "no-silent-no-ops", "default-deny-both-ways"],
    [policyWith({ ingress: [], egress: [] })],
  ],
  [
    "a deny rule for world alone closes ingress, which is meant",
    [],
    [policyWith({ ingress: undefined, ingressDeny: [{ fromEntities: ["world"] }] })],
  ],
  [
    "a deny rule that covers host breaks probes",
    ["ingress-deny-world-only"],
    [policyWith({ ingressDeny: [{ fromEntities: ["cluster"] }] })],
  ],
  [
    "a subject in another namespace selects nothing",
    ["no-silent-no-ops"],
    [policyWith({ endpointSelector: { matchLabels: { "io.kubernetes.pod.namespace": "other" } } })],
  ],
  [
    "a cluster's wrong name selects nothing",
    ["no-silent-no-ops"],
    [clusterwideWith({ endpointSelector: { matchLabels: { "io.cilium.k8s.policy.cluster": "east" } } })],
    { "no-silent-no-ops": { cluster: "default" } },
  ],
  [
    "a clusterwide {} catches the Gateway",
    ["clusterwide-selector-excludes-cilium-endpoints"],
    [clusterwideWith({ endpointSelector: {} })],
  ],
  [
    "a CIDR never matches a node",
    ["nodes-by-entity"],
    [policyWith({ egress: [{ toCIDR: ["10.0.0.7/32"], toPorts: tcp("50000") }] })],
    { "nodes-by-entity": { nodeRanges: ["10.0.0.0/24"] } },
  ],
  [
    "0.0.0.0/0 covers neither nodes nor pods, and everything else",
    ["no-wide-open"],
    [policyWith({ egress: [{ toCIDR: ["0.0.0.0/0"], toPorts: tcp("443") }] })],
  ],
  ...[
    "pod-template-hash",
    "controller-revision-hash",
    "statefulset.kubernetes.io/pod-name",
    "kubernetes.io/os",
    "k8s.io/x",
    "node.beta.kubernetes.io/x",
    "batch.kubernetes.io/job-completion-index",
  ].map((label): [string, string[], Registered[]] => [
    `Cilium strips ${label}`,
    ["no-silent-no-ops"],
    [policyWith({ endpointSelector: { matchLabels: { [label]: "x" } } })],
  ]),
  ...[
    "app.kubernetes.io/name",
    "batch.kubernetes.io/job-name",
    "cnpg.io/cluster",
    "workflows.argoproj.io/workflow",
  ].map((label): [string, string[], Registered[]] => [
    `Cilium keeps ${label}`,
    [],
    [policyWith({ endpointSelector: { matchLabels: { [label]: "x" } } })],
  ]),
  [
    "*.example.com does not match example.com",
    ["dns-before-fqdn"],
    [
      resolving("*.example.com"),
      policyWith({ egress: [{ toFQDNs: [{ matchName: "example.com" }], toPorts: tcp("443") }] }),
    ],
  ],
  [
    "**.example.com matches any depth",
    [],
    [
      resolving("**.example.com"),
      policyWith({ egress: [{ toFQDNs: [{ matchName: "a.b.example.com" }], toPorts: tcp("443") }] }),
    ],
  ],
  [
    "toFQDNs without a DNS rule never matches",
    ["dns-before-fqdn"],
    [policyWith({ egress: [{ toFQDNs: [{ matchName: "a.example.com" }], toPorts: tcp("443") }] })],
  ],
  [
    "rules.http: [] does not parse",
    ["no-silent-no-ops"],
    [policyWith({ ingress: [{ fromEndpoints: pods, toPorts: [{ ...tcp("80")[0], rules: { http: [] } }] }] })],
  ],
  [
    "rules.http: [{}] parses",
    [],
    [policyWith({ ingress: [{ fromEndpoints: pods, toPorts: [{ ...tcp("80")[0], rules: http }] }] })],
  ],
  [
    "HTTP rules break TLS passthrough",
    ["no-l7-http-on-tls-passthrough"],
    [
      policyWith(
        {
          endpointSelector: { matchLabels: { "app.kubernetes.io/name": "argocd-server" } },
          ingress: [{ fromEntities: ["ingress"], toPorts: [{ ...tcp("8080")[0], rules: http }] }],
        },
        { namespace: "argocd" },
      ),
    ],
    {
      "no-l7-http-on-tls-passthrough": {
        workloads: [{ namespace: "argocd", labels: { "app.kubernetes.io/name": "argocd-server" }, ports: ["8080"] }],
      },
    },
  ],
  [
    "two kinds of peers in a rule are refused by the agent",
    ["agent-accepts"],
    [
      dns,
      policyWith({ egress: [{ toFQDNs: [{ matchName: "a.example.com" }], toEndpoints: pods, toPorts: tcp("443") }] }),
    ],
  ],
  [
    "HTTP rules on port 0 are refused by the agent",
    ["agent-accepts", "no-wide-open"],
    [policyWith({ ingress: [{ fromEndpoints: pods, toPorts: [{ ...tcp("0")[0], rules: http }] }] })],
  ],
  [
    "HTTP rules on UDP are refused by the agent",
    ["agent-accepts"],
    [
      policyWith({
        ingress: [{ fromEndpoints: pods, toPorts: [{ ports: [{ port: "80", protocol: "UDP" }], rules: http }] }],
      }),
    ],
  ],
  [
    "DNS rules on ingress are refused by the agent",
    ["agent-accepts"],
    [
      policyWith({
        ingress: [
          { fromEndpoints: pods, toPorts: [{ ports: [{ port: "53" }], rules: { dns: [{ matchPattern: "*" }] } }] },
        ],
      }),
    ],
  ],
  [
    "a range as one string is refused by the agent",
    ["agent-accepts"],
    [policyWith({ egress: port({ port: "8000-8100" }) })],
  ],
  ["a port above 65535 is refused by the agent", ["agent-accepts"], [policyWith({ egress: port({ port: "70000" }) })]],
  [
    "more than 40 denied ports are refused by the agent",
    ["agent-accepts"],
    [
      policyWith({
        egressDeny: [
          { toEndpoints: pods, toPorts: [{ ports: Array.from({ length: 41 }, (_, i) => ({ port: `${i + 1}` })) }] },
        ],
      }),
    ],
  ],
  [
    "an exception outside its CIDR is refused by the agent",
    ["agent-accepts"],
    [
      policyWith({
        egress: [{ toCIDRSet: [{ cidr: "192.0.2.0/24", except: ["198.51.100.0/24"] }], toPorts: tcp("80") }],
      }),
    ],
  ],
  [
    "ICMP beside ports is refused by the agent",
    ["agent-accepts"],
    [policyWith({ egress: [{ toEndpoints: pods, icmps: [{ fields: [{ type: 8 }] }], toPorts: tcp("80") }] })],
  ],
  [
    "a bad regular expression is refused by the agent",
    ["agent-accepts"],
    [
      policyWith({
        ingress: [{ fromEndpoints: pods, toPorts: [{ ...tcp("80")[0], rules: { http: [{ method: "(" }] } }] }],
      }),
    ],
  ],
  [
    "In without values is refused by the agent",
    ["agent-accepts"],
    [policyWith({ endpointSelector: { matchExpressions: [{ key: "app", operator: "In" }] } })],
  ],
  [
    "toNodes needs a flag of the agent",
    ["agent-accepts"],
    [policyWith({ egress: [{ toNodes: [{}], toPorts: tcp("80") }] })],
  ],
  [
    "a port name with a CIDR never matches",
    ["no-silent-no-ops"],
    [policyWith({ egress: [{ toCIDR: ["192.0.2.0/24"], toPorts: tcp("https") }] })],
  ],
  [
    "endPort below port is no range",
    ["no-silent-no-ops"],
    [policyWith({ egress: port({ port: "8100", endPort: 8000 }) })],
  ],
  [
    "specs is no list of policies",
    ["no-silent-no-ops"],
    [manifestWith("specs", [{ endpointSelector: {}, description: "all", ingress: [{}], egress: [{}] }])],
  ],
  [
    "two kinds of L7 rules on one port leave the old policy",
    ["no-silent-no-ops"],
    [
      policyWith({
        egress: [
          { toEndpoints: pods, toPorts: [{ ...tcp("53")[0], rules: http }] },
          { toEndpoints: pods, toPorts: [{ ...tcp("53")[0], rules: { dns: [{ matchPattern: "*" }] } }] },
        ],
      }),
    ],
  ],
];

describe("The traps of Cilium's policies, and the pack:", () => {
  for (const [trap, rules, resources, config] of traps) {
    it(`${trap} (${rules.join(", ") || "nothing to object to"})`, () => {
      const violated = register(resources, config).map(({ rule }) => rule);
      assert.deepEqual([...new Set(violated)].sort(), rules.toSorted());
    });
  }
});
