/**
 * `npm run demo`: the real program, applied by the real engine to a real Kubernetes API server, which lives as long as this.
 * With `--keep` it stays until Ctrl-C, and says how to look around in it.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs, styleText } from "node:util";
import { z } from "zod";
import { loadCluster } from "../components/load.ts";
import { copyWithOwnCluster } from "./project.ts";
import { kubernetesApiOf } from "./provider/kubernetes-api.ts";
import { type Cluster, startCluster } from "./toolchain/cluster.ts";
import { toolchain } from "./toolchain/pulumi.ts";
import { type ProdStack, prodStack, recordSteps } from "./toolchain/stack.ts";

const { values: flags } = parseArgs({ options: { keep: { type: "boolean", default: false } } });

async function demo(): Promise<void> {
  await toolchain();
  const folder = copyWithOwnCluster();
  const namespaces = (await loadCluster(folder)).namespaces.map(({ name }) => name);
  const cluster = await startCluster({ namespaces });
  try {
    heading("A Kubernetes API server with Cilium's policy CRDs");
    console.log(`${cluster.server}, ${namespaces.length} namespaces, no policies yet`);
    const stack = await prodStack(cluster, { folder });
    await preflight(stack, cluster);
    const policyPacks = [join(stack.folder, "policypack")];
    await run("pulumi preview --policy-pack policypack", (onEvent) => stack.preview({ onEvent, policyPacks }));
    await run("pulumi up --policy-pack policypack", (onEvent) => stack.up({ onEvent, policyPacks }));
    heading("Stack outputs");
    console.log(table(await outputs(stack)));
    heading("Stored in the API server");
    console.log(table(await policies(cluster)));
    await run("pulumi preview, again", (onEvent) => stack.preview({ onEvent }));
    if (flags.keep) await keep(cluster, stack);
    await stack.close();
  } finally {
    await cluster.stop();
  }
  console.log("\nThe cluster is stopped and its folder removed.");
}

const heading = (title: string) => console.log(`\n${styleText("bold", title)}`);

/** Runs an operation of the engine and says what it did, or would do, to policies. */
async function run(title: string, operation: (onEvent: ReturnType<typeof recordSteps>["onEvent"]) => Promise<unknown>) {
  heading(title);
  const start = Date.now();
  const { steps, onEvent } = recordSteps();
  await operation(onEvent);
  const ops = Map.groupBy(
    steps.filter(({ type }) => type.startsWith("kubernetes:")),
    ({ op }) => op,
  );
  const changes = [...ops].filter(([op]) => op !== "same").map(([op, { length }]) => `${length} policies to ${op}`);
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  console.log(
    `${changes.join(", ") || `no changes to ${ops.get("same")?.length} policies`}  ${styleText("dim", `${seconds} s`)}`,
  );
}

/** Shows what the command says before the update. */
async function preflight({ folder, environment }: ProdStack, { context }: Cluster): Promise<void> {
  heading(`netpol preflight --context ${context}`);
  const args = ["cli/netpol.js", "preflight", "--context", context];
  const { code, stdout, stderr } = await environment.run(process.execPath, args, { cwd: folder });
  if (code === 2) throw new Error(stderr);
  process.stdout.write(stdout);
}

const outputsSchema = z.object({
  policies: z.array(z.unknown()),
  policyCounts: z.object({ namespaces: z.record(z.string(), z.number()) }),
  flows: z.array(z.object({ from: z.string(), to: z.string(), ports: z.array(z.string()) })),
  excluded: z.array(z.object({ namespace: z.string(), pod: z.string() })),
});

async function outputs(stack: ProdStack): Promise<string[][]> {
  const values = Object.entries(await stack.outputs()).map(([name, { value }]) => [name, value]);
  const { policies, policyCounts, flows, excluded } = outputsSchema.parse(Object.fromEntries(values));
  const counts = Object.entries(policyCounts.namespaces).map(([namespace, count]) => `${namespace} ${count}`);
  const few = flows.slice(0, 3).map(({ from, to, ports }) => `${from} → ${to} ${ports.join(" ")}`);
  return [
    ["policies", `${policies.length}, each with kind, namespace, name, uid and generation`],
    ["policyCounts", counts.join(", ")],
    ["flows", `${flows.length}: ${few.join(", ")}, …`],
    ["excluded", excluded.map(({ namespace, pod }) => `${namespace}/${pod}`).join(", ")],
  ];
}

const ruleSchema = z.array(z.unknown()).default([]);
const specSchema = z.object({
  ingress: ruleSchema,
  ingressDeny: ruleSchema,
  egress: ruleSchema,
  description: z.string(),
});

async function policies({ kubeconfig, context }: Cluster): Promise<string[][]> {
  const api = kubernetesApiOf(kubeconfig, context);
  const clusterwide = await api.list("cilium.io/v2", "CiliumClusterwideNetworkPolicy");
  const namespaced = await api.list("cilium.io/v2", "CiliumNetworkPolicy");
  const lines = [...clusterwide, ...namespaced].map(({ metadata, spec }) => {
    const { ingress, ingressDeny, egress } = specSchema.parse(spec);
    const { namespace = "", name, generation, creationTimestamp } = metadata;
    const age = `${Math.max(0, Math.round((Date.now() - Date.parse(String(creationTimestamp))) / 1000))}s`;
    return [
      namespace,
      name,
      String(ingress.length + ingressDeny.length),
      String(egress.length),
      String(generation),
      age,
    ];
  });
  return [["NAMESPACE", "NAME", "INGRESS", "EGRESS", "GENERATION", "AGE"], ...lines];
}

/** Columns as wide as their cells, as kubectl has them; the last may be of any width. */
function table(lines: readonly (readonly string[])[]): string {
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  const pad = (line: readonly string[]) =>
    line.map((cell, column) => (column === line.length - 1 ? cell : cell.padEnd((widths[column] ?? 0) + 3))).join("");
  return lines.map(pad).join("\n");
}

/** Says how to reach cluster and stack from another terminal, and waits: Ctrl-C ends the process and stops both. */
async function keep({ kubeconfig }: Cluster, { folder, environment }: ProdStack): Promise<never> {
  const file = join(folder, "environment");
  const exports = Object.entries(environment.variables).map(([name, value]) => `export ${name}='${value}'\n`);
  writeFileSync(file, exports.join(""));
  heading("The cluster stays up until Ctrl-C. In another terminal:");
  console.log(`
  export KUBECONFIG=${kubeconfig}
  kubectl get ciliumnetworkpolicies --all-namespaces

  . ${file} && cd ${folder}
  pulumi config set apiServerPort 7443
  pulumi preview --policy-pack policypack
  pulumi destroy
`);
  return new Promise(() => setInterval(() => {}, 60_000));
}

try {
  await demo();
} catch (error) {
  console.error(`\n${styleText("red", "The demo failed:")} ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
