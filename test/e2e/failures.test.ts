import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { z } from "zod";
import { type KubernetesApi, kubernetesApiOf } from "../provider/kubernetes-api.ts";
import { namespaces, policyCount } from "../sample/counts.ts";
import { type Cluster, startCluster } from "../toolchain/cluster.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";
import { toolchain } from "../toolchain/pulumi.ts";
import { type ProdStack, prodStack, type StackConfig } from "../toolchain/stack.ts";
import { recorded, rendered, stored } from "./policies.ts";

describe("A cluster that cannot take the policies", function () {
  // The genuine provider tries for a minute to create what has no namespace.
  this.timeout("4m");
  const running: { stop(): Promise<void> }[] = [];

  const start = async (
    options: Parameters<typeof startCluster>[0],
  ): Promise<{ cluster: Cluster; api: KubernetesApi }> => {
    const cluster = await startCluster(options);
    running.push(cluster);
    return { cluster, api: kubernetesApiOf(cluster.kubeconfig, cluster.context) };
  };
  const stackFor = async (
    cluster: { kubeconfig: string; context: string },
    config?: StackConfig,
  ): Promise<ProdStack> => {
    const stack = await prodStack(cluster, { config });
    running.push({ stop: stack.close });
    return stack;
  };

  before(async function () {
    this.timeout("45m");
    await toolchain();
    await (await startCluster({ namespaces: [] })).stop();
  });
  afterEach(async () => {
    for (const { stop } of running.splice(0)) await stop();
  });

  it("lacks a namespace: preview passes, up names it, and goes on once it exists", async () => {
    const { cluster, api } = await start({ namespaces: namespaces.filter((name) => name !== "identity") });
    const stack = await stackFor(cluster);
    await stack.preview();
    assert.equal((await stored(api)).size, 0);

    await assert.rejects(
      stack.up(),
      /identity\/login" was not successfully created by the Kubernetes API server: namespaces "identity" not found/,
    );
    const present = await stored(api);
    for (const client of ["identity/login", "monitoring/grafana", "argocd/server"])
      assert.ok(!present.has(client), client);
    assert.deepEqual((await recorded(stack)).sort(), [...present.keys()].sort());

    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "identity" } };
    await api.apply(namespace, { fieldManager: "test" });
    await stack.up();
    assert.deepEqual([...(await stored(api)).keys()].sort(), [...(await rendered(stack)).keys()].sort());
  });

  it("lacks Cilium's CRDs: up asks for them and records no policy", async () => {
    const { cluster } = await start({ namespaces, crds: false });
    const stack = await stackFor(cluster);
    await assert.rejects(
      stack.up(),
      /any required CRDs have been created.*no matches for kind "Cilium\w+NetworkPolicy"/s,
    );
    assert.deepEqual(await recorded(stack), []);
  });

  it("does not answer: up says so and records no policy, and succeeds once it does", async () => {
    const { cluster, api } = await start({ namespaces });
    const stack = await stackFor({ kubeconfig: await kubeconfigOfNobody(), context: "nobody" });
    await assert.rejects(stack.up(), /configured Kubernetes cluster is unreachable: .*ECONNREFUSED|connection refused/);
    assert.deepEqual(await recorded(stack), []);

    stack.configure({ kubeconfig: cluster.kubeconfig, context: cluster.context });
    await stack.up();
    assert.equal((await stored(api)).size, policyCount);
    assert.equal((await recorded(stack)).length, policyCount);
  });

  it("is left half done by Ctrl-C: what is stored is recorded, and the next up goes on", async () => {
    const { cluster, api } = await start({ namespaces });
    const stack = await prodStack(cluster, { double: true });
    running.push({ stop: stack.close });
    const interrupt = new AbortController();
    let writes = 0;
    stack.environment.double?.inject(() => {
      if (++writes === 10) interrupt.abort();
    });
    await assert.rejects(stack.up({ signal: interrupt.signal }));
    const present = [...(await stored(api)).keys()];
    assert.ok(present.length >= 10 && present.length < policyCount, `${present.length} are stored`);
    assert.deepEqual((await recorded(stack)).sort(), present.sort());

    await stack.up();
    assert.equal((await stored(api)).size, policyCount);
  });

  it("has a policy of that name already: up does not take it over, unless it is told to adopt it", async () => {
    const { cluster, api } = await start({ namespaces });
    const name = { name: "server", namespace: "argocd" };
    const foreign = {
      apiVersion: "cilium.io/v2",
      kind: "CiliumNetworkPolicy",
      metadata: name,
      spec: { endpointSelector: {}, egress: [{}] },
    };
    await api.apply(foreign, { fieldManager: "somebody" });
    const stack = await stackFor(cluster);
    await assert.rejects(stack.up(), /argocd\/server.*already exists/s);
    assert.deepEqual((await stored(api)).get("argocd/server")?.spec, foreign.spec);
    assert.ok(!(await recorded(stack)).includes("argocd/server"));

    stack.configure({ adoptExisting: true });
    await stack.up();
    assert.deepEqual(
      (await stored(api)).get("argocd/server")?.spec,
      (await rendered(stack)).get("argocd/server")?.spec,
    );
  });

  it("is never asked when the config is wrong: one line says what to write, and nothing is registered", async () => {
    const { cluster, api } = await start({ namespaces });
    const stack = await stackFor(cluster, { labels: { "monitoring/grafanna": { app: "grafana" } } });
    await assert.rejects(stack.up(), (error: Error) => {
      assert.match(error.message, /monitoring\/grafanna/);
      assert.doesNotMatch(error.message, /at .*\.ts:\d+/, "no stack trace");
      return true;
    });
    assert.equal((await stored(api)).size, 0);
    assert.deepEqual(await recorded(stack), []);
  });
});

/** A kubeconfig of a port that nobody listens at. */
async function kubeconfigOfNobody(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = z.object({ port: z.number() }).parse(server.address());
  server.close();
  await once(server, "close");
  const file = join(temporaryFolder("kubeconfig"), "config");
  const name = "nobody";
  const kubeconfig = {
    "current-context": name,
    clusters: [{ name, cluster: { server: `https://127.0.0.1:${port}` } }],
    users: [{ name, user: {} }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  };
  writeFileSync(file, JSON.stringify(kubeconfig));
  return file;
}
