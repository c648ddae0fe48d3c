import assert from "node:assert/strict";
import { from, gateway, http, namespace, tcp, world } from "../../../cilium/language.ts";
import { configure, type Settings } from "../../../cilium/model/cluster.ts";
import type { StatedFlow } from "../../../cilium/model/flow.ts";
import type { WorkloadSpec } from "../../../cilium/model/peers/workload.ts";
import { readCluster } from "../../../cilium/model/read.ts";
import type { Rule } from "../../../cilium/policy/schema.ts";
import { renderPolicies } from "../../../cilium/render/policies.ts";
import { ciliumPolicies, program } from "../../rendered.ts";

const fromGateway = [{ fromEntities: ["ingress"], toPorts: [{ ports: [{ port: "8080", protocol: "TCP" }] }] }];
const toWorld = [{ toEntities: ["world"], toPorts: [{ ports: [{ port: "443", protocol: "TCP" }] }] }];
const in_ = "ingress";
const out = "egress";
const nothing = [{}];
const off = false;

type Said = Omit<WorkloadSpec<never>, "labels" | "ports">;

/** The rules of a workload with flows in some directions, or of a group that is declared alike. */
function rulesOf(said: Said, flows: string, word: "workload" | "group" = "workload", changed: Partial<Settings> = {}) {
  const shop = namespace("shop");
  const spec = { labels: { app: "web" }, ports: { http: http(8080), sql: tcp(5432) }, ...said };
  const web = word === "group" ? shop.group("web", spec) : shop.workload("web", spec);
  const stated = (): StatedFlow[] => [
    ...(flows.includes(in_) ? [from(gateway).to(web.http)] : []),
    ...(flows.includes(out) ? [from(web).to(world.on(443))] : []),
  ];
  const cluster = configure(readCluster({ namespaces: [shop.flows(stated)] }), { ...program.config, ...changed });
  const policies = ciliumPolicies({ policies: renderPolicies(cluster) });
  const spec_: Rule = policies.find(({ metadata }) => metadata.name === "web")?.spec ?? assert.fail();
  const { description: _, endpointSelector: __, ...rules } = spec_;
  return rules;
}

describe("A policy", () => {
  const cases: [title: string, said: Said, flows: string, rules: object][] = [
    ["denies by default in both directions", {}, "", { ingress: nothing, egress: nothing }],
    ["denies what its flows do not allow", {}, `${in_} ${out}`, { ingress: fromGateway, egress: toWorld }],
    ["may deny the ingress alone", { defaultDeny: in_ }, in_, { ingress: fromGateway }],
    ["may deny the egress alone", { defaultDeny: out }, out, { egress: toWorld }],
    ["may deny a direction without flows alone", { defaultDeny: out }, "", { egress: nothing }],
    [
      "adds flows in the direction that it does not deny",
      { defaultDeny: in_ },
      out,
      { ingress: nothing, egress: toWorld, enableDefaultDeny: { egress: off } },
    ],
    [
      "may deny nothing by default",
      { defaultDeny: "none" },
      `${in_} ${out}`,
      { ingress: fromGateway, egress: toWorld, enableDefaultDeny: { ingress: off, egress: off } },
    ],
    [
      "says something even where it denies nothing and allows nothing",
      { defaultDeny: "none" },
      "",
      { ingress: nothing, enableDefaultDeny: { ingress: off } },
    ],
    [
      "may deny the world and nothing by default",
      { defaultDeny: out, denyWorld: true },
      "",
      { ingressDeny: [{ fromEntities: ["world"] }], egress: nothing, enableDefaultDeny: { ingress: off } },
    ],
  ];
  for (const [title, said, flows, rules] of cases) {
    it(title, () => {
      assert.deepEqual(rulesOf(said, flows), rules);
      assert.deepEqual(rulesOf(said, flows, "group"), rules);
    });
  }

  it("denies nothing while it is observed, whatever it says", () => {
    const observed = (said: Said) => rulesOf(said, in_, "workload", { enforcement: "observe" });
    assert.deepEqual(observed({ denyWorld: true }), {
      ingress: fromGateway,
      egress: nothing,
      enableDefaultDeny: { ingress: off, egress: off },
    });
    assert.deepEqual(observed({ defaultDeny: in_ }), { ingress: fromGateway, enableDefaultDeny: { ingress: off } });
  });
});

describe("A group", () => {
  it("is all pods of its namespace unless it has labels", () => {
    const shop = namespace("shop");
    shop.group("all");
    shop.group("front", { labels: { tier: "front" } });
    const cluster = configure(readCluster({ namespaces: [shop.flows(() => [])] }), program.config);
    const policies = ciliumPolicies({ policies: renderPolicies(cluster) });
    assert.deepEqual(
      policies.slice(1).map(({ spec }) => spec?.endpointSelector),
      [{}, { matchLabels: { tier: "front" } }],
    );
  });
});
