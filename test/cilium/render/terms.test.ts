import assert from "node:assert/strict";
import {
  cidr,
  deny,
  dns,
  everyPort,
  from,
  http,
  https,
  namespace,
  podsOf,
  tcp,
  world,
} from "../../../cilium/language.ts";
import { configure } from "../../../cilium/model/cluster.ts";
import type { StatedFlow } from "../../../cilium/model/flow.ts";
import { inventoryOf } from "../../../cilium/model/inventory.ts";
import type { Direction } from "../../../cilium/model/peers/workload.ts";
import { readCluster } from "../../../cilium/model/read.ts";
import { invalidities } from "../../../cilium/policy/validity.ts";
import { compile } from "../../../cilium/reach/compile/network.ts";
import { verdict } from "../../../cilium/reach/decide/verdict.ts";
import { conditionsOf } from "../../../cilium/reach/report/conditions.ts";
import { renderPolicies } from "../../../cilium/render/policies.ts";
import { sourceFile } from "../../../cilium/write/file.ts";
import { write } from "../../../cilium/write/write.ts";
import { ciliumPolicies, program } from "../../rendered.ts";
import { outcomes } from "./outcome.ts";

/** Two workloads and what is stated of them: the rules of both, the line as it is written, and a verdict between them. */
function stating(flow: (pods: ReturnType<typeof declare>) => StatedFlow, serverDenies?: Direction) {
  const pods = declare(serverDenies);
  const stated = pods.shop.flows(() => [flow(pods)]);
  const cluster = configure(readCluster({ dns: false, namespaces: [stated] }), program.config);
  const policies = ciliumPolicies({ policies: renderPolicies(cluster) });
  assert.deepEqual(
    policies.flatMap((policy) => invalidities(policy)),
    [],
  );
  const [client, server] = policies.map(({ spec }) => spec);
  const { web, api } = pods;
  const file = sourceFile(
    "cluster/shop.ts",
    { shop: stated, web, api },
    'import { namespace } from "../cilium/language.ts";',
  );
  const network = compile(policies, inventoryOf(cluster));
  return {
    egress: client?.egress?.[0],
    egressDeny: client?.egressDeny?.[0],
    ingress: server?.ingress?.[0],
    ingressDeny: server?.ingressDeny?.[0],
    written: write(cluster.namespaces[0]?.statements ?? [], file ? [file] : []).flatMap(({ flows }) => flows),
    said: client?.description,
    ask: (port: number, protocol: "TCP" | "UDP" = "TCP") =>
      verdict(network, {
        source: { kind: "endpoint", namespace: "shop", name: "web" },
        destination: { kind: "endpoint", namespace: "shop", name: "api" },
        protocol,
        port,
      }),
  };
}

function declare(defaultDeny?: Direction) {
  const shop = namespace("shop");
  const web = shop.workload("web", { labels: { app: "web" } });
  const api = shop.workload("api", {
    labels: { app: "api" },
    ports: { http: http(8080), tls: https(8443), dns: dns(53), sql: tcp(5432) },
    ...(defaultDeny !== undefined && { defaultDeny }),
  });
  return { shop, web, api };
}

const toApi = { toEndpoints: [{ matchLabels: { app: "api" } }] };
const fromWeb = { fromEndpoints: [{ matchLabels: { app: "web" } }] };
const on = (port: string, more: object = {}) => ({ toPorts: [{ ports: [{ port, protocol: "TCP" }], ...more }] });
const get = { rules: { http: [{ method: "GET", path: "/metrics" }] } };

