/** The four kinds that one agent enforces, and how their tiers meet. */
import { ccnp, clusterNetworkPolicy, cnp, type Fact, networkPolicy } from "./fact.ts";

const on = { "enable-k8s-cluster-network-policy": "true" };
const team = (name: string) => ({ namespaceSelector: { matchLabels: { team: name } } });
const isolated = networkPolicy("isolated", {});
const everybody = { namespaces: {} };
const toEverybody = [{ networks: ["0.0.0.0/0"] }, everybody];

export const networkPolicyFacts: readonly Fact[] = [
  {
    says: "isolates the direction that policyTypes names, ingress where it names nothing",
    cases: [
      { flows: { "ops/probe → shop/db 80": "allowed", "shop/db → ops/probe 80": "allowed" } },
      { policies: [isolated], flows: { "ops/probe → shop/db 80": "denied", "shop/db → ops/probe 80": "allowed" } },
      {
        policies: [networkPolicy("out", { policyTypes: ["Egress"] })],
        flows: { "ops/probe → shop/db 80": "allowed", "shop/db → ops/probe 80": "denied" },
      },
    ],
  },
  {
    says: "allows everybody, nodes and the world included, where a rule has no peers",
    cases: [{ ingress: [{}] }, { ingress: [{ from: [] }] }].map((spec) => ({
      policies: [networkPolicy("open", spec)],
      flows: {
        "ops/probe → shop/db 80": "allowed" as const,
        "remote-node → shop/db 80": "allowed" as const,
        "8.8.8.8 → shop/db 80": "allowed" as const,
      },
    })),
  },
  {
    says: "selects namespaces by their labels, and by an empty selector all of them but no nodes",
    cases: [
      {
        policies: [networkPolicy("team", { ingress: [{ from: [team("ops")] }] })],
        flows: { "ops/probe → shop/db 80": "allowed", "shop/web → shop/db 80": "denied" },
      },
      {
        policies: [networkPolicy("namespaces", { ingress: [{ from: [{ namespaceSelector: {} }] }] })],
        flows: {
          "ops/probe → shop/db 80": "allowed",
          "shop/web → shop/db 80": "allowed",
          "remote-node → shop/db 80": "denied",
          "world → shop/db 80": "denied",
        },
      },
      {
        policies: [
          networkPolicy("pods", { ingress: [{ from: [{ podSelector: { matchLabels: { app: "probe" } } }] }] }),
        ],
        flows: { "ops/probe → shop/db 80": "denied" },
      },
    ],
  },
  {
    says: "means the pods of its own cluster, unless policy-default-local-cluster is false",
    cases: (["true", "false"] as const).map((value) => ({
      policies: [networkPolicy("web", { ingress: [{ from: [{ podSelector: { matchLabels: { app: "web" } } }] }] })],
      config: { "policy-default-local-cluster": value },
      flows: {
        "shop/web → shop/db 80": "allowed" as const,
        "shop/west → shop/db 80": value === "true" ? ("denied" as const) : ("allowed" as const),
      },
    })),
  },
  {
    says: "takes a port without a protocol for TCP, and a range to its end",
    cases: [
      {
        policies: [networkPolicy("ports", { ingress: [{ ports: [{ port: 80 }, { port: 8000, endPort: 8010 }] }] })],
        flows: {
          "shop/web → shop/db TCP 80": "allowed",
          "shop/web → shop/db UDP 80": "denied",
          "shop/web → shop/db TCP 8010": "allowed",
          "shop/web → shop/db TCP 8011": "denied",
        },
      },
      {
        policies: [networkPolicy("any", { ingress: [{ from: [{ podSelector: {} }] }] })],
        flows: { "shop/web → shop/db UDP 80": "allowed", "shop/web → shop/db ICMP 8": "allowed" },
      },
    ],
  },
  {
    says: "has ipBlocks that match neither pods nor nodes, nor their exceptions",
    cases: [
      {
        policies: [
          networkPolicy("block", { ingress: [{ from: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["8.8.8.0/24"] } }] }] }),
        ],
        flows: {
          "1.1.1.1 → shop/db 80": "allowed",
          "8.8.8.8 → shop/db 80": "denied",
          "shop/web → shop/db 80": "denied",
          "cp → shop/db 80": "denied",
        },
      },
    ],
  },
  {
    says: "adds up with Cilium's policies: allows join, either isolates, a deny of theirs wins",
    cases: [
      {
        policies: [
          networkPolicy("ops", { ingress: [{ from: [team("ops")] }] }),
          cnp("web", { ingress: [{ fromEndpoints: [{ matchLabels: { app: "web" } }] }] }),
        ],
        flows: {
          "ops/probe → shop/db 80": "allowed",
          "shop/web → shop/db 80": "allowed",
          "world → shop/db 80": "denied",
        },
      },
      {
        policies: [
          networkPolicy("all", { ingress: [{}] }),
          cnp("deny", { ingressDeny: [{ fromEndpoints: [{ matchLabels: { app: "web" } }] }] }),
        ],
        flows: { "ops/probe → shop/db 80": "allowed", "shop/web → shop/db 80": "denied" },
      },
    ],
  },
];

