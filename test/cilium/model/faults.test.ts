import assert from "node:assert/strict";
import {
  absent,
  cidr,
  dns,
  external,
  fqdn,
  from,
  gateway,
  host,
  http,
  namespace,
  present,
  sctp,
  tcp,
  tlsPassthrough,
  world,
} from "../../../cilium/language.ts";
import { configure, type Settings } from "../../../cilium/model/cluster.ts";
import { faults } from "../../../cilium/model/faults.ts";
import type { Statement } from "../../../cilium/model/flow.ts";
import type { Namespace } from "../../../cilium/model/namespace.ts";

const settings: Settings = {
  clusterName: "default",
  apiServerPort: 6443,
  dnsNames: ["*"],
  egressDefaultDeny: false,
  enforcement: "enforce",
  namespaceEnforcement: {},
  policyNames: {},
  labels: {},
  addresses: {},
};

const system = namespace("kube-system");
const coredns = system.workload("coredns", { labels: { "k8s-app": "kube-dns" }, ports: { dns: dns(53) } });
const kubeSystem = system.flows();

const faultsOf = (namespaces: Namespace[], changed: Partial<Settings> = {}) =>
  faults(configure({ dns: coredns.dns, namespaces: [kubeSystem, ...namespaces] }, { ...settings, ...changed }));

/** A namespace `shop` with a client `web` and a server `db`, and the flows that a test states. */
function shop(state: (shop: ReturnType<typeof open>) => Statement[]): Namespace {
  const opened = open();
  return opened.ns.flows(...state(opened));
}

function open() {
  const ns = namespace("shop");
  const web = ns.workload("web", { labels: { app: "web" }, ports: { http: http(8080), tls: tlsPassthrough(8443) } });
  const db = ns.workload("db", { labels: { app: "db" }, ports: { postgres: tcp(5432) } });
  return { ns, web, db };
}

/** What a program that no type checker has seen may say. */
// biome-ignore lint/suspicious/noExplicitAny: the point is to get past the types.
const untyped = (value: unknown): any => value;

