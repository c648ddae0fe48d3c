import assert from "node:assert/strict";
import {
  absent,
  anyPod,
  from,
  http,
  kubeApiserver,
  namespace,
  noneOf,
  oneOf,
  podsOf,
  present,
  tcp,
  world,
} from "../../../cilium/language.ts";
import { configure } from "../../../cilium/model/cluster.ts";
import { collect, type StatedFlow } from "../../../cilium/model/flow.ts";
import { readCluster } from "../../../cilium/model/read.ts";
import { policyName, rulesOf } from "../../../cilium/policy/parts.ts";
import { renderPolicies } from "../../../cilium/render/policies.ts";
import { program } from "../../rendered.ts";

const shop = namespace("shop", { labels: { team: "sales" } });
const web = shop.workload("web", {
  labels: { app: "web" },
  otherLabels: { tier: "front" },
  ports: { http: http(8080) },
});
const db = shop.workload("db", { labels: { app: "db" }, ports: { sql: tcp(5432) } });

const watch = namespace("watch");
const collector = watch.workload("collector", { labels: { app: "collector" }, ports: { otlp: tcp(4317) } });

const namespaces = { shop: shop.flows(() => []), watch: watch.flows(() => []) };

/** What the policies allow, by their names, when the namespaces state these flows. */
function allowed(stated: { shop?: () => StatedFlow[]; watch?: () => StatedFlow[] }): Record<string, string[]> {
  const cluster = readCluster({
    namespaces: Object.entries(namespaces).map(([name, one]) => ({
      ...one,
      state: () => collect((name === "shop" ? stated.shop : stated.watch) ?? (() => [])),
    })),
  });
  const policies = renderPolicies(configure(cluster, program.config)).filter(
    (policy) => policy.kind === "CiliumNetworkPolicy",
  );
  return Object.fromEntries(
    policies.flatMap((policy) => {
      const rules = rulesOf(policy).flatMap(({ ingress, egress }) => [...(ingress ?? []), ...(egress ?? [])]);
      const texts = rules.filter((rule) => Object.keys(rule).length > 0).map(ruleText);
      return texts.length === 0 ? [] : [[policyName(policy), texts]];
    }),
  );
}

/** `fromEndpoints [{"app":"web"}] 8080`: of a rule the peers and the ports. */
function ruleText({ toPorts, ...peers }: Record<string, unknown> & { toPorts?: unknown }): string {
  const [[field, value] = []] = Object.entries(peers);
  const ports = [...JSON.stringify(toPorts).matchAll(/"port":"(\d+)"/g)].map(([, port]) => port);
  return `${field} ${JSON.stringify(value)} ${ports.join()}`;
}

const selected = (matchLabels: object, ...matchExpressions: object[]) =>
  JSON.stringify([
    {
      ...(Object.keys(matchLabels).length > 0 && { matchLabels }),
      ...(matchExpressions.length > 0 && { matchExpressions }),
    },
  ]);

const ns = "io.kubernetes.pod.namespace";
const nsLabel = "io.cilium.k8s.namespace.labels.";