describe("What a flow may carry", () => {
  it("is looked into where it arrives: HTTP requests", () => {
    const { egress, ingress, written, ask } = stating(({ web, api }) =>
      from(web)
        .to(api.http)
        .carrying({ method: "GET", path: "/metrics" }, { host: "a[.]example", headers: ["X-Token"] }),
    );
    const rules = {
      http: [
        { method: "GET", path: "/metrics" },
        { host: "a[.]example", headers: ["X-Token"] },
      ],
    };
    assert.deepEqual(
      { egress, ingress },
      { egress: { ...toApi, ...on("8080") }, ingress: { ...fromWeb, ...on("8080", { rules }) } },
    );
    assert.deepEqual(written, [
      'from(web).to(api.http).carrying({ method: "GET", path: "/metrics" }, { host: "a[.]example", headers: ["X-Token"] }),',
    ]);
    assert.equal(ask(8080).outcome, "allowed");
    assert.match(conditionsOf(ask(8080)).join(), /GET \/metrics/);
    assert.equal(ask(8443).outcome, "denied");
  });

  it("is looked into where it leaves, if nobody declares who is reached", () => {
    const { egress, said } = stating(({ web }) =>
      from(web)
        .to(world.on(http(80)))
        .carrying({ method: "GET", path: "/metrics" }),
    );
    assert.deepEqual(egress, { toEntities: ["world"], ...on("80", get) });
    assert.match(said ?? "", /Egress: world:80 \(GET \/metrics\)/);
  });

  it("is looked into at both ends, if the server refuses nothing by default", () => {
    const { egress, ingress } = stating(
      ({ web, api }) => from(web).to(api.http).carrying({ method: "GET", path: "/metrics" }),
      "egress",
    );
    assert.deepEqual(
      { egress, ingress },
      { egress: { ...toApi, ...on("8080", get) }, ingress: { ...fromWeb, ...on("8080", get) } },
    );
  });

  it("is looked into at the end that alone states it", () => {
    const { egress, ingress } = stating(({ web, api }) =>
      from(web).to(api.http).carrying({ method: "GET", path: "/metrics" }).only("egress"),
    );
    assert.deepEqual({ egress, ingress }, { egress: { ...toApi, ...on("8080", get) }, ingress: {} });
  });

  it("is looked into where it arrives: TLS to a server's name", () => {
    const { egress, ingress, written } = stating(({ web, api }) =>
      from(web).to(api.tls).carrying({ serverName: "api.example" }).for("orders"),
    );
    assert.deepEqual(
      { egress, ingress },
      { egress: { ...toApi, ...on("8443") }, ingress: { ...fromWeb, ...on("8443", { serverNames: ["api.example"] }) } },
    );
    assert.deepEqual(written, ['from(web).to(api.tls).carrying({ serverName: "api.example" }).for("orders"),']);
  });

  it("is looked into where it leaves: look-ups, which the DNS proxy sees there", () => {
    const { egress, ingress, ask, written } = stating(({ web, api }) =>
      from(web).to(api.dns).carrying({ lookup: "api.example" }, { lookup: "*.b.example" }),
    );
    const ports = [
      { port: "53", protocol: "UDP" },
      { port: "53", protocol: "TCP" },
    ];
    const rules = { dns: [{ matchName: "api.example" }, { matchPattern: "*.b.example" }] };
    assert.deepEqual(
      { egress, ingress },
      { egress: { ...toApi, toPorts: [{ ports, rules }] }, ingress: { ...fromWeb, toPorts: [{ ports }] } },
    );
    assert.match(conditionsOf(ask(53, "UDP")).join(), /api\.example/);
    assert.deepEqual(written, [
      'from(web).to(api.dns).carrying({ lookup: "api.example" }, { lookup: "*.b.example" }),',
    ]);
  });
});

describe("A flow between ends that prove who they are", () => {
  const authentication = { mode: "required" };

  it("has its proof where it arrives", () => {
    const { egress, ingress, written } = stating(({ web, api }) => from(web).to(api.sql).authenticated());
    assert.deepEqual(
      { egress, ingress },
      { egress: { ...toApi, ...on("5432") }, ingress: { ...fromWeb, ...on("5432"), authentication } },
    );
    assert.deepEqual(written, ["from(web).to(api.sql).authenticated(),"]);
  });

  it("has its proof where it leaves, if nobody declares who is reached", () => {
    const { egress } = stating(({ web }) =>
      from(web)
        .to(podsOf("shop", { app: "other" }).on(80))
        .authenticated(),
    );
    assert.deepEqual(egress, { toEndpoints: [{ matchLabels: { app: "other" } }], ...on("80"), authentication });
  });
});

describe("A denied flow", () => {
  it("is refused at both ends", () => {
    const { egress, egressDeny, ingress, ingressDeny, written, ask, said } = stating(({ web, api }) =>
      deny(web).to(api.sql).for("orders only"),
    );
    assert.deepEqual(
      { egress, egressDeny, ingress, ingressDeny },
      {
        egress: undefined,
        egressDeny: { ...toApi, ...on("5432") },
        ingress: undefined,
        ingressDeny: { ...fromWeb, ...on("5432") },
      },
    );
    assert.deepEqual(written, ['deny(web).to(api.sql).for("orders only"),']);
    assert.equal(ask(5432).outcome, "denied");
    assert.match(said ?? "", /Egress: \(deny api:5432 \(orders only\)\)/);
  });

  it("is refused by addresses, and on every port without a list", () => {
    const { egressDeny, said } = stating(({ web }) => deny(web).to(cidr("169.254.169.254/32").on(everyPort)));
    assert.deepEqual(egressDeny, { toCIDR: ["169.254.169.254/32"] });
    assert.match(said ?? "", /Egress: \(deny 169\.254\.169\.254\/32\)/);
  });

  it("leaves allowed what else is stated, and wins over it", () => {
    const pods = declare();
    const { shop, web, api } = pods;
    const stated = shop.flows(() => [from(web).to(api.sql, api.http), deny(podsOf("shop")).to(api.sql)]);
    const cluster = configure(readCluster({ dns: false, namespaces: [stated] }), program.config);
    const outcome = outcomes(cluster, "shop");
    assert.deepEqual([outcome("web", "api", 8080), outcome("web", "api", 5432)], ["allowed", "denied"]);
    assert.equal(cluster.flows.length, 1);
  });
});
