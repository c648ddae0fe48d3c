import assert from "node:assert/strict";
import {
  anyTransport,
  dns,
  everyPort,
  from,
  http,
  icmp,
  icmpv6,
  ipProtocol,
  namespace,
  podsOf,
  sctp,
  tcp,
  udp,
} from "../../../cilium/language.ts";
import { configure } from "../../../cilium/model/cluster.ts";
import { inventoryOf } from "../../../cilium/model/inventory.ts";
import { type Port, portText } from "../../../cilium/model/ports.ts";
import { readCluster } from "../../../cilium/model/read.ts";
import { defaultAgent, invalidities } from "../../../cilium/policy/validity.ts";
import type { FlowProtocol } from "../../../cilium/reach/compile/inventory.ts";
import { compile } from "../../../cilium/reach/compile/network.ts";
import { verdict } from "../../../cilium/reach/decide/verdict.ts";
import { renderPolicies } from "../../../cilium/render/policies.ts";
import { sourceFile } from "../../../cilium/write/file.ts";
import { write } from "../../../cilium/write/write.ts";
import { ciliumPolicies, program } from "../../rendered.ts";
import { outcomes } from "./outcome.ts";

/** An agent that lets through what it drops unless it is told to. */
const configuration = { "enable-sctp": "true", "enable-extended-ip-protocols": "true" };

/** Two workloads, and a flow from one to these ports of the other. */
function on(...ports: Port[]) {
  const shop = namespace("shop");
  const web = shop.workload("web", { labels: { app: "web" } });
  const db = shop.workload("db", { labels: { app: "db" }, ports: { metrics: http(9100) } });
  const stated = shop.flows(() => [from(web).to(db.on(...ports))]);
  const cluster = configure(readCluster({ namespaces: [stated] }), program.config);
  const policies = ciliumPolicies({ policies: renderPolicies(cluster) });
  const [, client, server] = policies;
  const [out] = client?.spec?.egress ?? [];
  const [in_] = server?.spec?.ingress ?? [];
  const file = sourceFile(
    "cluster/shop.ts",
    { shop: stated, web, db },
    'import { namespace } from "../cilium/language.ts";',
  );
  const network = compile(policies, { ...inventoryOf(cluster), configuration });
  return {
    egress: { ...out, toEndpoints: undefined },
    ingress: { ...in_, fromEndpoints: undefined },
    faults: policies.flatMap((policy) => invalidities(policy, { ...defaultAgent, extendedProtocols: true })),
    written: write(cluster.namespaces[0]?.statements ?? [], file ? [file] : []).flatMap(({ flows }) => flows),
    outcome: (protocol: FlowProtocol, port: number) =>
      verdict(network, {
        source: { kind: "endpoint", namespace: "shop", name: "web" },
        destination: { kind: "endpoint", namespace: "shop", name: "db" },
        protocol,
        port,
      }).outcome,
  };
}

const toPorts = (...ports: object[]) => ({ toPorts: [{ ports }] });

type Connection = readonly [FlowProtocol, number];

const cases: Record<
  string,
  [port: Port, text: string, rule: object, allowed: readonly Connection[], denied: readonly Connection[]]
