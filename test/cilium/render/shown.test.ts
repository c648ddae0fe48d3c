/** What the words make is shown like all else: in the stack's outputs, on the map, and to the engine. */
import assert from "node:assert/strict";
import {
  anyPod,
  cidr,
  clusterwide,
  deny,
  everyPort,
  from,
  http,
  namespace,
  podsOf,
  service,
  tcp,
  world,
} from "../../../cilium/language.ts";
import { configure } from "../../../cilium/model/cluster.ts";
import { inventoryOf } from "../../../cilium/model/inventory.ts";
import { readCluster } from "../../../cilium/model/read.ts";
import { compile } from "../../../cilium/reach/compile/network.ts";
import { verdict } from "../../../cilium/reach/decide/verdict.ts";
import { renderPolicies } from "../../../cilium/render/policies.ts";
import { defaultDeny, flowOutputs } from "../../../components/outputs.ts";
import { graphOf } from "../../../map/graph.ts";
import { programPicture } from "../../../map/program.ts";
import { wholeSheet } from "../../../map/sheets.ts";
import { program } from "../../rendered.ts";

const wide = clusterwide();
const online = wide.group("online", { labels: { egress: "world" }, defaultDeny: "egress" });
const workers = wide.nodes("workers", { labels: { role: "worker" }, defaultDeny: "ingress" });
const shop = namespace("shop");
const web = shop.workload("web", { labels: { app: "web" }, ports: { http: http(8080), sql: tcp(5432) } });
const jobs = shop.group("jobs", { labels: { job: "nightly" }, defaultDeny: "none" });

const cluster = configure(
  readCluster({
    dns: false,
    clusterwide: wide.flows(() => [from(online).to(world.on(443)), from(world).to(workers.on(22))]),
    namespaces: [
      shop.flows(() => [
        from(podsOf("watch", { app: "agent" }))
          .to(web.http)
          .carrying({ method: "GET" })
          .for("metrics"),
        from(anyPod).to(web.sql).authenticated().only("ingress"),
        from(jobs).to(service("infra", "queue").on(5672)),
        deny(web).to(cidr("169.254.169.254/32").on(everyPort)),
      ]),
    ],
  }),
  program.config,
);
const policies = renderPolicies(cluster);

describe("What words make is shown", () => {
  it("in the stack's outputs", () => {
    assert.deepEqual(flowOutputs(cluster), [
      {
        from: "pods of watch with app=agent",
        to: "shop/web",
        ports: ["8080/TCP"],
        l7: "http",
        carrying: [{ method: "GET" }],
        purpose: "metrics",
      },
      { from: "any pod", to: "shop/web", ports: ["5432/TCP"], authenticated: true, only: "ingress" },
      { from: "shop/jobs", to: "Service queue of infra", ports: ["5672/TCP"] },
      { from: "clusterwide/online", to: "world", ports: ["443/TCP"] },
      { from: "world", to: "clusterwide/workers", ports: ["22/TCP"] },
      { from: "shop/web", to: "169.254.169.254/32", ports: ["every port"], denied: true },
    ]);
    assert.deepEqual(defaultDeny(cluster), {
      ingress: ["shop/web", "clusterwide/workers"],
      egress: ["shop/web", "clusterwide/online"],
    });
  });

  it("on the map", () => {
    const picture = programPicture("a program", cluster, policies);
    const graph = graphOf(wholeSheet(picture));
    assert.deepEqual(
      graph.namespaces.map(({ name, workloads }) => [name, workloads.map(({ label }) => label)]),
      [
        ["shop", ["web", "jobs"]],
        ["clusterwide", ["online"]],
        ["watch", ["pods of watch with app=agent"]],
        ["several namespaces", ["any pod"]],
        ["infra", ["Service queue"]],
      ],
    );
    assert.deepEqual(
      graph.hubs.map(({ id, names }) => [id, names]),
      [["clusterwide/workers", ["role=worker"]]],
    );
    assert.deepEqual(
      picture.flows.flatMap(({ conditions }) => conditions),
      ["GET", "authenticated", "ingress only"],
    );
    assert.equal(
      picture.peers.find(({ id }) => id === "shop/web")?.note,
      "Denied: shop/web → 169.254.169.254/32: every port",
    );
  });

  it("to the engine, with pods where nobody declares any", () => {
    const inventory = inventoryOf(cluster);
    assert.deepEqual(
      inventory.endpoints.map(({ namespace, name, labels }) => [`${namespace}/${name}`, labels]),
      [
        ["shop/web", { app: "web" }],
        ["shop/jobs", { job: "nightly" }],
        ["watch/app=agent", { app: "agent" }],
        ["any/online", { egress: "world" }],
      ],
    );
    const network = compile(policies, inventory);
    const outcome = (namespace: string, name: string, port: number) =>
      verdict(network, {
        source: { kind: "endpoint", namespace, name },
        destination: { kind: "entity", entity: "world" },
        protocol: "TCP",
        port,
      }).outcome;
    assert.deepEqual(
      [
        outcome("any", "online", 443),
        outcome("any", "online", 80),
        outcome("shop", "jobs", 80),
        outcome("shop", "web", 443),
      ],
      ["allowed", "denied", "allowed", "denied"],
    );
  });
});
