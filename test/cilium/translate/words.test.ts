import assert from "node:assert/strict";
import { policy as policySchema } from "../../../cilium/policy/schema.ts";
import type { Endpoint, Inventory } from "../../../cilium/reach/compile/inventory.ts";
import { translate } from "../../../cilium/translate/translate.ts";
import { writeCluster } from "../../../cilium/write/cluster.ts";
import { program } from "../../rendered.ts";

const pod = (name: string, labels: Record<string, string>, ports: Endpoint["ports"] = []): Endpoint => ({
  namespace: "shop",
  name,
  labels,
  ports,
});

const pods = [
  pod("api", { app: "api" }, [{ name: "metrics", port: 9090, protocol: "TCP" }]),
  pod("db", { app: "db" }),
  { ...pod("vault", { app: "vault" }), serviceAccount: "vault" },
];

const inventory: Inventory = { cluster: "default", endpoints: pods, nodes: [], names: [] };

/** A policy of the pods of an app, or a clusterwide one where it names none. */
const policy = (name: string, app: string | undefined, rule: object, kind = "CiliumNetworkPolicy") =>
  policySchema.parse({
    apiVersion: "cilium.io/v2",
    kind,
    metadata: { name, ...(kind === "CiliumNetworkPolicy" && { namespace: "shop" }) },
    spec: { endpointSelector: app === undefined ? {} : { matchLabels: { app } }, ...rule },
  });

const labels = (matchLabels: Record<string, string>) => ({ matchLabels });
const on = (port: string, protocol?: string) => [{ ports: [{ port, ...(protocol && { protocol }) }] }];

/** The files of a cluster that has these policies, one after the other, and what of them stays as it is. */
function written(policies: readonly ReturnType<typeof policy>[], endpoints = pods) {
  const settings = { ...program.config, clusterName: "default" };
  const { cluster, comments, kept, settings: own } = translate(policies, { ...inventory, endpoints }, settings);
  const files = writeCluster(cluster, { language: "language", comments, hasPolicyPack: false });
  assert.deepEqual(
    kept.map(({ reason }) => reason),
    [],
  );
  return { text: [...files.values()].join("\n"), policyNames: own.policyNames };
}

describe("Policies in words", () => {
  it("are about the port that a container names, which speaks what rules say of it", () => {
    const scraped = {
      toPorts: [{ ports: [{ port: "metrics", protocol: "TCP" }], rules: { http: [{ method: "GET" }] } }],
    };
    const { text } = written([
      policy("api", "api", { ingress: [{ fromEndpoints: [labels({ app: "db" })], ...scraped }] }),
    ]);
    assert.match(text, /ports: \{ metrics: http\(9090\) \}/);
    assert.match(text, /\.to\(api\.metrics\)\s*\.carrying\(\{ method: "GET" \}\)/);
  });

  it("open DNS over UDP and TCP where they say any transport and the agent drops SCTP", () => {
    const lookups = [{ ports: [{ port: "53", protocol: "ANY" }], rules: { dns: [{ matchPattern: "*" }] } }];
    const { text } = written([
      policy("api", "api", { egress: [{ toEndpoints: [labels({ app: "db" })], toPorts: lookups }] }),
    ]);
    assert.match(text, /\.on\(dns\(53\)\)\)\s*\.carrying\(\{ lookup: "\*" \}\)/);
  });

  it("are one flow where both ends say any transport", () => {
    const { text } = written([
      policy("api", "api", { egress: [{ toEndpoints: [labels({ app: "db" })], toPorts: on("5432") }] }),
      policy("db", "db", { ingress: [{ fromEndpoints: [labels({ app: "api" })], toPorts: on("5432") }] }),
    ]);
    assert.match(text, /\[from\(api\)\.to\(db\.on\(anyTransport\(5432\)\)\)\]/);
  });

  it("open every port of a transport by its word", () => {
    const { text } = written([
      policy("db", "db", { ingress: [{ fromCIDR: ["192.0.2.0/24"], toPorts: on("0", "TCP") }] }),
    ]);
    assert.match(text, /to\(db\.on\(tcp\(\)\)\)/);
  });

  it("select by a service account where others than today's pods may have it, and open both ends", () => {
    const account = { "io.cilium.k8s.policy.serviceaccount": "vault" };
    const { text } = written([
      policy("db", "db", { ingress: [{ fromEndpoints: [labels(account)], toPorts: on("5432", "TCP") }] }),
      policy("vault", "vault", { egress: [{ toEndpoints: [labels({ app: "db" })], toPorts: on("5432", "TCP") }] }),
    ]);
    assert.match(
      text,
      /from\(podsOf\("shop", \{ "io\.cilium\.k8s\.policy\.serviceaccount": "vault" \}\)\)\.to\(db\.on\(5432\)\),/,
    );
    assert.match(text, /otherLabels: \{ "io\.cilium\.k8s\.policy\.serviceaccount": "vault" \}/);
  });

  it("are several where their specs select different pods, and take over none", () => {
    const spec = (app: string) => ({ endpointSelector: labels({ app }), ingress: [{ fromEntities: ["host"] }] });
    const { spec: _, ...both } = policy("both", undefined, { ingress: [{}] });
    const { text, policyNames } = written([policySchema.parse({ ...both, specs: [spec("api"), spec("db")] })]);
    assert.match(text, /from\(host\)\.to\(api\.on\(everyPort\)\)/);
    assert.match(text, /from\(host\)\.to\(db\.on\(everyPort\)\)/);
    assert.deepEqual(policyNames, { "shop/api": "both-1", "shop/db": "both-2" });
  });

  it("are those of workloads that their labels name, where nothing else does", () => {
    const { text, policyNames } = written([policy("allow-web", "web", { ingress: [{ fromEntities: ["host"] }] })], []);
    assert.match(text, /export const web = shop\.workload\("web"/);
    assert.deepEqual(policyNames, { "shop/web": "allow-web" });
  });

  it("stand in a namespace that is called otherwise where a workload has its name", () => {
    const { text } = written(
      [policy("shop", "shop", { ingress: [{ fromEntities: ["host"] }] })],
      [pod("shop", { app: "shop" })],
    );
    assert.match(text, /const ns = namespace\("shop"\);/);
    assert.match(text, /export const shop = ns\.workload\("shop"/);
  });
});
