import assert from "node:assert/strict";
import { type CiliumPolicy, ciliumPolicy } from "../../../../cilium/policy/schema.ts";
import type { Inventory, Peer, Service } from "../../../../cilium/reach/compile/inventory.ts";
import { compile } from "../../../../cilium/reach/compile/network.ts";
import { type Outcome, undecidableText, type Verdict, verdict } from "../../../../cilium/reach/decide/verdict.ts";

/** The oracle judges what Services have been translated to, so translation has no oracle. */
describe("A Service as a destination", () => {
  const byTargetPort = egress({ toEndpoints: [{ matchLabels: { app: "db" } }], toPorts: tcp("5432") });

  it("is judged at its pods on the target port, by its name, its DNS names and its address", () => {
    const named: Peer[] = [
      { kind: "service", namespace: "shop", name: "db" },
      { kind: "fqdn", name: "db.shop.svc" },
      { kind: "fqdn", name: "db.shop.svc.cluster.local." },
      { kind: "address", address: "10.96.0.7" },
      { kind: "address", address: "203.0.113.80" },
    ];
    for (const destination of named) {
      const answer = ask([byTargetPort], destination, 80);
      assert.equal(answer.outcome, "allowed", JSON.stringify(destination));
      assert.deepEqual(answer.translation, {
        kind: "service",
        service: "shop/db",
        backends: [{ destination: { kind: "endpoint", namespace: "shop", name: "db" }, port: 5432 }],
      });
    }
  });

  it("is reached by no rule on its own port, its address or its name", () => {
    const rules = [
      egress({ toEndpoints: [{ matchLabels: { app: "db" } }], toPorts: tcp("80") }),
      egress({ toCIDR: ["10.96.0.0/16"] }),
      egress({ toFQDNs: [{ matchName: "db.shop.svc.cluster.local" }] }),
    ];
    for (const rule of rules) {
      assert.equal(ask([rule], { kind: "fqdn", name: "db.shop.svc.cluster.local" }, 80).outcome, "denied");
    }
  });

  it("keeps the port where it is headless", () => {
    const members: Peer = { kind: "service", namespace: "shop", name: "members" };
    const outcomes = [80, 5432].map((port) => ask([byTargetPort], members, port).outcome);
    assert.deepEqual(outcomes, ["denied", "allowed"]);
  });

  it("goes to what its EndpointSlices list, outside the cluster too", () => {
    const outside: Peer = { kind: "service", namespace: "shop", name: "outside" };
    assert.equal(ask([egress({ toCIDR: ["198.51.100.7/32"] })], outside, 443).outcome, "allowed");
    assert.equal(ask([byTargetPort], outside, 443).outcome, "denied");
  });

  const notDecidable: [says: RegExp, source: Peer, destination: Peer, port: number][] = [
    [/no port 81/, web(), { kind: "service", namespace: "shop", name: "db" }, 81],
    [/shop\/absent is not known/, web(), { kind: "fqdn", name: "absent.shop.svc" }, 80],
    [/no known backend/, web(), { kind: "service", namespace: "shop", name: "nobody" }, 80],
    [/external address of Service shop\/db/, outsider(), { kind: "address", address: "203.0.113.80" }, 80],
    [/port 30080 of every node/, outsider(), { kind: "address", address: "192.168.1.1" }, 30080],
  ];
  for (const [says, source, destination, port] of notDecidable) {
    it(`is not decidable, and says why: ${says.source}`, () => {
      const { outcome, egress } = ask([byTargetPort], destination, port, source);
      assert.equal(outcome, "undecidable" satisfies Outcome);
      assert.match(egress.verdict === "undecidable" ? undecidableText(egress.reason) : "", says);
    });
  }
});

describe("A rule with toServices", () => {
  const to = (serviceName: string) =>
    egress({ toServices: [{ k8sService: { serviceName, namespace: "shop" } }], toPorts: tcp("5432") });
  const db: Peer = { kind: "endpoint", namespace: "shop", name: "db" };
  const anybody: Peer = { kind: "address", address: "8.8.8.8" };

  it("means the pods of a Service that selects some, and opens its ports to everybody where the Service is missing", () => {
    const outcomes = ["db", "absent"].map((name) => [db, anybody].map((end) => ask([to(name)], end, 5432).outcome));
    assert.deepEqual(outcomes, [
      ["allowed", "denied"],
      ["allowed", "allowed"],
    ]);
  });

  it("has its place in the manifest", () => {
    const { rules } = compile([to("db")], inventory);
    assert.deepEqual(
      rules.flatMap(({ peers }) => peers.map(({ path }) => path)),
      ["egress[0].toServices[0]"],
    );
  });
});

function web(): Peer {
  return { kind: "endpoint", namespace: "shop", name: "web" };
}

function outsider(): Peer {
  return { kind: "address", address: "198.51.100.1" };
}

function tcp(port: string) {
  return [{ ports: [{ port, protocol: "TCP" }] }];
}

function egress(rule: object): CiliumPolicy {
  return ciliumPolicy.parse({
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: { name: "web", namespace: "shop" },
    spec: { endpointSelector: { matchLabels: { app: "web" } }, egress: [rule] },
  });
}

const service = (name: string, fields: Partial<Service>): Service => ({
  namespace: "shop",
  name,
  labels: {},
  selector: {},
  clusterIPs: ["10.96.0.9"],
  externalIPs: [],
  ports: [{ name: "main", port: 80, targetPort: 5432, protocol: "TCP" }],
  ...fields,
});

const inventory: Inventory = {
  cluster: "default",
  endpoints: [
    { namespace: "shop", name: "web", labels: { app: "web" }, namespaceLabels: {}, addresses: ["10.0.0.1"] },
    {
      namespace: "shop",
      name: "db",
      labels: { app: "db" },
      namespaceLabels: {},
      addresses: ["10.0.0.2"],
      ports: [{ name: "pg", port: 5432, protocol: "TCP" }],
    },
  ],
  nodes: [{ name: "edge", controlPlane: true, addresses: ["192.168.1.1"] }],
  names: [],
  services: [
    service("db", {
      selector: { app: "db" },
      clusterIPs: ["10.96.0.7"],
      externalIPs: ["203.0.113.80"],
      ports: [{ name: "main", port: 80, targetPort: "pg", protocol: "TCP", nodePort: 30080 }],
    }),
    service("members", { selector: { app: "db" }, clusterIPs: [] }),
    service("nobody", { selector: { app: "nobody" } }),
    service("outside", {
      ports: [{ name: "main", port: 443, targetPort: 8443, protocol: "TCP" }],
      backends: [{ addresses: ["198.51.100.7"], ports: [{ name: "main", port: 8443, protocol: "TCP" }] }],
    }),
  ],
};

const ask = (policies: readonly CiliumPolicy[], destination: Peer, port: number, source = web()): Verdict =>
  verdict(compile(policies, inventory), { source, destination, protocol: "TCP", port });