export const clusterNetworkPolicyFacts: readonly Fact[] = [
  {
    says: "is not watched unless it is switched on",
    cases: [
      {
        policies: [clusterNetworkPolicy("deny", "Admin", 1, { ingress: [{ action: "Deny", from: [everybody] }] })],
        ignored: ["enable-k8s-cluster-network-policy"],
        flows: { "shop/web → shop/db 80": "allowed" },
      },
      {
        policies: [clusterNetworkPolicy("deny", "Admin", 1, { ingress: [{ action: "Deny", from: [everybody] }] })],
        config: on,
        flows: { "shop/web → shop/db 80": "denied" },
      },
    ],
  },
  {
    says: "accepts in tier Admin what NetworkPolicies isolate and Cilium's policies deny",
    cases: (["Admin", "Baseline"] as const).map((tier) => ({
      policies: [
        clusterNetworkPolicy("accept", tier, 1, { ingress: [{ action: "Accept", from: [everybody] }] }),
        isolated,
        cnp("deny", { ingressDeny: [{ fromEntities: ["cluster"] }] }),
      ],
      config: on,
      flows: { "shop/web → shop/db 80": tier === "Admin" ? ("allowed" as const) : ("denied" as const) },
    })),
  },
  {
    says: "denies in tier Baseline only what no policy of tier Normal allows",
    cases: [
      {
        policies: [
          clusterNetworkPolicy("deny", "Baseline", 1, { ingress: [{ action: "Deny", from: [everybody] }] }),
          cnp("ops", { ingress: [{ fromEndpoints: [{ matchLabels: { "io.kubernetes.pod.namespace": "ops" } }] }] }),
        ],
        config: on,
        flows: { "ops/probe → shop/db 80": "allowed", "shop/web → shop/db 80": "denied" },
      },
      {
        policies: [clusterNetworkPolicy("deny", "Baseline", 1, { ingress: [{ action: "Deny", from: [everybody] }] })],
        config: on,
        flows: { "ops/probe → shop/db 80": "denied", "world → shop/db 80": "allowed" },
      },
    ],
  },
  {
    says: "accepts in tier Baseline even what NetworkPolicies isolate, for isolation is what no tier decides",
    cases: [true, false].map((accepting) => ({
      policies: [
        isolated,
        ...(accepting
          ? [clusterNetworkPolicy("accept", "Baseline", 1, { ingress: [{ action: "Accept", from: [everybody] }] })]
          : []),
      ],
      config: on,
      flows: { "shop/web → shop/db 80": accepting ? ("allowed" as const) : ("denied" as const) },
    })),
  },
  {
    says: "passes to the next tier, over what is left of its own",
    cases: [
      { pass: true, outcome: "allowed" as const },
      { pass: false, outcome: "denied" as const },
    ].map(({ pass, outcome }) => ({
      policies: [
        ...(pass
          ? [clusterNetworkPolicy("pass", "Admin", 1, { ingress: [{ action: "Pass", from: [everybody] }] })]
          : []),
        clusterNetworkPolicy("deny", "Admin", 2, { ingress: [{ action: "Deny", from: [everybody] }] }),
        cnp("allow", { ingress: [{ fromEndpoints: [{}] }] }),
      ],
      config: on,
      flows: { "shop/web → shop/db 80": outcome, "ops/probe → shop/db 80": "denied" as const },
    })),
  },
  {
    says: "goes by priority, then by the order of its rules",
    cases: [
      {
        policies: [
          clusterNetworkPolicy("late", "Admin", 20, { ingress: [{ action: "Accept", from: [everybody] }] }),
          clusterNetworkPolicy("early", "Admin", 10, {
            ingress: [
              { action: "Accept", from: [everybody], protocols: [{ tcp: { destinationPort: { number: 80 } } }] },
              { action: "Deny", from: [everybody] },
            ],
          }),
        ],
        config: on,
        flows: { "shop/web → shop/db 80": "allowed", "shop/web → shop/db 81": "denied" },
      },
    ],
  },
  {
    says: "never puts into default deny",
    cases: [
      {
        policies: [
          clusterNetworkPolicy("accept", "Admin", 1, {
            ingress: [{ action: "Accept", from: [{ namespaces: { matchLabels: { team: "ops" } } }] }],
          }),
        ],
        config: on,
        flows: { "shop/web → shop/db 80": "allowed", "world → shop/db 80": "allowed" },
      },
    ],
  },
  {
    says: "takes a peer that names nothing for nobody to accept, and for everybody to deny, even where it says Pass",
    cases: [
      { action: "Accept", isolating: [isolated], outcome: "denied" as const },
      { action: "Deny", isolating: [], outcome: "denied" as const },
      { action: "Pass", isolating: [], outcome: "denied" as const },
      { action: "Accept", isolating: [], outcome: "allowed" as const },
    ].map(({ action, isolating, outcome }) => ({
      policies: [clusterNetworkPolicy("nobody", "Admin", 1, { ingress: [{ action, from: [{}] }] }), ...isolating],
      config: on,
      flows: { "shop/web → shop/db 80": outcome, "world → shop/db 80": outcome },
    })),
  },
  {
    says: "accepts domain names at any depth and the look-ups that find them, through the DNS proxy",
    cases: [
      {
        policies: [
          clusterNetworkPolicy("names", "Admin", 1, {
            egress: [
              { action: "Accept", to: [{ domainNames: ["*.example.com"] }] },
              { action: "Deny", to: toEverybody },
            ],
          }),
        ],
        config: on,
        flows: {
          "shop/web → deep.api.example.com 443": "allowed",
          "shop/web → example.com 443": "denied",
          "shop/web → kube-system/dns UDP 53": "dns",
          "shop/web → kube-system/dns UDP 54": "denied",
        },
      },
      {
        policies: [
          clusterNetworkPolicy("deny", "Admin", 1, {
            egress: [{ action: "Deny", to: [{ domainNames: ["*.example.com"] }] }],
          }),
        ],
        config: on,
        refused: [/only supported for egress.action=Accept/],
        flows: { "shop/web → deep.api.example.com 443": "allowed" },
      },
      {
        policies: [
          clusterNetworkPolicy("names", "Admin", 1, {
            egress: [{ action: "Accept", to: [{ domainNames: ["*.example.com"] }] }],
          }),
        ],
        config: { ...on, "enable-l7-proxy": "false" },
        refused: [/L7 proxy is disabled/],
        flows: { "shop/web → kube-system/dns UDP 53": "allowed" },
      },
    ],
  },
  {
    says: "names nodes only with enable-node-selector-labels",
    cases: (["false", "true"] as const).map((value) => ({
      policies: [
        clusterNetworkPolicy("nodes", "Admin", 1, {
          egress: [{ action: "Deny", to: [{ nodes: { matchLabels: { role: "control" } } }] }],
        }),
      ],
      config: { ...on, "enable-node-selector-labels": value },
      ...(value === "true" ? {} : { refused: [/node selector labels are disabled/] }),
      flows: {
        "shop/web → cp 6443": value === "true" ? ("denied" as const) : ("allowed" as const),
        "shop/web → edge 6443": "allowed" as const,
      },
    })),
  },
];

export const switchFacts: readonly Fact[] = [
  { key: "enable-k8s-networkpolicy", policy: isolated },
  { key: "enable-cilium-network-policy", policy: cnp("isolated", { ingress: [{}] }) },
  {
    key: "enable-cilium-clusterwide-network-policy",
    policy: ccnp("isolated", { endpointSelector: {}, ingress: [{}] }),
  },
].map(({ key, policy }) => ({
  says: `${key} is on unless it says otherwise`,
  cases: [
    { policies: [policy], flows: { "shop/web → shop/db 80": "denied" as const } },
    {
      policies: [policy],
      config: { [key]: "false" },
      ignored: [key],
      flows: { "shop/web → shop/db 80": "allowed" as const },
    },
  ],
}));
