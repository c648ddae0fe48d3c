import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { faults } from "../../../cilium/model/check.ts";
import { type ConfiguredCluster, configure } from "../../../cilium/model/cluster.ts";
import { inventoryOf } from "../../../cilium/model/inventory.ts";
import { type Peer, peerEntities, type Question } from "../../../cilium/reach/compile/inventory.ts";
import { compile } from "../../../cilium/reach/compile/network.ts";
import { verdict } from "../../../cilium/reach/decide/verdict.ts";
import { diff } from "../../../cilium/reach/report/diff.ts";
import type { FlowChange, FlowEnd } from "../../../cilium/reach/report/difference.ts";
import { renderPolicies } from "../../../cilium/render/policies.ts";
import { linesOf } from "../../../cilium/write/addition.ts";
import { statementOf } from "../../../cilium/write/statement.ts";
import { write } from "../../../cilium/write/write.ts";
import { destinationReader, endReader, readPort } from "../../../cli/ends.ts";
import { loadCluster, loadSourceFiles } from "../../../components/load.ts";
import { sampleCluster } from "../../project.ts";
import { program } from "../../rendered.ts";
import { pasted, projectOf } from "./pasted.ts";

/** Files that leave little to import, and names that collide: `controller`, `store`, `host`, `gateway`. */
const project = projectOf({
  "cluster/cluster.ts": `import gatewayNamespace from "./gateway.ts";
import kubeSystem, { coredns } from "./kube-system.ts";
import shop from "./shop.ts";
import warehouse from "./1warehouse.ts";
export const cluster = { dns: coredns.dns, namespaces: [gatewayNamespace, kubeSystem, shop, warehouse] };
`,
  "cluster/gateway.ts": `import { namespace, tcp } from "../cilium/language.ts";
const gateway = namespace("gateway");
const { from, cidr } = { from: "somewhere", cidr: "else" };
export const proxy = gateway.workload("proxy", { labels: { app: from + cidr }, ports: { admin: tcp(9901) } });
export default gateway.flows(() => [
]);
`,
  "cluster/kube-system.ts": `import { dns, namespace } from "../cilium/language.ts";
const kubeSystem = namespace("kube-system");
export const coredns = kubeSystem.workload("coredns", { labels: { app: "dns" }, ports: { dns: dns(53) } });
export default kubeSystem.flows(() => []);
`,
  "cluster/shop.ts": `import {
  from as flowFrom, // renamed
  fqdn,
  namespace,
} from "../cilium/language.ts";
import { controller as robots, store } from "./1warehouse.ts";
const shop = namespace("shop");
const host = "shop.example";
export const web = shop.workload("web", { labels: { app: "web" } });
export const controller = shop.workload("controller", { labels: { app: "controller" } });
const hidden = shop.workload("hidden", { labels: { app: "hidden" } });
export default shop.flows(() => [
  flowFrom(web).to(fqdn(host).on(443), robots.metrics),
  flowFrom(controller).to(store["http-api"]),
]);
`,
  "cluster/1warehouse.ts": `import { external, from, http, namespace, tcp, udp } from "../cilium/language.ts";
const warehouse = namespace("1warehouse");
const nas = external("nas", "192.0.2.7");
export const controller = warehouse.workload("controller", {
  labels: { app: "controller" },
  ports: { metrics: http(9402), port7000: udp(7001) },
});
export const store = warehouse.workload("store", {
  labels: { app: "store" },
  ports: { "http-api": http(8080) },
});
export const nodeExporter = warehouse.hostNetwork("node-exporter", {
  reason: "metrics of nodes",
  ports: { metrics: http(9100) },
});
export default warehouse.flows(() => [
  from(controller).to(nas.on(2049)),
]);
`,
});

const load = async (folder: string): Promise<ConfiguredCluster> => {
  const cluster = configure(await loadCluster(folder), {
    ...program.config,
    addresses: {},
    labels: {},
    policyNames: {},
  });
  assert.deepEqual(faults(cluster), []);
  return cluster;
};

function asked(cluster: ConfiguredCluster, from: string, to: string, port: string): Question {
  const surroundings = { inventory: inventoryOf(cluster), replicas: new Map() };
  const read = endReader(surroundings);
  return { source: read(from), destination: destinationReader(read, surroundings)(to), ...readPort(port) };
}

/** Where the agent lets SCTP and protocols without ports pass. */
const sideOf = (cluster: ConfiguredCluster) => ({
  policies: renderPolicies(cluster),
  inventory: {
    ...inventoryOf(cluster),
    configuration: { "enable-sctp": "true", "enable-extended-ip-protocols": "true" },
  },
});

const outcomeOf = (cluster: ConfiguredCluster, question: Question): string => {
  const { policies, inventory } = sideOf(cluster);
  return verdict(compile(policies, inventory), question).outcome;
};