> = {
  "tcp(8000, 8100)": [
    tcp(8000, 8100),
    "8000-8100",
    toPorts({ port: "8000", endPort: 8100, protocol: "TCP" }),
    [
      ["TCP", 8000],
      ["TCP", 8100],
    ],
    [
      ["TCP", 7999],
      ["TCP", 8101],
      ["UDP", 8000],
    ],
  ],
  "udp(1, 65535)": [
    udp(1, 65535),
    "1-65535/UDP",
    toPorts({ port: "1", endPort: 65535, protocol: "UDP" }),
    [["UDP", 53]],
    [["TCP", 53]],
  ],
  "tcp()": [
    tcp(),
    "every TCP port",
    toPorts({ port: "0", protocol: "TCP" }),
    [
      ["TCP", 0],
      ["TCP", 65535],
    ],
    [["UDP", 53]],
  ],
  "anyTransport()": [
    anyTransport(),
    "every TCP and UDP and SCTP port",
    toPorts({ port: "0", protocol: "ANY" }),
    [
      ["TCP", 53],
      ["SCTP", 53],
    ],
    [["ICMP", 8]],
  ],
  'http("metrics")': [
    http("metrics"),
    "metrics",
    toPorts({ port: "metrics", protocol: "TCP" }),
    [["TCP", 9100]],
    [["TCP", 9101]],
  ],
  "sctp(2905)": [
    sctp(2905),
    "2905/SCTP",
    toPorts({ port: "2905", protocol: "SCTP" }),
    [["SCTP", 2905]],
    [["TCP", 2905]],
  ],
  "dns(53)": [
    dns(53),
    "53",
    toPorts({ port: "53", protocol: "UDP" }, { port: "53", protocol: "TCP" }),
    [
      ["UDP", 53],
      ["TCP", 53],
    ],
    [["SCTP", 53]],
  ],
  "anyTransport(443)": [
    anyTransport(443),
    "443",
    toPorts({ port: "443", protocol: "ANY" }),
    [
      ["TCP", 443],
      ["UDP", 443],
      ["SCTP", 443],
    ],
    [["TCP", 444]],
  ],
  'icmp("EchoRequest")': [
    icmp("EchoRequest"),
    "EchoRequest/ICMP",
    { icmps: [{ fields: [{ type: "EchoRequest", family: "IPv4" }] }] },
    [["ICMP", 8]],
    [
      ["ICMP", 0],
      ["ICMPv6", 128],
    ],
  ],
  "icmpv6(128)": [
    icmpv6(128),
    "128/ICMPv6",
    { icmps: [{ fields: [{ type: 128, family: "IPv6" }] }] },
    [["ICMPv6", 128]],
    [["ICMP", 8]],
  ],
  'ipProtocol("ESP")': [ipProtocol("ESP"), "ESP", toPorts({ port: "0", protocol: "ESP" }), [["ESP", 0]], [["AH", 0]]],
  everyPort: [
    everyPort,
    "every port",
    {},
    [
      ["TCP", 1],
      ["UDP", 65535],
      ["ICMP", 3],
      ["ESP", 0],
    ],
    [],
  ],
};

describe("A port opens at both ends what it says, and is written as it was stated:", () => {
  for (const [code, [port, text, rule, allowed, denied]] of Object.entries(cases)) {
    it(code, () => {
      const { egress, ingress, written, faults, outcome } = on(port);
      assert.deepEqual(egress, { toEndpoints: undefined, ...rule });
      assert.deepEqual(ingress, { fromEndpoints: undefined, ...rule });
      assert.deepEqual(faults, []);
      assert.equal(portText(port), text);
      if (!("number" in port)) assert.deepEqual(written, [`from(web).to(db.on(${code})),`]);
      assert.deepEqual(
        [...allowed, ...denied].map((connection) => [...connection, outcome(...connection)]),
        [...allowed.map((one) => [...one, "allowed"]), ...denied.map((one) => [...one, "denied"])],
      );
    });
  }

  it("with others of its kind in one rule, ICMP in one of its own, and everything alone", () => {
    const { egress } = on(tcp(80), icmp(8), udp(53), icmpv6(128), tcp(80));
    assert.deepEqual(egress, {
      toEndpoints: undefined,
      ...toPorts({ port: "80", protocol: "TCP" }, { port: "53", protocol: "UDP" }),
    });
    assert.deepEqual(on(tcp(80), everyPort).egress, { toEndpoints: undefined });
  });

  it("with at most as many together as the agent takes", () => {
    const { egress, faults } = on(...Array.from({ length: 41 }, (_, index) => tcp(8000 + index)));
    assert.deepEqual(
      egress.toPorts?.map(({ ports }) => ports?.length),
      [40, 1],
    );
    assert.deepEqual(faults, []);
  });

  it("of a set of pods by the name that each gives it", () => {
    const shop = namespace("shop");
    const web = shop.workload("web", { labels: { app: "web" } });
    shop.workload("db", { labels: { app: "db" }, ports: { metrics: http(9100) } });
    const stated = shop.flows(() => [from(web).to(podsOf("shop").on(http("metrics")))]);
    const cluster = configure(readCluster({ namespaces: [stated] }), program.config);
    const outcome = outcomes(cluster, "shop");
    assert.deepEqual([outcome("web", "db", 9100), outcome("web", "db", 9101)], ["allowed", "denied"]);
  });
});
