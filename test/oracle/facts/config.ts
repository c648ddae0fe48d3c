/** The keys of cilium-config that change verdicts. */
import { type Case, ccnp, clusterNetworkPolicy, cnp, type Fact } from "./fact.ts";

/** The same flows and policies under several values of a key; undefined leaves it out. */
const under = (key: string, each: Case, values: readonly (readonly [string | undefined, Case])[]): Case[] =>
  values.map(([value, own]) => ({ ...each, ...own, config: value === undefined ? {} : { [key]: value } }));

const fromWeb = { fromEndpoints: [{ matchLabels: { app: "web" } }] };
const onPort = (protocol: string, port = "0") => ({ toPorts: [{ ports: [{ port, protocol }] }] });

export const configFacts: readonly Fact[] = [
  {
    says: "enable-policy: always closes what no policy selects, even to its own node; never enforces nothing",
    cases: [
      ...under("enable-policy", {}, [
        [undefined, { flows: { "shop/web → shop/db 80": "allowed", "host → shop/db 80": "allowed" } }],
        ["always", { flows: { "shop/web → shop/db 80": "denied", "host → shop/db 80": "denied" } }],
        ["Always", { flows: { "shop/web → shop/db 80": "denied" } }],
      ]),
      ...under("enable-policy", { policies: [cnp("deny", { ingressDeny: [{ fromEntities: ["all"] }] })] }, [
        ["default", { flows: { "shop/web → shop/db 80": "denied" } }],
        ["never", { flows: { "shop/web → shop/db 80": "allowed" } }],
      ]),
    ],
  },
  {
    says: "policy-cidr-match-mode: CIDRs match nodes or pods only where it names them, separated by spaces",
    cases: under(
      "policy-cidr-match-mode",
      { policies: [cnp("cidr", { ingress: [{ fromCIDR: ["10.0.0.0/8", "192.168.1.1/32"] }] })] },
      [
        [undefined, { flows: { "cp → shop/db 80": "denied", "shop/web → shop/db 80": "denied" } }],
        ["nodes", { flows: { "cp → shop/db 80": "allowed", "shop/web → shop/db 80": "denied" } }],
        ["pods", { flows: { "cp → shop/db 80": "denied", "shop/web → shop/db 80": "allowed" } }],
        ["nodes pods", { flows: { "cp → shop/db 80": "allowed", "10.0.0.1 → shop/db 80": "allowed" } }],
        ["nodes,pods", { invalidConfig: /unknown CIDR match mode/ }],
      ],
    ),
  },
  {
    says: "policy-cidr-match-mode: nodes includes a pod's own node",
    cases: ["", "nodes"].map((mode) => ({
      policies: [cnp("cidr", { ingress: [{ fromCIDR: ["192.168.1.2/32"] }] })],
      config: { "policy-cidr-match-mode": mode, "allow-localhost": "policy" },
      flows: { "edge → shop/db 80": mode === "" ? ("denied" as const) : ("allowed" as const) },
    })),
  },
  {
    says: "enable-host-firewall: nodes have egress policies too, and what they reach may still refuse them",
    cases: under(
      "enable-host-firewall",
      {
        policies: [
          ccnp("nodes", { nodeSelector: {}, egress: [{ toEntities: ["remote-node"] }, { toCIDR: ["8.8.8.8/32"] }] }),
          ccnp("isolated", { nodeSelector: { matchLabels: { role: "control" } }, ingress: [{}] }),
        ],
      },
      [
        [undefined, { flows: { "edge → 1.1.1.1 443": "allowed", "edge → cp 6443": "allowed" } }],
        [
          "true",
          {
            flows: {
              "edge → 1.1.1.1 443": "denied",
              "edge → 8.8.8.8 443": "allowed",
              "edge → shop/db 80": "denied",
              "edge → cp 6443": "denied",
              "cp → edge 6443": "allowed",
            },
          },
        ],
      ],
    ),
  },
  {
    says: "enable-host-firewall: policies with a nodeSelector are enforced at the nodes that it selects",
    cases: under(
      "enable-host-firewall",
      { policies: [ccnp("edge", { nodeSelector: { matchLabels: { role: "edge" } }, ingress: [fromWeb] })] },
      [
        [undefined, { flows: { "shop/db → edge 22": "allowed", "world → edge 22": "allowed" } }],
        [
          "true",
          {
            flows: {
              "shop/db → edge 22": "denied",
              "shop/web → edge 22": "allowed",
              "8.8.8.8 → 192.168.1.2 22": "denied",
              "cp → edge 22": "denied",
              "shop/db → cp 22": "allowed",
              "shop/db → host 22": "allowed",
            },
          },
        ],
      ],
    ),
  },
  {
    says: "enable-node-selector-labels: fromNodes is accepted, and nodes carry their labels",
    cases: under(
      "enable-node-selector-labels",
      { policies: [cnp("nodes", { ingress: [{ fromNodes: [{ matchLabels: { role: "control" } }] }] })] },
      [
        [undefined, { refused: [/enable-node-selector-labels/], flows: { "8.8.8.8 → shop/db 80": "allowed" } }],
        ["true", { flows: { "cp → shop/db 80": "allowed", "8.8.8.8 → shop/db 80": "denied" } }],
      ],
    ),
  },
  {
    says: "enable-node-selector-labels: toNodes never means a pod's own node, a ClusterNetworkPolicy's nodes do",
    cases: [
      {
        policies: [
          cnp("nodes", { egress: [{ toNodes: [{ matchExpressions: [{ key: "role", operator: "Exists" }] }] }] }),
        ],
        config: { "enable-node-selector-labels": "true" },
        flows: { "shop/web → edge 22": "denied", "shop/web → cp 22": "allowed" },
      },
      {
        policies: [
          clusterNetworkPolicy("nodes", "Admin", 1, {
            egress: [
              { action: "Accept", to: [{ nodes: { matchExpressions: [{ key: "role", operator: "Exists" }] } }] },
            ],
          }),
          cnp("isolated", { egress: [{}] }),
        ],
        config: { "enable-node-selector-labels": "true", "enable-k8s-cluster-network-policy": "true" },
        flows: { "shop/web → edge 22": "allowed", "shop/web → cp 22": "allowed", "shop/web → shop/db 22": "denied" },
      },
    ],
  },
  {
    says: "allow-localhost: a pod's own node needs a rule only where it says policy",
    cases: under("allow-localhost", { policies: [cnp("isolated", { ingress: [{}] })] }, [
      [undefined, { flows: { "host → shop/db 80": "allowed", "edge → shop/db 80": "allowed" } }],
      ["always", { flows: { "host → shop/db 80": "allowed" } }],
      ["policy", { flows: { "host → shop/db 80": "denied", "edge → shop/db 80": "denied" } }],
      ["never", { invalidConfig: /allow-localhost/ }],
    ]),
  },
  {
    says: "policy-default-local-cluster: selectors without a cluster mean this one, unless it is false",
    cases: under("policy-default-local-cluster", { policies: [cnp("web", { ingress: [fromWeb] })] }, [
      [undefined, { flows: { "shop/west → shop/db 80": "denied", "shop/web → shop/db 80": "allowed" } }],
      ["false", { flows: { "shop/west → shop/db 80": "allowed", "shop/web → shop/db 80": "allowed" } }],
    ]),
  },
  {
    says: "enable-non-default-deny-policies: where it is false, enableDefaultDeny: false counts for nothing",
    cases: under(
      "enable-non-default-deny-policies",
      { policies: [cnp("observe", { ingress: [fromWeb], enableDefaultDeny: { ingress: false } })] },
      [
        [undefined, { flows: { "ops/probe → shop/db 80": "allowed" } }],
        ["false", { flows: { "ops/probe → shop/db 80": "denied" } }],
      ],
    ),
  },
  {
    says: "enable-ipv6: with both families the world carries the labels of each, with one its own",
    cases: under(
      "enable-ipv6",
      { policies: [cnp("v4", { ingress: [{ fromEndpoints: [{ matchLabels: { "reserved:world-ipv4": "" } }] }] })] },
      [
        [undefined, { flows: { "8.8.8.8 → shop/db 80": "denied" } }],
        ["true", { flows: { "8.8.8.8 → shop/db 80": "allowed" } }],
      ],
    ),
  },
  {
    says: "enable-ipv4: one family must be on",
    cases: under("enable-ipv4", { policies: [cnp("world", { ingress: [{ fromEntities: ["world"] }] })] }, [
      [undefined, { flows: { "8.8.8.8 → shop/db 80": "allowed" } }],
      ["false", { invalidConfig: /either IPv4 or IPv6/ }],
    ]),
  },
  {
    says: "enable-l7-proxy: where it is false, rules on requests are refused, and no name is ever learnt",
    cases: under(
      "enable-l7-proxy",
      {
        policies: [
          cnp("http", {
            ingress: [{ toPorts: [{ ports: [{ port: "80", protocol: "TCP" }], rules: { http: [{}] } }] }],
          }),
          cnp("names", { egress: [{ toFQDNs: [{ matchName: "example.com" }] }] }),
        ],
      },
      [
        [undefined, { flows: { "ops/probe → shop/db 80": "http", "shop/web → example.com 80": "allowed" } }],
        [
          "false",
          {
            refused: [/L7 proxy is not enabled/],
            flows: { "ops/probe → shop/db 80": "allowed", "shop/web → example.com 80": "denied" },
          },
        ],
      ],
    ),
  },
  {
    says: "enable-sctp: the datapath drops SCTP at pods unless it is true",
    cases: under("enable-sctp", { policies: [cnp("sctp", { ingress: [{ ...fromWeb, ...onPort("SCTP", "80") }] })] }, [
      [undefined, { flows: { "shop/web → shop/db SCTP 80": "enable-sctp" } }],
      ["true", { flows: { "shop/web → shop/db SCTP 80": "allowed", "shop/web → shop/db SCTP 81": "denied" } }],
    ]),
  },
  {
    says: "enable-extended-ip-protocols: the datapath drops the other protocols at pods unless it is true",
    cases: under("enable-extended-ip-protocols", {}, [
      [undefined, { flows: { "shop/web → shop/db GRE 0": "enable-extended-ip-protocols" } }],
      ["true", { flows: { "shop/web → shop/db GRE 0": "allowed" } }],
      [
        "true",
        {
          policies: [cnp("gre", { ingress: [{ ...fromWeb, ...onPort("GRE") }] })],
          flows: { "shop/web → shop/db GRE 0": "allowed", "shop/web → shop/db VRRP 0": "denied" },
        },
      ],
    ]),
  },
  {
    says: "enable-icmp-rules: rules on ICMP types are refused where it is false",
    cases: under(
      "enable-icmp-rules",
      { policies: [cnp("ping", { ingress: [{ ...fromWeb, icmps: [{ fields: [{ family: "IPv4", type: 8 }] }] }] })] },
      [
        [undefined, { flows: { "shop/web → shop/db ICMP 8": "allowed", "shop/web → shop/db ICMP 3": "denied" } }],
        ["false", { refused: [/ICMP/], flows: { "shop/web → shop/db ICMP 3": "allowed" } }],
      ],
    ),
  },
  {
    says: "policy-audit-mode: what the policies deny passes",
    cases: under("policy-audit-mode", { policies: [cnp("web", { ingress: [fromWeb] })] }, [
      [undefined, { flows: { "ops/probe → shop/db 80": "denied", "shop/web → shop/db 80": "allowed" } }],
      ["true", { flows: { "ops/probe → shop/db 80": "audited", "shop/web → shop/db 80": "allowed" } }],
    ]),
  },
  {
    says: "cluster-name: the cluster label of this cluster's pods",
    cases: under(
      "cluster-name",
      {
        policies: [
          cnp("named", {
            ingress: [{ fromEndpoints: [{ matchLabels: { "io.cilium.k8s.policy.cluster": "main", app: "web" } }] }],
          }),
        ],
      },
      [
        [undefined, { flows: { "shop/web → shop/db 80": "allowed" } }],
        ["prod", { flows: { "shop/web → shop/db 80": "denied" } }],
        ["Prod!", { invalidConfig: /must consist of lower case/ }],
      ],
    ),
  },
  {
    says: "labels: selectors match none of the labels that it leaves out",
    cases: under("labels", { policies: [cnp("web", { ingress: [fromWeb] })] }, [
      [undefined, { flows: { "shop/web → shop/db 80": "allowed" } }],
      ["!k8s:app", { flows: { "shop/web → shop/db 80": "denied" } }],
      ["k8s:io\\.kubernetes\\.pod\\.namespace k8s:app", { flows: { "shop/web → shop/db 80": "allowed" } }],
    ]),
  },
  {
    says: "takes no value for a switch but true and false",
    cases: [
      { config: { "enable-host-firewall": "yes" }, invalidConfig: /enable-host-firewall/ },
      { config: { "enable-host-firewall": "1" }, flows: { "shop/web → edge 22": "allowed" } },
    ],
  },
];
