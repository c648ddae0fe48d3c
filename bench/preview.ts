/**
 * What this program and its policy pack add to a preview: a program that registers the same policies and knows nothing else,
 * this program, and this program with a pack that has no rules and with its own, in turn on one embedded API server. Run
 * with `npm run bench:preview -- [rounds]`. Ratios are taken within a round, since the machine may have other work.
 */
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { namespaces } from "../test/document/rows.ts";
import { repository } from "../test/project.ts";
import { renderedPolicies } from "../test/rendered.ts";
import { startCluster } from "../test/toolchain/cluster.ts";
import { temporaryFolder } from "../test/toolchain/lifetime.ts";
import { type ProdStack, prodStack } from "../test/toolchain/stack.ts";
import { median } from "./median.ts";

const rounds = Number(process.argv[2] ?? 7);

const cluster = await startCluster({ namespaces });
const [bare, own] = [await bareStack(), await prodStack(cluster)];
const empty = emptyPack();

/** Each is compared with the one before it. */
const previews = [
  { name: "the same policies and nothing else", stack: bare, policyPacks: [] },
  { name: "this program", stack: own, policyPacks: [] },
  { name: "with an empty pack", stack: own, policyPacks: [empty] },
  { name: "with its pack", stack: own, policyPacks: [join(repository, "policypack")] },
];

for (const state of ["of an empty cluster", "that changes nothing"]) {
  // What is compiled for the first time is kept.
  for (const preview of previews) await costOf(preview);
  const costs: Cost[][] = [];
  for (let done = 0; done < rounds; done++) {
    const round: Cost[] = [];
    for (const preview of previews) round.push(await costOf(preview));
    costs.push(round);
  }
  console.log(`A preview ${state}, medians of ${rounds} rounds at a load of ${loadavg()[0]?.toFixed(1)}:`);
  console.table(
    previews.map(({ name }, at) => ({
      preview: name,
      "wall s": middle(costs, (round) => seconds(round[at]?.wall)),
      "× before": middle(costs, (round) => (round[at]?.wall ?? 0) / (round[at - 1]?.wall ?? Number.NaN)),
      "CPU s": middle(costs, (round) => seconds(round[at]?.cpu)),
      "× before (CPU)": middle(costs, (round) => (round[at]?.cpu ?? 0) / (round[at - 1]?.cpu ?? Number.NaN)),
    })),
  );
  for (const stack of [bare, own]) await stack.up();
}
for (const stack of [bare, own]) await stack.close();
await cluster.stop();

/** The time of day in ms, and that of the processors for the CLI, the program and the pack, but for the provider. */
interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

async function costOf({ stack, policyPacks }: (typeof previews)[number]): Promise<Cost> {
  const [start, before] = [performance.now(), cpuOfChildren()];
  await stack.preview({ policyPacks });
  return { wall: performance.now() - start, cpu: cpuOfChildren() - before };
}

/** What ended processes of this one have taken, in ms (`man 5 proc`: cutime and cstime, in hundredths of a second). */
function cpuOfChildren(): number {
  const [, fields = ""] = readFileSync("/proc/self/stat", "utf8").split(") ");
  const [user, system] = fields.split(" ").slice(13, 15).map(Number);
  return ((user ?? 0) + (system ?? 0)) * 10;
}

/** The stack of a program that registers the policies as they were rendered, under names that the other leaves alone. */
async function bareStack(): Promise<ProdStack> {
  const stack = await prodStack(cluster);
  const policies = renderedPolicies().map(({ metadata: { name, ...metadata }, ...policy }) => ({
    ...policy,
    metadata: { ...metadata, name: `${name}-bare` },
  }));
  writeFileSync(join(stack.folder, "policies.json"), JSON.stringify(policies));
  writeFileSync(
    join(stack.folder, "index.ts"),
    `import { readFileSync } from "node:fs";
import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import { Config } from "@pulumi/pulumi";
const config = new Config();
const provider = new Provider("cluster", {
  enableServerSideApply: true,
  kubeconfig: config.get("kubeconfig"),
  context: config.get("context"),
});
for (const policy of JSON.parse(readFileSync("policies.json", "utf8"))) {
  const { namespace, name } = policy.metadata;
  new CustomResource(namespace + "/" + name, policy, { provider });
}
`,
  );
  return stack;
}

/** A pack without rules: what Pulumi itself spends on packs. */
function emptyPack(): string {
  const folder = temporaryFolder("empty-pack");
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "empty", version: "0.0.0", main: "index.js" }));
  writeFileSync(join(folder, "PulumiPolicy.yaml"), "runtime: nodejs\n");
  writeFileSync(
    join(folder, "index.js"),
    'const { PolicyPack } = require("@pulumi/policy");\nnew PolicyPack("empty", { policies: [] });\n',
  );
  return folder;
}

const seconds = (ms = 0): number => ms / 1000;

const middle = (costs: readonly Cost[][], of: (round: readonly Cost[]) => number): string =>
  median(costs.map(of)).toFixed(2);
