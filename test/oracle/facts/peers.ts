/** Who is who: the API server, Services, names, nodes and pods as peers. */
import { type Case, cnp, type Fact } from "./fact.ts";

const managed = { nodes: [], apiServer: ["203.0.113.10"] };
const https = { toPorts: [{ ports: [{ port: "443", protocol: "TCP" }] }] };
const toService = (serviceName: string) => ({ toServices: [{ k8sService: { serviceName, namespace: "shop" } }] });
const plainDns = { toEndpoints: [{}], toPorts: [{ ports: [{ port: "53", protocol: "UDP" }] }] };
const lookUps = {
  toEndpoints: [{}],
  toPorts: [{ ports: [{ port: "53", protocol: "UDP" }], rules: { dns: [{ matchPattern: "*" }] } }],
};
const service = { namespace: "shop", name: "api", labels: {}, selector: {}, addresses: [] };

export const peerFacts: readonly Fact[] = [
  {
    says: "cluster is this cluster's pods and all nodes, all adds the mesh and the world",
    cases: (["cluster", "all"] as const).map((entity) => ({
      policies: [cnp("entity", { ingress: [{ fromEntities: [entity] }] })],
      flows: {
        "ops/probe → shop/db 80": "allowed" as const,
        "cp → shop/db 80": "allowed" as const,
        "shop/west → shop/db 80": entity === "all" ? ("allowed" as const) : ("denied" as const),
        "8.8.8.8 → shop/db 80": entity === "all" ? ("allowed" as const) : ("denied" as const),
      },
    })),
  },
  {
    says: "an API server on a node is kube-apiserver and remote-node, and to its own pods host",
    cases: (
      [
        ["kube-apiserver", "allowed", "denied"],
        ["remote-node", "allowed", "denied"],
        ["host", "denied", "allowed"],
      ] as const
    ).map(([entity, api, own]) => ({
      policies: [cnp("node", { egress: [{ toEntities: [entity] }] })],
      flows: { "shop/web → cp 6443": api, "shop/web → edge 22": own },
    })),
  },
  {
    says: "a pod on its node's network is the node: its labels select nothing, and no policy for pods applies",
    cases: [true, false].map((hostNetwork) => ({
      policies: [cnp("web", { ingress: [{ fromEndpoints: [{ matchLabels: { app: "web" } }] }] })],
      inventory: {
        endpoints: [
          { namespace: "shop", name: "web", labels: { app: "web" }, node: "cp", hostNetwork },
          { namespace: "shop", name: "db", labels: { app: "db" }, node: "edge" },
        ],
      },
      flows: {
        "shop/web → shop/db 80": hostNetwork ? ("denied" as const) : ("allowed" as const),
        "8.8.8.8 → shop/web 80": hostNetwork ? ("allowed" as const) : ("denied" as const),
      },
    })),
  },
  {
    says: "an API server outside the nodes is kube-apiserver and world, so CIDRs and denials of the world match it",
    cases: [
      { rule: { egress: [{ toEntities: ["kube-apiserver"] }] }, api: "allowed" as const, node: "allowed" as const },
      { rule: { egress: [{ toEntities: ["world"] }] }, api: "allowed" as const, node: "denied" as const },
      { rule: { egress: [{ toCIDR: ["0.0.0.0/0"] }] }, api: "allowed" as const, node: "denied" as const },
      { rule: { egress: [{ toEntities: ["remote-node"] }] }, api: "denied" as const, node: "allowed" as const },
      {
        rule: { egress: [{ toEntities: ["kube-apiserver"] }], egressDeny: [{ toEntities: ["world"] }] },
        api: "denied" as const,
        node: "allowed" as const,
      },
    ].flatMap(({ rule, api, node }): Case[] => [
      { policies: [cnp("api", rule)], inventory: managed, flows: { "shop/web → 203.0.113.10 443": api } },
      { policies: [cnp("api", rule)], flows: { "shop/web → 192.168.1.1 6443": node } },
    ]),
  },
  {
    says: "a node that has the API server's address is one that runs it",
    cases: [[], ["192.168.1.2"]].map((apiServer) => ({
      policies: [cnp("api", { egress: [{ toEntities: ["kube-apiserver"] }] })],
      inventory: {
        apiServer,
        endpoints: [{ namespace: "shop", name: "web", labels: { app: "web" } }],
      },
      flows: { "shop/web → edge 6443": apiServer.length > 0 ? ("allowed" as const) : ("denied" as const) },
    })),
  },
  {
    says: "toServices means a Service's selector, or the addresses of one without",
    cases: [
      {
        policies: [cnp("service", { egress: [toService("api")] })],
        inventory: { services: [{ ...service, selector: { app: "db" } }] },
        flows: { "shop/web → shop/db 443": "allowed", "shop/web → ops/probe 443": "denied" },
      },
      {
        policies: [cnp("service", { egress: [toService("api")] })],
        inventory: { services: [{ ...service, addresses: ["8.8.8.8", "10.0.0.2"] }] },
        flows: {
          "shop/web → 8.8.8.8 443": "allowed",
          "shop/web → 1.1.1.1 443": "denied",
          "shop/web → shop/db 443": "denied",
        },
      },
    ],
  },
  {
    says: "toServices reads a selectorless Service's addresses from its EndpointSlices, ready or not, if they have ports",
    cases: [[{ port: 443, protocol: "TCP" }], []].map((ports) => ({
      policies: [cnp("service", { egress: [toService("api")] })],
      inventory: {
        serviceObjects: [
          { apiVersion: "v1", kind: "Service", metadata: { name: "api", namespace: "shop" }, spec: {} },
          {
            apiVersion: "discovery.k8s.io/v1",
            kind: "EndpointSlice",
            metadata: { name: "api-1", namespace: "shop", labels: { "kubernetes.io/service-name": "api" } },
            addressType: "IPv4",
            endpoints: [{ addresses: ["8.8.8.8"], conditions: { ready: false } }],
            ports,
          },
        ],
      },
      flows: {
        "shop/web → 8.8.8.8 443": ports.length > 0 ? ("allowed" as const) : ("denied" as const),
        "shop/web → 1.1.1.1 443": "denied" as const,
      },
    })),
  },
  {
    says: "toServices with ports opens them to everybody where the Service is missing or means nobody",
    cases: [
      {
        policies: [cnp("service", { egress: [{ ...toService("api"), ...https }] })],
        flows: {
          "shop/web → 8.8.8.8 443": "allowed",
          "shop/web → ops/probe 443": "allowed",
          "shop/web → 8.8.8.8 80": "denied",
        },
      },
      {
        policies: [cnp("service", { egress: [{ ...toService("api"), ...https }] })],
        inventory: { services: [service] },
        flows: { "shop/web → 8.8.8.8 443": "allowed" },
      },
      {
        policies: [cnp("service", { egress: [{ ...toService("api"), ...https }] })],
        inventory: { services: [{ ...service, selector: { app: "db" } }] },
        flows: { "shop/web → 8.8.8.8 443": "denied", "shop/web → shop/db 443": "allowed" },
      },
      {
        policies: [cnp("service", { egress: [toService("api")] })],
        flows: { "shop/web → 8.8.8.8 443": "denied" },
      },
    ],
  },
  {
    says: "a name that leads to a pod is the pod, which toFQDNs does not match",
    cases: [
      {
        policies: [cnp("names", { egress: [{ toFQDNs: [{ matchPattern: "**.example.com" }] }] })],
        flows: { "shop/web → deep.api.example.com 443": "allowed", "shop/web → db.example.com 443": "denied" },
      },
    ],
  },
  {
    says: "a pod without a service account has the account default",
    cases: ["default", "robot"].map((account) => ({
      policies: [
        cnp("account", {
          ingress: [{ fromEndpoints: [{ matchLabels: { "io.cilium.k8s.policy.serviceaccount": account } }] }],
        }),
      ],
      flows: { "shop/web → shop/db 80": account === "default" ? ("allowed" as const) : ("denied" as const) },
    })),
  },
  {
    says: "an empty deny names nobody, and isolates",
    cases: [
      { policies: [cnp("nobody", { ingressDeny: [{}] })], flows: { "shop/web → shop/db 80": "denied" } },
      {
        policies: [
          cnp("nobody", { ingressDeny: [{}] }),
          cnp("web", { ingress: [{ fromEndpoints: [{ matchLabels: { app: "web" } }] }] }),
        ],
        flows: { "shop/web → shop/db 80": "allowed", "ops/probe → shop/db 80": "denied" },
      },
    ],
  },
  {
    says: "look-ups that a second rule allows without L7 still go through the proxy, which learns the names",
    cases: [
      { egress: [lookUps], outcome: "dns" as const },
      { egress: [lookUps, plainDns], outcome: "dns" as const },
      { egress: [plainDns], outcome: "allowed" as const },
    ].map(({ egress, outcome }) => ({
      policies: [cnp("dns", { egress })],
      flows: { "shop/web → shop/db UDP 53": outcome },
    })),
  },
];
