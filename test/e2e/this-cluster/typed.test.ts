/** What the pages tell to type, in the project of this cluster, which they speak of. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { assertQuoted, codeBlocks, commandsInText, quotations, shellBlocks } from "../../markdown.ts";
import { copyWithOwnCluster, rewrite } from "../../project.ts";
import { type KubernetesApi, kubernetesApiOf } from "../../provider/kubernetes-api.ts";
import { namespaces, policyCounts } from "../../this-cluster/rows.ts";
import { type Cluster, startCluster } from "../../toolchain/cluster.ts";
import { type Environment, openEnvironment } from "../../toolchain/environment.ts";
import { temporaryFolder } from "../../toolchain/lifetime.ts";
import { stored } from "../policies.ts";

const workloadCount = Object.values(policyCounts).reduce((a, b) => a + b, 0);
const policyCount = workloadCount + 1;

/** The policies, their components, the provider and the stack. */
const resourceCount = policyCount + namespaces.length + 3;

describe("The pages' commands for Pulumi, as typed", function () {
  this.timeout("5m");
  let cluster: Cluster;
  let api: KubernetesApi;
  let environment: Environment;
  let folder: string;

  before(async function () {
    this.timeout("45m");
    cluster = await startCluster({ namespaces });
    api = kubernetesApiOf(cluster.kubeconfig, cluster.context);
    environment = await openEnvironment(cluster.kubeconfig);
    folder = copyWithOwnCluster();
  });
  after(async () => {
    await environment?.close();
    await cluster?.stop();
  });

  /** Runs a line in the project's folder; gives what it says, without its status. */
  async function type(line: string, variables: NodeJS.ProcessEnv = {}): Promise<string> {
    const { code, output } = await ended(line, variables);
    assert.equal(code, 0, `${line}\n${output}`);
    return output;
  }

  async function ended(line: string, variables: NodeJS.ProcessEnv = {}) {
    // What a person answers to `pulumi up`.
    const answers = { PULUMI_SKIP_CONFIRMATIONS: "true" };
    const { code, stdout } = await environment.run("sh", ["-c", `exec 2>&1; ${line}`], {
      cwd: folder,
      variables: { ...answers, ...variables },
    });
    return { code, output: stdout };
  }

  const change = (file: string, from: string, to: string): void => rewrite(folder, file, from, to);

  it("in production: a stack, a preview, an update and its outputs", async () => {
    const [select, preflight, preview, up, output] = shellBlocks("README.md", "In production").flat();
    await type(select ?? "");
    assert.match(await type(preflight ?? ""), /nothing stops it, and it overwrites nothing/);
    assert.match(
      await type(preview ?? ""),
      new RegExp(
        `First deployment: ${workloadCount} workloads enter default deny.*\\+ ${resourceCount} to create`,
        "s",
      ),
    );
    assert.equal((await stored(api)).size, 0);
    await type(up ?? "");
    assert.equal((await stored(api)).size, policyCount);
    const flows = z.array(z.looseObject({ from: z.string() })).parse(JSON.parse(await type(output ?? "")));
    assert.ok(flows.some(({ from }) => from === "argocd/server"));
  });

  it("in service: verify, with one policy edited by hand", async () => {
    const redis = (await stored(api)).get("argocd/redis");
    assert.ok(redis);
    await api.patch(redis, { spec: { description: "edited by hand" } });
    const [quotation] = quotations("docs/operations.md", "In service");
    assert.ok(quotation);
    const { code, output } = await ended(`npm run --silent netpol -- ${quotation.words.join(" ")}`);
    assert.equal(code, 1);
    assertQuoted(output, quotation);
  });

  it("a roll-out: everything observed, then one namespace enforced, then all", async () => {
    const [observe, up, enforce, ...more] = commandsInText("docs/rollout.md", "Roll out without an outage");
    await type(observe ?? "");
    await type(up ?? "");
    assert.deepEqual(await inDefaultDeny(), []);
    await type(enforce ?? "");
    assert.match(await type(up ?? ""), /kanidm\/kanidm enters default deny/);
    assert.deepEqual(await inDefaultDeny(), ["kanidm/kanidm"]);
    for (const line of more) await type(line);
    assert.equal((await inDefaultDeny()).length, workloadCount);
  });

  it("taking over under another name", async () => {
    const lines = commandsInText("docs/rollout.md", "Take over what is there");
    for (const line of lines) await type(line);
    assert.ok((await stored(api)).has("database/postgres"));
  });

  it("the gate by hand: no cluster, no stack, no backend", async () => {
    const [, byHand = []] = shellBlocks("policypack/README.md", "Use it");
    const output = await type(byHand.join(" && "), { TMPDIR: temporaryFolder("backend") });
    assert.match(output, new RegExp(`\\+ ${resourceCount} to create`));
  });

  it("the gate of a pull request", async () => {
    const [gate = "", asJson = ""] = shellBlocks("docs/operations.md", "In CI").flat();
    assert.match(await type(gate), new RegExp(`\\+ ${resourceCount} to create`));
    assert.deepEqual(
      z
        .array(z.looseObject({ enforcementLevel: z.string() }))
        .parse(JSON.parse(await type(asJson)))
        .filter(({ enforcementLevel }) => enforcementLevel === "mandatory"),
      [],
    );
  });

  it("a new flow and a new workload", async () => {
    const [flow = "", workload = ""] = codeBlocks("README.md", "Change the network", "ts");
    const [, declaration = "", flows = ""] = /^(.*)^\/\/ among the flows\n(.*)/ms.exec(workload) ?? [];
    change("cluster/monitoring.ts", "export default monitoring.flows(() => [\n", `${declaration}$&${flow}${flows}`);
    const preview = await type("pulumi preview --suppress-outputs --policy-pack policypack");
    assert.match(preview, /monitoring\/grafana can now reach monitoring\/loki:3100/);
    assert.match(preview, /monitoring\/blackbox-exporter is added/);
    await type("npm run docs");
    assert.match(readFileSync(join(folder, "docs/network-policies.md"), "utf8"), /blackbox-exporter/);
  });

  it("the update of CI, which a fault stops before anything changes", async () => {
    const before = await stored(api);
    change("cluster/kanidm.ts", "from(gateway).to(kanidm.https)", "from(world).to(kanidm.https)");
    change("cluster/kanidm.ts", "import { from, gateway,", "import { from, world,");
    const { code, output } = await ended("npm run ci:up");
    assert.notEqual(code, 0, output);
    assert.match(output, /\[mandatory\] +no-wide-open/);
    assert.deepEqual(await stored(api), before);
  });

  it("a wrong config and a wrong file: a line for each fault, and no stack trace", async () => {
    await type("pulumi config set clustername prod && pulumi config set apiServerPort 0");
    const config = (await ended("pulumi preview")).output;
    assert.match(config, /config network-policies:clustername: there is no such key; did you mean clusterName\?/);
    assert.match(config, /config network-policies:apiServerPort: /);
    await type("pulumi config rm clustername && pulumi config rm apiServerPort");

    change("cluster/argocd.ts", "repoServer.grpc, redis.redis", "repoServer.grcp, reddis.redis");
    const { code, output } = await ended("pulumi preview");
    assert.notEqual(code, 0);
    assert.match(output, /error: cluster\/argocd\.ts:\d+: reddis is not defined; `npm run check` says more/);
    for (const said of [config, output]) assert.doesNotMatch(said, /^\s+at /m);
  });

  /** The workloads that a policy puts into default deny. */
  async function inDefaultDeny(): Promise<string[]> {
    const spec = z.looseObject({ enableDefaultDeny: z.unknown().optional() });
    return [...(await stored(api))].flatMap(([name, object]) =>
      object.kind === "CiliumNetworkPolicy" && spec.parse(object.spec).enableDefaultDeny === undefined ? [name] : [],
    );
  }
});