describe("A cluster is refused", () => {
  const cases: [title: string, namespaces: () => Namespace[], expected: RegExp][] = [
    [
      "with a port that the workload does not have, naming the nearest",
      () => [shop(({ web, db }) => [from(web).to(untyped(db).postgrse)])],
      /^shop: flow shop\/web → shop\/db: shop\/db has no port postgrse; did you mean postgres\?$/,
    ],
    [
      "with a workload as destination and no port",
      () => [shop(({ web, db }) => [from(web).to(untyped(db))])],
      /^shop: flow shop\/web → shop\/db: shop\/db without a port; name one of postgres$/,
    ],
    [
      "with names and no port",
      () => [shop(({ web }) => [from(web).to(untyped(fqdn("example.com")))])],
      /example\.com without a port; add \.on\(443\)/,
    ],
    [
      "with a port number that does not exist",
      () => [shop(({ web }) => [from(web).to(world.on(70000))])],
      /port 70000; write a number from 1 to 65535/,
    ],
    [
      "with names on a port that is neither TCP nor UDP",
      () => [shop(({ web }) => [from(web).to(fqdn("example.com").on(sctp(443)))])],
      /names are reached over TCP or UDP only/,
    ],
    [
      "with something that is no name",
      () => [shop(({ web }) => [from(web).to(fqdn("https://example.com").on(443))])],
      /https:\/\/example\.com is not a DNS name/,
    ],
    [
      "with something that is no CIDR",
      () => [shop(({ web }) => [from(web).to(cidr("10.0.0.0").on(443))])],
      /10\.0\.0\.0 is not a CIDR/,
    ],
    [
      "with an external host whose address is none",
      () => [shop(({ web }) => [from(web).to(external("nas", "nas.local").on(443))])],
      /the address of nas, nas\.local, is not an IP address/,
    ],
    [
      "with HTTP parsing on a port that carries TLS",
      () => [shop(({ web }) => [from(gateway).to(web.tls).throughHttpProxy()])],
      /shop\/web speaks tls-passthrough there, .*leave throughHttpProxy\(\) out/,
    ],
    [
      "with a flow in another namespace's file",
      () => {
        const other = namespace("other");
        return [shop(() => []), other.flows(from(open().web).to(world.on(443)))];
      },
      /^other: flow shop\/web → world: starts in shop; state it in that namespace's file/,
    ],
    [
      "with a flow from outside the pods to another namespace's workload",
      () => [shop(() => []), namespace("other").flows(from(host).to(open().web.http))],
      /^other: flow host → shop\/web: comes from host, outside the pods; only workloads of other/,
    ],
    [
      "with host-network pods as the subject of a policy",
      () => {
        const ns = namespace("agents");
        const agent = ns.hostNetwork("agent", { reason: "test" });
        return [ns.flows(from(agent).to(world.on(443)))];
      },
      /agents\/agent runs on the host's network and cannot be the subject of a policy/,
    ],
    [
      "with a name declared twice",
      () => {
        const ns = namespace("shop");
        ns.workload("web", { labels: { app: "web" } });
        ns.hostNetwork("web", { reason: "test" });
        return [ns.flows()];
      },
      /^shop\/web is declared twice/,
    ],
    [
      "with a namespace declared twice",
      () => [namespace("shop").flows(), namespace("shop").flows()],
      /^namespace shop is declared twice/,
    ],
    [
      "with a workload without labels",
      () => {
        const ns = namespace("shop");
        ns.workload("web", { labels: {} });
        return [ns.flows()];
      },
      /^shop\/web: has no labels/,
    ],
    [
      "with a label that Cilium strips from identities",
      () => {
        const ns = namespace("shop");
        ns.workload("web", { labels: { "pod-template-hash": "x" } });
        return [ns.flows()];
      },
      /^shop\/web: label pod-template-hash is not part of a pod's identity/,
    ],
    [
      "with a probe on a port that the workload does not have",
      () => {
        const ns = namespace("shop");
        ns.workload("web", { labels: { app: "web" }, ports: { http: http(8080) }, probes: untyped(["htpp"]) });
        return [ns.flows()];
      },
      /^shop\/web: probes htpp, which is none of its ports; did you mean http\?$/,
    ],
    [
      "with a probed workload that denies the world",
      () => {
        const ns = namespace("shop");
        ns.workload("web", { labels: { app: "web" }, ports: { http: http(80) }, probes: ["http"], denyWorld: true });
        return [ns.flows()];
      },
      /^shop\/web: has kubelet probes and denies world/,
    ],
    [
      "with a catch-all that also selects another workload's pods",
      () => {
        const ns = namespace("jobs");
        ns.workload("all", { labels: { workflow: present } });
        ns.workload("backup", { labels: { backup: "true" }, otherLabels: { workflow: "nightly" } });
        return [ns.flows()];
      },
      /^jobs\/all also selects the pods of jobs\/backup/,
    ],
    [
      "with namespaces that are each other's servers",
      () => {
        const a = namespace("a");
        const b = namespace("b");
        const left = a.workload("left", { labels: { app: "left" }, ports: { http: http(80) } });
        const right = b.workload("right", { labels: { app: "right" }, ports: { http: http(80) } });
        return [a.flows(from(left).to(right.http)), b.flows(from(right).to(left.http))];
      },
      /^namespaces .* are each other's servers/,
    ],
  ];
  for (const [title, namespaces, expected] of cases) {
    it(title, () => {
      const found = faultsOf(namespaces());
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(found[0] ?? "", expected);
    });
  }

  it("with a misspelt port of the cluster's DNS", () => {
    const found = faults(configure({ dns: untyped(coredns).dsn, namespaces: [kubeSystem] }, settings));
    assert.deepEqual(found, ["the cluster's DNS: kube-system/coredns has no port dsn; did you mean dns?"]);
  });

  it("with every fault at once, one line each", () => {
    const found = faultsOf([
      shop(({ web, db }) => [
        from(web).to(untyped(db).x, cidr("y").on(0)),
        from(gateway).to(web.tls).throughHttpProxy(),
      ]),
    ]);
    assert.equal(found.length, 4, found.join("\n"));
  });
});

describe("A cluster is accepted", () => {
  it("when a catch-all requires the absence of what the others select on", () => {
    const ns = namespace("jobs");
    ns.workload("all", { labels: { workflow: present, backup: absent } });
    ns.workload("backup", { labels: { backup: "true" }, otherLabels: { workflow: "nightly" } });
    assert.deepEqual(faultsOf([ns.flows()]), []);
  });

  it("with host-network pods as a peer on either side", () => {
    const ns = namespace("agents");
    const agent = ns.hostNetwork("agent", { reason: "test", ports: { metrics: http(9100) } });
    const scraper = ns.workload("scraper", { labels: { app: "scraper" }, ports: { http: http(80) } });
    assert.deepEqual(faultsOf([ns.flows(from(scraper).to(agent.metrics), from(agent).to(scraper.http))]), []);
  });

  it("with labels overridden for a cluster whose charts differ", () => {
    assert.deepEqual(faultsOf([shop(() => [])], { labels: { "shop/web": { component: "frontend" } } }), []);
  });
});