/** Whether an end of a difference is one that was asked about: that pod, or what else than pods lies around the end. */
const isEnd = (end: FlowEnd, asked: Peer): boolean =>
  asked.kind === "endpoint" && end.kind === "endpoint"
    ? end.name === `${asked.namespace}/${asked.name}`
    : end.kind !== "endpoint" && end.kind !== "other-pods";

type Row = readonly [from: string, to: string, port: string];

/** A node reaches the pods on it whatever is written, and nobody knows on which one a pod runs. */
const outcomeBefore = (from: string): string => {
  if (from === "host" || from === "control-plane-host") return "allowed";
  return from === "1warehouse/node-exporter" ? "undecidable" : "denied";
};

describe("What is written for a connection", () => {
  const rows: readonly Row[] = [
    ["shop/web", "shop/controller", "8080"],
    ["shop/web", "shop/controller", "8080/UDP"],
    ["shop/web", "1warehouse/controller", "7000"],
    ["shop/web", "1warehouse/controller", "9402/SCTP"],
    ["shop/web", "1warehouse/store", "8080"],
    ["1warehouse/store", "shop/controller", "8080"],
    ["1warehouse/store", "1warehouse/controller", "9402"],
    ["1warehouse/controller", "shop/controller", "8080"],
    ["gateway/proxy", "1warehouse/controller", "9402"],
    ["gateway/proxy", "shop/controller", "8080/SCTP"],
    ["shop/web", "1warehouse/node-exporter", "9100"],
    ["shop/web", "1warehouse/node-exporter", "9101/UDP"],
    ["1warehouse/node-exporter", "shop/web", "8080"],
    ["1warehouse/node-exporter", "1warehouse/store", "8080"],
    ["gateway/proxy", "198.51.100.1", "443"],
    ["gateway/proxy", "2001:db8::1", "443/UDP"],
    ["gateway/proxy", "198.51.100.0/24", "443"],
    ["shop/web", "192.0.2.7", "2049"],
    ["gateway/proxy", "example.com", "443"],
    ["shop/web", "*.example.com", "443/UDP"],
    ["198.51.100.1", "shop/web", "8080"],
    ["198.51.100.0/24", "gateway/proxy", "9901"],
    ["shop/web", "shop/controller", "8/ICMP"],
    ["shop/web", "198.51.100.1", "128/ICMPv6"],
    ["gateway/proxy", "shop/controller", "0/ESP"],
    // What a pod that starts is allowed is not decidable.
    ...peerEntities
      .filter((entity) => entity !== "init")
      .flatMap((entity): Row[] => [
        [entity, "shop/web", "8080"],
        [entity, "gateway/proxy", "9901"],
        ["shop/web", entity, "6443"],
        ["gateway/proxy", entity, "9100"],
        ["gateway/proxy", entity, "6443/UDP"],
      ]),
  ];
  for (const [from, to, port] of rows) {
    it(`runs once it is pasted, and allows it and nothing else: ${from} → ${to}:${port}`, async () => {
      const before = await load(project);
      const question = asked(before, from, to, port);
      const files = await loadSourceFiles(project);
      const stated = statementOf(question, before, files);
      assert.ok(stated.kind === "statement", JSON.stringify(stated));
      assert.equal(outcomeOf(before, question), outcomeBefore(from));
      const additions = write([stated.statement], files);
      const after = await load(pasted(project, additions));
      const lines = additions.flatMap(linesOf).join("\n");
      assert.match(outcomeOf(after, question), /^allowed/, lines);
      const { opened, exposed } = diff(sideOf(before), sideOf(after));
      const isAsked = (flow: FlowChange) =>
        isEnd(flow.from, question.source) &&
        isEnd(flow.to, question.destination) &&
        // ESP has no ports.
        flow.ports.every(({ protocol, from, to }) => {
          const isPort = protocol === "ESP" || (from === question.port && to === question.port);
          return protocol === question.protocol && isPort;
        });
      assert.deepEqual([opened.filter((flow) => !isAsked(flow)), exposed], [[], []], lines);
    });
  }

  const texts: readonly [...Row, string][] = [
    [
      "gateway/proxy",
      "1warehouse/controller",
      "7000",
      `cluster/gateway.ts:
import { from as theFrom } from "../cilium/language.ts";
import { controller } from "./1warehouse.ts";
theFrom(proxy).to(controller.port7000_2),
cluster/1warehouse.ts:
port7000_2: tcp(7000), // a port of controller`,
    ],
    [
      "1warehouse/controller",
      "shop/controller",
      "53/SCTP",
      `cluster/1warehouse.ts:
import { controller as controllerOfShop } from "./shop.ts";
from(controller).to(controllerOfShop.sctp53),
cluster/shop.ts:
import { sctp } from "../cilium/language.ts";
ports: { sctp53: sctp(53) }, // a port of controller`,
    ],
    [
      "shop/web",
      "1warehouse/controller",
      "9402/UDP",
      `cluster/shop.ts:
flowFrom(web).to(robots.udp9402),
cluster/1warehouse.ts:
udp9402: udp(9402), // a port of controller`,
    ],
    [
      "shop/web",
      "1warehouse/store",
      "8080",
      `cluster/shop.ts:
flowFrom(web).to(store["http-api"]),`,
    ],
    [
      "gateway/proxy",
      "198.51.100.1",
      "53/UDP",
      `cluster/gateway.ts:
import { cidr as theCidr, from as theFrom, udp } from "../cilium/language.ts";
theFrom(proxy).to(theCidr("198.51.100.1/32").on(udp(53))),`,
    ],
    [
      "192.0.2.7",
      "shop/web",
      "443",
      `cluster/shop.ts:
import { external, tcp } from "../cilium/language.ts";
ports: { port443: tcp(443) }, // a port of web
flowFrom(external("nas", "192.0.2.7")).to(web.port443),`,
    ],
    [
      "ingress",
      "shop/web",
      "80",
      `cluster/shop.ts:
import { gateway, tcp } from "../cilium/language.ts";
ports: { port80: tcp(80) }, // a port of web
flowFrom(gateway).to(web.port80),`,
    ],
    [
      "shop/web",
      "192.0.2.7",
      "2049",
      `cluster/shop.ts:
import { external } from "../cilium/language.ts";
flowFrom(web).to(external("nas", "192.0.2.7").on(2049)),`,
    ],
    [
      "shop/web",
      "control-plane-host",
      "6443",
      `cluster/shop.ts:
import { kubeApiserver } from "../cilium/language.ts";
flowFrom(web).to(kubeApiserver),`,
    ],
    [
      "shop/web",
      "host",
      "9100",
      `cluster/shop.ts:
import { host as theHost } from "../cilium/language.ts";
flowFrom(web).to(theHost.on(9100)),`,
    ],
  ];
  for (const [from, to, port, text] of texts) {
    it(`calls everything as the file does, or as nothing in it is called: ${from} → ${to}:${port}`, async () => {
      const files = await loadSourceFiles(project);
      const cluster = await load(project);
      const stated = statementOf(asked(cluster, from, to, port), cluster, files);
      assert.ok(stated.kind === "statement", JSON.stringify(stated));
      const lines = write([stated.statement], files).flatMap((one) => [`${one.file}:`, ...linesOf(one)]);
      assert.equal(lines.join("\n"), text);
    });
  }

  const reasons: readonly [...Row, RegExp][] = [
    ["shop/web", "shop/controller", "0", /^port 0; write a number from 1 to 65535$/],
    ["shop/web", "shop/hidden", "80", /^cluster\/shop\.ts exports no constant for shop\/hidden; export it first$/],
    ["shop/web", "example.com", "443/SCTP", /names are reached over TCP or UDP only; use cidr\(\) for SCTP$/],
    ["host", "198.51.100.1", "443", /^policies govern pods, and neither end is a workload of the program$/],
    ["1warehouse/node-exporter", "host", "1", /^policies govern pods, and neither end is a workload of the program$/],
    ["shop/web", "init", "80", /^no word of the language means init$/],
    ["init", "shop/web", "80", /^no word of the language means init as what a flow starts at$/],
  ];
  for (const [from, to, port, reason] of reasons) {
    it(`is a reason where the language has no words: ${from} → ${to}:${port}`, async () => {
      const cluster = await load(project);
      const stated = statementOf(asked(cluster, from, to, port), cluster, await loadSourceFiles(project));
      assert.ok(stated.kind === "none", JSON.stringify(stated));
      assert.match(stated.reason, reason);
    });
  }
});

describe("The statements of a whole cluster", () => {
  it("are the same once they are written and read again", async () => {
    const files = await loadSourceFiles(sampleCluster);
    const { namespaces } = await loadCluster(sampleCluster);
    const withoutFlows = projectOf(
      Object.fromEntries(
        ["cluster/cluster.ts", "cluster/policy-pack.ts", ...files.map(({ path }) => path)].map((path) => [
          path,
          readFileSync(join(sampleCluster, path), "utf8").replace(/flows\(\(\) => \[.*\]\);/s, "flows(() => [\n]);"),
        ]),
      ),
    );
    const statements = namespaces.flatMap((namespace) => namespace.statements);
    const again = await loadCluster(pasted(withoutFlows, write(statements, await loadSourceFiles(withoutFlows))));
    assert.ok(statements.length > 0);
    assert.deepEqual(again.namespaces, namespaces);
  });
});
