/**
 * The whole way from policies that people wrote by hand to a program that owns them, on a real API server: brought in, installed
 * from the packed archive, looked at before the update, taken over, and changed by a line.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dump, load, loadAll } from "js-yaml";
import { z } from "zod";
import { type Ended, netpolWith } from "../cli/command.ts";
import { repository } from "../project.ts";
import {
  type KubernetesApi,
  type KubernetesObject,
  kubernetesApiOf,
  objectSchema,
} from "../provider/kubernetes-api.ts";
import { type Cluster, startCluster } from "../toolchain/cluster.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";
import { type ProdStack, prodStack, recordSteps } from "../toolchain/stack.ts";
import { packed } from "./packed.ts";
import { stored, touched } from "./policies.ts";

const byHand = loadAll(`
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: web-policy, namespace: shop }
spec:
  description: The shop's pages
  endpointSelector: { matchLabels: { app: web } }
  ingress: [{ fromEntities: [ingress], toPorts: [{ ports: [{ port: "8080", protocol: TCP }] }] }]
  egress:
    - toEndpoints: [{ matchLabels: { app: api } }]
      toPorts: [{ ports: [{ port: "9000", protocol: TCP }] }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: api, namespace: shop }
spec:
  podSelector: { matchLabels: { app: api } }
  ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: 9000 }] }]
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: api-egress, namespace: shop }
spec:
  endpointSelector: { matchLabels: { app: api } }
  egress:
    - toEndpoints: [{ matchLabels: { k8s:io.kubernetes.pod.namespace: data, app: db } }]
      toPorts: [{ ports: [{ port: "5432", protocol: TCP }] }]
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: db, namespace: data }
spec:
  endpointSelector: { matchLabels: { app: db } }
  ingress:
    - fromEndpoints: [{ matchLabels: { k8s:io.kubernetes.pod.namespace: shop, app: api } }]
      toPorts: [{ ports: [{ port: "5432", protocol: TCP }] }]
    - fromEndpoints: [{ matchLabels: { k8s:io.kubernetes.pod.namespace: shop, app: web } }]
      toPorts: [{ ports: [{ port: "5432", protocol: TCP }] }]
  egress: [{}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: default-deny, namespace: data }
spec: { podSelector: {}, policyTypes: [Ingress] }
---
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: { name: names }
spec:
  endpointSelector: { matchLabels: { io.cilium.k8s.policy.cluster: default } }
  enableDefaultDeny: { egress: false }
  egress:
    - toEndpoints: [{ matchLabels: { k8s:io.kubernetes.pod.namespace: kube-system, k8s-app: kube-dns } }]
      toPorts: [{ ports: [{ port: "53", protocol: UDP }], rules: { dns: [{ matchPattern: "*" }] } }]
`).map((one) => objectSchema.parse(one));

const pods = [
  ["shop", "web", 8080],
  ["shop", "api", 9000],
  ["data", "db", 5432],
  ["data", "backup", 80],
].map(([namespace, app, port]) =>
  objectSchema.parse({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: app, namespace, labels: { app } },
    spec: { containers: [{ name: app, image: "example.invalid", ports: [{ name: "main", containerPort: port }] }] },
  }),
);

describe("From policies by hand to a program", function () {
  this.timeout("3m");
  const folder = temporaryFolder("by-hand");
  // As the tests call the project whose stacks they open.
  const project = join(folder, "network-policies");
  let cluster: Cluster;
  let api: KubernetesApi;
  let stack: ProdStack;
  let said: Ended;
  let handWritten: readonly KubernetesObject[];

  const write = (name: string, objects: readonly unknown[]) =>
    writeFileSync(join(folder, name), objects.map((one) => `---\n${dump(one)}`).join(""));
  /** The command that npm has installed. */
  const netpol = (...args: string[]) =>
    stack.environment.run("npx", ["--no-install", "netpol", ...args], { cwd: project });
  const diff = async (one: string, other: string) =>
    netpol("diff", join(folder, one), join(folder, other), "--inventory", join(folder, "pods.yaml"));
  const policies = async (): Promise<KubernetesObject[]> => [
    ...(await stored(api)).values(),
    ...(await api.list("networking.k8s.io/v1", "NetworkPolicy")),
  ];

  before(async function () {
    this.timeout("45m");
    cluster = await startCluster({ namespaces: ["shop", "data"] });
    api = kubernetesApiOf(cluster.kubeconfig, cluster.context);
    for (const pod of pods) await api.apply(pod, { fieldManager: "kubelet" });
    for (const policy of byHand) await api.apply(policy, { fieldManager: "kubectl" });
    handWritten = await policies();
    write("before.yaml", handWritten);
    write("pods.yaml", pods);
  });
  after(async () => {
    await stack?.close();
    await cluster?.stop();
  });

  it("is brought in from the live cluster, and nothing changes", async function () {
    this.timeout("10m");
    const archive = await packed();
    const words = ["init", "network-policies", "--context", cluster.context, "--package", archive];
    said = netpolWith(
      { env: { KUBECONFIG: cluster.kubeconfig }, command: join(repository, "cli/netpol.js") },
      folder,
      ...words,
    );
    assert.equal(said.code, 0, said.stdout + said.stderr);
    assert.match(said.stdout, /^network-policies is written: the 6 policies of context embedded as \d+ flows/);
    assert.match(said.stdout, /while both stand: no difference/);
    // web → db is let in and never let out.
    assert.match(said.stdout, /data\/db .*shop\/web/);
    assert.match(readFileSync(join(project, "cluster/shop.ts"), "utf8"), /from\(web\)\.to\(api\.main\)/);
    stack = await prodStack(cluster, { folder: project });
  });

  it("is a project that npm installs from the packed archive, and that works at once", async function () {
    this.timeout("10m");
    const { run } = stack.environment;
    const installed = await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund"], { cwd: project });
    assert.equal(installed.code, 0, installed.stderr);
    // What was wrong with the policies is wrong with them still.
    for (const [words, code] of [
      [["check"], 1],
      [["docs", "--check"], 0],
      [["test", "expectations.yaml"], 0],
      [["list"], 0],
    ] as const) {
      const ended = await netpol(...words);
      assert.equal(ended.code, code, words.join(" ") + ended.stdout + ended.stderr);
    }
    assert.equal((await run("npm", ["run", "check"], { cwd: project })).code, 0);
    const rendered = await netpol("render");
    writeFileSync(join(folder, "rendered.yaml"), rendered.stdout);
    const { code, stdout } = await diff("before.yaml", "rendered.yaml");
    assert.equal(code, 0, stdout);
  });

  it("has a pull-request workflow whose commands pass where nothing is changed, and say what a change means", async () => {
    const { run } = stack.environment;
    const workflow = workflowSchema.parse(
      load(readFileSync(join(project, ".github/workflows/pull-request.yml"), "utf8")),
    );
    const git = (...args: string[]) =>
      run("git", ["-c", "user.name=t", "-c", "user.email=t@t", ...args], { cwd: project });
    for (const args of [
      ["init", "-q"],
      ["add", "."],
      ["commit", "-qm", "As it is"],
      ["update-ref", "refs/remotes/origin/main", "HEAD"],
    ]) {
      const ended = await git(...args);
      assert.equal(ended.code, 0, ended.stderr);
    }
    const file = join(project, "cluster/shop.ts");
    const before = readFileSync(file, "utf8");
    const commands = workflow.jobs.policies.steps.flatMap(({ run }) => run ?? []);
    assert.ok(commands.length >= 6);
    const env = { BASE: "main", GITHUB_STEP_SUMMARY: join(folder, "summary.md") };
    const pass = async (command: string) => {
      // What it would install is installed.
      const script = command.replace("npm ci", "npm ci --dry-run --offline");
      const ended = await run("bash", ["-e", "-c", script], { cwd: project, variables: env });
      assert.equal(ended.code, 0, command + ended.stdout + ended.stderr);
    };
    for (const command of commands) await pass(command);
    assert.match(readFileSync(env.GITHUB_STEP_SUMMARY, "utf8"), /no difference/);
    writeFileSync(file, before.replace(/^\]\);$/m, "  from(api).to(api.main),\n]);"));
    await pass(commands.at(-1) ?? "");
    assert.match(readFileSync(env.GITHUB_STEP_SUMMARY, "utf8"), /1 flow opened/);
    writeFileSync(file, before);
  });

  it("is told by preflight what exists, and is taken over without a word once it may be", async () => {
    const refused = await netpol("preflight", "--context", cluster.context);
    assert.match(refused.stdout, /shop\/web-policy +exists without this stack's mark/);
    stack.configure({ adoptExisting: true });
    const { stdout } = await netpol("preflight", "--context", cluster.context);
    assert.match(stdout, /, update of stack prod: (nothing stops it|it overwrites)/);
  });

  it("breaks no rule of the policy pack that it did not break before", async () => {
    const options = /pulumi up (--stack prod --policy-pack \S+ --policy-pack-config \S+)/.exec(
      readFileSync(join(project, "README.md"), "utf8"),
    );
    const words = ["preview", "--non-interactive", "--suppress-outputs", ...(options?.[1]?.split(" ") ?? [])];
    const { code, stdout, stderr } = await stack.environment.run("pulumi", words, { cwd: project });
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /Policies:/);
    assert.doesNotMatch(stdout, /\[mandatory\]/);
  });

  it("takes over what has its name in place, and at no moment anything opens or closes", async () => {
    const { steps, onEvent } = recordSteps();
    await stack.up({ onEvent });
    assert.deepEqual(touched(steps, "delete"), []);
    const now = await policies();
    const was = new Map(handWritten.map((policy) => [keyOf(policy), policy]));
    for (const name of ["shop/web-policy", "shop/api-egress", "data/db", "names"]) {
      const [policy, earlier] = [now.find((one) => idOf(one) === name), handWritten.find((one) => idOf(one) === name)];
      assert.equal(policy?.metadata.uid, earlier?.metadata.uid, name);
      assert.equal(policy?.metadata.annotations?.["network-policies/stack"], "network-policies/prod", name);
    }
    // The API server's revisions tell the order in which they were written.
    const states: KubernetesObject[][] = [[...handWritten]];
    for (const policy of now.toSorted(
      (a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion),
    )) {
      if (was.get(keyOf(policy))?.metadata.resourceVersion === policy.metadata.resourceVersion) continue;
      const last = states.at(-1) ?? [];
      states.push([...last.filter((one) => keyOf(one) !== keyOf(policy)), policy]);
    }
    assert.ok(states.length > 4);
    for (const [index, state] of states.entries()) {
      write(`state-${index}.yaml`, state);
      const { code, stdout } = await diff("before.yaml", `state-${index}.yaml`);
      assert.equal(code, 0, stdout);
    }
  });

  it("is the same when those are deleted that the plan names", async () => {
    const deletions = [...said.stdout.matchAll(/kubectl delete (\S+) (\S+) -n (\S+)/g)];
    assert.equal(deletions.length, 2, said.stdout);
    for (const [, kind, name, namespace] of deletions) {
      assert.equal(kind, "networkpolicy");
      const found = (await api.list("networking.k8s.io/v1", "NetworkPolicy")).find(
        (one) => idOf(one) === `${namespace}/${name}`,
      );
      assert.ok(found);
      await api.delete(found, "Background");
    }
    write("after.yaml", await policies());
    const { code, stdout } = await diff("before.yaml", "after.yaml");
    assert.equal(code, 0, stdout);
  });

  it("opens exactly the flow that is added as a line", async () => {
    stack.configure({ adoptExisting: false });
    const file = join(project, "cluster/shop.ts");
    const text = readFileSync(file, "utf8");
    assert.match(text, /from\(api\)\.to\(db\.main\)/);
    writeFileSync(file, text.replace(/^\]\);$/m, "  from(api).to(api.main),\n]);"));
    await stack.up();
    write("changed.yaml", await policies());
    const { code, stdout } = await diff("after.yaml", "changed.yaml");
    assert.equal(code, 1);
    assert.match(stdout, /1 flow opened/);
    assert.match(stdout, /shop\/api can now reach itself:9000/);
  });
});

const workflowSchema = z.looseObject({
  jobs: z.looseObject({ policies: z.looseObject({ steps: z.array(z.looseObject({ run: z.string().optional() })) }) }),
});

const idOf = ({ metadata: { namespace, name } }: KubernetesObject): string =>
  namespace === undefined ? name : `${namespace}/${name}`;

const keyOf = (policy: KubernetesObject): string => `${policy.kind} ${idOf(policy)}`;
