import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { kubernetesApiOf } from "../provider/kubernetes-api.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { temporaryFolder } from "./lifetime.ts";

describe("The embedded cluster", function () {
  this.timeout("1m");

  before(async function () {
    this.timeout("45m");
    await (await startCluster({ namespaces: [] })).stop();
  });

  it("serves both kinds of policies, in the namespaces asked for, until it is stopped", async () => {
    const cluster = await startCluster({ namespaces: ["one", "two"] });
    const api = kubernetesApiOf(cluster.kubeconfig, cluster.context);
    const namespaces = (await api.list("v1", "Namespace")).map(({ metadata }) => metadata.name);
    assert.ok(namespaces.includes("one") && namespaces.includes("two"));
    for (const kind of ["CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"]) {
      assert.deepEqual(await api.list("cilium.io/v2", kind), []);
    }
    await cluster.stop();
    assert.ok(!existsSync(cluster.kubeconfig));
    await assert.rejects(api.version(), /ECONNREFUSED|socket hang up/);
  });

  for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
    it(`ends with the process that started it, also by ${signal}, and leaves no file`, async () => {
      const folder = temporaryFolder("parent");
      const { parent, cluster } = await startElsewhere(folder);
      parent.kill(signal);
      await once(parent, "exit");
      await until(() => readdirSync(folder).length === 0);
      await assert.rejects(fetch(cluster.server), (error: Error) => /ECONNREFUSED/.test(String(error.cause)));
    });
  }
});

/** Starts a cluster in a process of its own, whose temporary files go to the folder. */
async function startElsewhere(folder: string): Promise<{ parent: ChildProcess; cluster: Pick<Cluster, "server"> }> {
  const code = `import { startCluster } from "${import.meta.dirname}/cluster.ts";
    console.log(JSON.stringify(await startCluster({ namespaces: [] })));`;
  const parent = spawn(process.execPath, ["--input-type=module", "--eval", code], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface(parent.stdout)) return { parent, cluster: JSON.parse(line) };
  throw new Error("the process ended without a cluster");
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}
