import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { type KubernetesApi, kubernetesApiOf } from "../provider/kubernetes-api.ts";
import { namespaces, policyCount } from "../sample/counts.ts";
import { type Cluster, startCluster } from "../toolchain/cluster.ts";
import { type ProdStack, prodStack } from "../toolchain/stack.ts";
import { nameOf, recorded, rendered, stored } from "./policies.ts";

/** Clients and their servers, most of them in other namespaces, of which two serve each other. */
const edges = [
  { client: "booking/web", server: "data/postgres" },
  { client: "monitoring/grafana", server: "data/postgres" },
  { client: "jobs/controller", server: "data/postgres" },
  { client: "monitoring/prometheus", server: "kube-system/coredns" },
  { client: "monitoring/prometheus", server: "data/store" },
  { client: "monitoring/tempo", server: "data/store" },
  { client: "jobs/backup", server: "data/store" },
  { client: "monitoring/prometheus", server: "booking/web" },
  { client: "booking/web", server: "monitoring/tempo" },
  { client: "booking/tunnel", server: "booking/web" },
  { client: "booking/tunnel", server: "argocd/server" },
  { client: "argocd/server", server: "identity/login" },
  { client: "monitoring/grafana", server: "identity/login" },
];

describe("The order of changes, as the API server sees it", function () {
  this.timeout("2m");
  let cluster: Cluster;
  let api: KubernetesApi;
  let stack: ProdStack;

  before(async function () {
    this.timeout("45m");
    cluster = await startCluster({ namespaces });
    api = kubernetesApiOf(cluster.kubeconfig, cluster.context);
    stack = await prodStack(cluster, { double: true });
  });
  after(async () => {
    await stack?.close();
    await cluster?.stop();
  });

  const servers = new Set(edges.map(({ server }) => server));

  it("stops before the clients of a server that could not be changed, and takes up from there", async () => {
    const failing = "data/postgres";
    const clients = edges.filter(({ server }) => server === failing).map(({ client }) => client);
    stack.environment.double?.inject((_, object) => {
      if (nameOf(object) === failing) throw new Error("injected failure");
    });
    await assert.rejects(
      stack.up(),
      /postgres" was not successfully created by the Kubernetes API server: injected failure/,
    );

    const present = await stored(api);
    assert.ok(present.has("allow-dns"));
    for (const name of [failing, ...clients]) assert.ok(!present.has(name), name);
    assert.deepEqual((await recorded(stack)).sort(), [...present.keys()].sort());

    stack.environment.double?.inject(() => {});
    await stack.up();
    assert.deepEqual([...(await stored(api)).keys()].sort(), [...(await rendered(stack)).keys()].sort());
  });

  it("is clients before their servers, and allow-dns last, when policies are deleted", async () => {
    const deleted: string[] = [];
    stack.environment.double?.inject(async (verb, object) => {
      // Clients take their time: whoever does not wait for them overtakes them.
      if (!servers.has(nameOf(object))) await pause(30);
      if (verb === "delete") deleted.push(nameOf(object));
    });
    await stack.destroy();

    assert.equal(deleted.length, policyCount);
    assert.equal(deleted.at(-1), "allow-dns");
    for (const { client, server } of edges) {
      assert.ok(deleted.indexOf(client) < deleted.indexOf(server), `${client} before ${server}`);
    }
  });

  it("is allow-dns first, then servers before their clients, when policies are created", async () => {
    stack.environment.double?.inject(async (_, object) => {
      if (servers.has(nameOf(object)) || nameOf(object) === "allow-dns") await pause(30);
    });
    await stack.up();

    const order = [...(await stored(api)).keys()];
    assert.equal(order.length, policyCount);
    assert.equal(order[0], "allow-dns");
    for (const { client, server } of edges) {
      assert.ok(order.indexOf(server) < order.indexOf(client), `${server} before ${client}`);
    }
  });
});
