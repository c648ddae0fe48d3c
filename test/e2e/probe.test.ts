import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type KubernetesApi, kubernetesApiOf } from "../provider/kubernetes-api.ts";
import { namespaces, policyCount } from "../sample/counts.ts";
import { type Cluster, startCluster } from "../toolchain/cluster.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";
import { type ProdStack, prodStack, recordSteps } from "../toolchain/stack.ts";
import { endJobs, type Outcome } from "./kubelet.ts";
import { stored, touched } from "./policies.ts";

const job = z.looseObject({
  metadata: z.looseObject({ uid: z.string() }),
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({ containers: z.array(z.looseObject({ command: z.array(z.string()) })) }),
    }),
  }),
});

describe("The connectivity probe on a real API server", function () {
  this.timeout("2m");
  let cluster: Cluster;
  let api: KubernetesApi;
  let stack: ProdStack;
  let kubelet: { stop(): Promise<void> };
  let outcome: Outcome = "Complete";

  const jobs = async () => {
    const listed = await api.list("batch/v1", "Job");
    return new Map(listed.map((object) => [object.metadata.namespace, job.parse(object)]));
  };

  before(async function () {
    this.timeout("45m");
    cluster = await startCluster({ namespaces });
    api = kubernetesApiOf(cluster.kubeconfig, cluster.context);
    kubelet = await endJobs(cluster, () => outcome);
    stack = await prodStack(cluster, { config: { probe: true, probeNamespaces: ["argocd", "identity"] } });
    await stack.preview({ policyPacks: [join(stack.folder, "policypack")] });
    await stack.up();
  });
  after(async () => {
    await stack?.close();
    await kubelet?.stop();
    await cluster?.stop();
  });

  it("is a Job and a policy of its own in each chosen namespace", async () => {
    assert.deepEqual([...(await jobs()).keys()].sort(), ["argocd", "identity"]);
    const policies = await stored(api);
    assert.equal(policies.size, policyCount + 2);
    assert.ok(policies.has("argocd/connectivity-probe") && policies.has("identity/connectivity-probe"));
  });

  it("is left alone while the policies are as they were, and replaced when they change", async () => {
    const before = await jobs();
    await stack.up();
    assert.deepEqual((await jobs()).get("argocd")?.metadata.uid, before.get("argocd")?.metadata.uid);

    stack.configure({ apiServerPort: 16443 });
    await stack.up();
    const after = await jobs();
    assert.equal(after.size, 2);
    assert.notEqual(after.get("argocd")?.metadata.uid, before.get("argocd")?.metadata.uid);
  });

  it("fails the update when it fails", async () => {
    outcome = "Failed";
    stack.configure({ apiServerPort: 26443 });
    await assert.rejects(stack.up(), /connectivity-probe.*failed to fully initialize or become live/s);
    outcome = "Complete";
    stack.configure({ apiServerPort: 16443 });
    await stack.up();
  });

  /** Runs the Job's own script where doubles of nslookup and nc answer as told. */
  async function script(answers: { resolves: boolean; reaches: readonly string[] }, forbidden = "kube-dns:9153") {
    const bin = temporaryFolder("probe");
    const executable = (name: string, body: string) =>
      writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    executable("nslookup", answers.resolves ? "exit 0" : "exit 1");
    const reached = answers.reaches.map((place) => `"${place.replace(":", " ")}"`).join("|");
    executable("nc", `case "$4 $5" in ${reached || '""'}) exit 0;; *) exit 1;; esac`);
    const [container] = (await jobs()).get("argocd")?.spec.template.spec.containers ?? [];
    const [shell = "", ...args] = container?.command ?? [];
    const env = { PATH: `${bin}:/bin:/usr/bin`, FORBIDDEN: forbidden };
    const { status, stderr } = spawnSync(shell, args, { env, encoding: "utf8" });
    return { status, said: stderr.trim() };
  }
  const apiServer = "kubernetes.default.svc.cluster.local:443";

  it("passes where names resolve, the API server answers and the forbidden destination does not", async () => {
    assert.deepEqual(await script({ resolves: true, reaches: [apiServer] }), { status: 0, said: "" });
  });

  it("fails with a line for each promise that is broken", async () => {
    assert.match((await script({ resolves: false, reaches: [apiServer] })).said, /^DNS does not resolve/);
    assert.match((await script({ resolves: true, reaches: [] })).said, /^the API server does not answer$/);
    const open = await script({ resolves: true, reaches: [apiServer, "kube-dns:9153"] });
    assert.deepEqual(open, { status: 1, said: "kube-dns:9153 answers, though no policy allows it" });
  });

  it("does not try a forbidden destination where policies are only observed", async () => {
    assert.equal((await script({ resolves: true, reaches: [apiServer, "kube-dns:9153"] }, "")).status, 0);
  });

  it("goes with its policy when it is switched off", async () => {
    stack.configure({ probe: false });
    const { steps, onEvent } = recordSteps();
    await stack.up({ onEvent });
    assert.deepEqual(touched(steps, "delete").sort(), ["argocd/connectivity-probe", "identity/connectivity-probe"]);
    assert.equal((await jobs()).size, 0);
    assert.equal((await stored(api)).size, policyCount);
  });
});