describe("A set of pods", () => {
  const anywhere = selected({}, { key: ns, operator: "Exists" });

  it("that is any pod opens the egress of every workload, and the ingress of the server to all", () => {
    const egress = `toEndpoints ${selected({ app: "collector", [ns]: "watch" })} 4317`;
    assert.deepEqual(allowed({ watch: () => [from(anyPod).to(collector.otlp)] }), {
      "shop/web": [egress],
      "shop/db": [egress],
      "watch/collector": [`fromEndpoints ${anywhere} 4317`, `toEndpoints ${selected({ app: "collector" })} 4317`],
    });
  });

  it("as a destination opens the ingress of all workloads in it", () => {
    assert.deepEqual(allowed({ watch: () => [from(collector).to(podsOf("shop").on(9090))] }), {
      "shop/web": [`fromEndpoints ${selected({ app: "collector", [ns]: "watch" })} 9090`],
      "shop/db": [`fromEndpoints ${selected({ app: "collector", [ns]: "watch" })} 9090`],
      "watch/collector": [`toEndpoints ${selected({ [ns]: "shop" })} 9090`],
    });
  });

  it("of the policy's own namespace is selected without naming it", () => {
    assert.deepEqual(allowed({ shop: () => [from(podsOf("shop")).to(db.sql)] })["shop/db"], [
      `fromEndpoints [{}] 5432`,
      `toEndpoints ${selected({ app: "db" })} 5432`,
    ]);
  });

  it("of its own namespace may go anywhere", () => {
    assert.deepEqual(allowed({ shop: () => [from(podsOf("shop", { tier: "front" })).to(world.on(443))] }), {
      "shop/web": [`toEntities ["world"] 443`],
    });
  });

  it("of several namespaces may go to what is of none, from any file", () => {
    assert.deepEqual(Object.keys(allowed({ shop: () => [from(anyPod).to(kubeApiserver)] })), [
      "shop/web",
      "shop/db",
      "watch/collector",
    ]);
  });

  it("that nobody declares opens the server only", () => {
    assert.deepEqual(allowed({ shop: () => [from(podsOf("elsewhere", { app: "x" })).to(web.http)] }), {
      "shop/web": [`fromEndpoints ${selected({ app: "x", [ns]: "elsewhere" })} 8080`],
    });
  });

  it("opens the policy of a group that it includes, not that of one of which it is a part", () => {
    const ns = namespace("stores");
    ns.group("all");
    ns.group("cached", { labels: { cache: "yes" } });
    const stores = ns.flows(() => [from(podsOf("stores", { cache: "yes" })).to(world.on(443))]);
    const policies = renderPolicies(configure(readCluster({ namespaces: [stores] }), program.config));
    assert.deepEqual(
      policies
        .slice(1)
        .map((policy) => rulesOf(policy).flatMap(({ egress }) => egress?.map(({ toEntities }) => toEntities))),
      [[undefined], [["world"]]],
    );
  });

  const bySelector: Record<string, [set: Parameters<typeof podsOf>, selector: string, workloads: string[]]> = {
    "several namespaces": [
      [oneOf("shop", "attic")],
      selected({}, { key: ns, operator: "In", values: ["shop", "attic"] }),
      ["shop/web", "shop/db"],
    ],
    "all namespaces but some": [
      [noneOf("shop")],
      selected({}, { key: ns, operator: "NotIn", values: ["shop"] }, { key: ns, operator: "Exists" }),
      ["watch/collector"],
    ],
    "namespaces by a label": [[{ team: "sales" }], selected({ [`${nsLabel}team`]: "sales" }), ["shop/web", "shop/db"]],
    "namespaces without a label": [
      [{ team: absent }],
      selected({}, { key: `${nsLabel}team`, operator: "DoesNotExist" }, { key: ns, operator: "Exists" }),
      ["watch/collector"],
    ],
    "namespaces by the name that Kubernetes gives as a label": [
      [{ "kubernetes.io/metadata.name": "shop" }],
      selected({ [`${nsLabel}kubernetes.io/metadata.name`]: "shop" }),
      ["shop/web", "shop/db"],
    ],
    "any namespace, by labels": [
      [{}, { tier: present, job: absent, app: noneOf("db") }],
      selected(
        {},
        { key: "tier", operator: "Exists" },
        { key: "job", operator: "DoesNotExist" },
        { key: "app", operator: "NotIn", values: ["db"] },
        { key: ns, operator: "Exists" },
      ),
      ["shop/web"],
    ],
  };
  for (const [title, [set, selector, workloads]] of Object.entries(bySelector)) {
    it(`may be of ${title}`, () => {
      const policies = allowed({ watch: () => [from(podsOf(...set)).to(collector.otlp)] });
      assert.equal(policies["watch/collector"]?.[0], `fromEndpoints ${selector} 4317`);
      const opened = Object.entries(policies).filter(([, rules]) => rules.some((rule) => rule.startsWith("to")));
      assert.deepEqual(
        opened.map(([name]) => name),
        workloads,
      );
    });
  }
});
