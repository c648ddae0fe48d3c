import assert from "node:assert/strict";
import { absent, dns, from, http, namespace, oneOf, podsOf, present } from "../../../cilium/language.ts";
import { faults } from "../../../cilium/model/check.ts";
import { configure, type Settings } from "../../../cilium/model/cluster.ts";
import type { NamespaceDeclaration } from "../../../cilium/model/namespace.ts";
import { readCluster } from "../../../cilium/model/read.ts";

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
const kubeSystem = system.flows(() => []);

/** What is wrong with a cluster of these namespaces, as a stack configures it. */
const faultsOf = (namespaces: NamespaceDeclaration[], changed: Partial<Settings> = {}) =>
  faults(
    configure(readCluster({ dns: coredns.dns, namespaces: [kubeSystem, ...namespaces] }), { ...settings, ...changed }),
  );

const shop = (): NamespaceDeclaration => {
  const ns = namespace("shop");
  ns.workload("web", { labels: { app: "web" }, ports: { http: http(8080) } });
  return ns.flows(() => []);
};

describe("A cluster is refused", () => {
  const cases: [
    title: string,
    namespaces: () => NamespaceDeclaration[],
    expected: RegExp,
    changed?: Partial<Settings>,
  ][] = [
    [
      "with a name declared twice",
      () => {
        const ns = namespace("shop");
        ns.workload("web", { labels: { app: "web" } });
        ns.hostNetwork("web", { reason: "test" });
        return [ns.flows(() => [])];
      },
      /^shop\/web is declared twice/,
    ],
    [
      "with pods of its own cluster as those of another",
      () => {
        const ns = namespace("shop");
        const web = ns.workload("web", { labels: { app: "web" }, ports: { http: http(8080) } });
        return [ns.flows(() => [from(podsOf("shop", { "io.cilium.k8s.policy.cluster": "default" })).to(web.http)])];
      },
      /^pods of shop with io\.cilium\.k8s\.policy\.cluster=default: write \S+ with the names of other clusters/,
    ],
    [
      "with a policy of pods of another cluster",
      () => {
        const ns = namespace("shop");
        ns.workload("web", { labels: { app: "web", "io.cilium.k8s.policy.cluster": "backup" } });
        return [ns.flows(() => [])];
      },
      /^shop\/web: a policy here selects no pods of another cluster/,
    ],
    [
      "with a namespace declared twice",
      () => [namespace("shop").flows(() => []), namespace("shop").flows(() => [])],
      /^namespace shop is declared twice/,
    ],
    [
      "with a catch-all that also selects another workload's pods",
      () => {
        const ns = namespace("jobs");
        ns.workload("all", { labels: { workflow: present } });
        ns.workload("backup", { labels: { backup: "true" }, otherLabels: { workflow: "nightly" } });
        return [ns.flows(() => [])];
      },
      /^jobs\/all also selects the pods of jobs\/backup/,
    ],
    [
      "with a limit that another flow lifts",
      () => {
        const ns = namespace("shop");
        const web = ns.workload("web", { labels: { app: "web" } });
        const api = ns.workload("api", { labels: { app: "api" }, ports: { http: http(80) } });
        return [ns.flows(() => [from(web).to(api.http).carrying({ path: "/metrics" }), from(web).to(api.http)])];
      },
      /^flow shop\/web → shop\/api: another flow between them may carry anything on 80, which lifts what carrying\(\) limits/,
    ],
    [
      "with look-ups that limit nothing",
      () => {
        const ns = namespace("shop");
        const web = ns.workload("web", { labels: { app: "web" } });
        return [ns.flows(() => [from(web).to(coredns.dns).carrying({ lookup: "example.com" })])];
      },
      /^flow shop\/web → kube-system\/coredns: every pod may look up every name, so these limit nothing/,
    ],
    [
      "with labels overridden by none",
      () => [shop()],
      /^labels\.shop\/web: has no labels/,
      { labels: { "shop/web": {} } },
    ],
    [
      "with labels overridden by one that Cilium strips from identities",
      () => [shop()],
      /^labels\.shop\/web: label pod-template-hash is not part of a pod's identity/,
      { labels: { "shop/web": { "pod-template-hash": "x" } } },
    ],
  ];
  for (const [title, namespaces, expected, changed] of cases) {
    it(title, () => {
      const found = faultsOf(namespaces(), changed);
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(found[0] ?? "", expected);
    });
  }
});

describe("A cluster is accepted", () => {
  it("when a catch-all requires the absence of what the others select on", () => {
    const ns = namespace("jobs");
    ns.workload("all", { labels: { workflow: present, backup: absent } });
    ns.workload("backup", { labels: { backup: "true" }, otherLabels: { workflow: "nightly" } });
    assert.deepEqual(faultsOf([ns.flows(() => [])]), []);
  });

  it("with groups that are workloads' pods too, or each other's", () => {
    const ns = namespace("shop");
    ns.workload("web", { labels: { app: "web" } });
    ns.group("all");
    ns.group("front", { labels: { app: oneOf("web", "gateway") } });
    assert.deepEqual(faultsOf([ns.flows(() => [])]), []);
  });

  it("with look-ups of its own where not every pod may look up every name", () => {
    const ns = namespace("shop");
    const web = ns.workload("web", { labels: { app: "web" } });
    const stated = ns.flows(() => [from(web).to(coredns.dns).carrying({ lookup: "example.com" })]);
    assert.deepEqual(faultsOf([stated], { dnsNames: ["*.svc.cluster.local"] }), []);
  });

  it("with labels overridden for a cluster whose charts differ", () => {
    assert.deepEqual(faultsOf([shop()], { labels: { "shop/web": { component: "frontend" } } }), []);
  });
});
