import assert from "node:assert/strict";
import { from, gateway, http, namespace, podsOf } from "../../../cilium/language.ts";
import { configure } from "../../../cilium/model/cluster.ts";
import type { Direction } from "../../../cilium/model/peers/workload.ts";
import { readCluster } from "../../../cilium/model/read.ts";
import { renderPolicies } from "../../../cilium/render/policies.ts";
import { ciliumPolicies, program } from "../../rendered.ts";

describe("A flow that one end alone states", () => {
  /** The egress of web and the ingress of api, between which there is a flow of which only this end says so. */
  function rulesWith(end: Direction, source: "web" | "pods" | "gateway" = "web") {
    const shop = namespace("shop");
    const web = shop.workload("web", { labels: { app: "web" } });
    const api = shop.workload("api", { labels: { app: "api" }, ports: { http: http(8081) } });
    const sources = { web, pods: podsOf("shop", { app: "web" }), gateway };
    const state = () => [from(sources[source]).to(api.http).only(end)];
    const policies = ciliumPolicies({
      policies: renderPolicies(configure(readCluster({ namespaces: [shop.flows(state)] }), program.config)),
    });
    const specOf = (name: string) => policies.find(({ metadata }) => metadata.name === name)?.spec;
    return { egress: specOf("web")?.egress, ingress: specOf("api")?.ingress };
  }

  const nothing = [{}];
  const toPorts = [{ ports: [{ port: "8081", protocol: "TCP" }] }];
  const out = [{ toEndpoints: [{ matchLabels: { app: "api" } }], toPorts }];
  const in_ = [{ fromEndpoints: [{ matchLabels: { app: "web" } }], toPorts }];

  it("is in the policy of that end, and the other stays as it is", () => {
    assert.deepEqual(rulesWith("egress"), { egress: out, ingress: nothing });
    assert.deepEqual(rulesWith("ingress"), { egress: nothing, ingress: in_ });
  });

  it("opens one end for the workloads of a set of pods too", () => {
    assert.deepEqual(rulesWith("egress", "pods"), { egress: out, ingress: nothing });
    assert.deepEqual(rulesWith("ingress", "pods"), { egress: nothing, ingress: in_ });
  });

  it("is of an end that a policy of the program is about", () => {
    assert.throws(() => rulesWith("egress", "gateway"), {
      message:
        /flow gateway → shop\/api: only\("egress"\), and no policy of the program says anything of the egress of gateway/,
    });
  });
});
