/**
 * What this program and its policy pack add to a preview: a program that registers the same policies and knows nothing else,
 * the same in the components of which the program is made, and with the stack's last state read as the announcement does,
 * this program, and this program with a pack that has no rules and with its own, in turn on one embedded API server. Run
 * with `npm run bench:preview -- [rounds]`.
 * The processors' time is that of the CLI, the program and the pack, without a provider that is served by this process.
 */
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { copyWithOwnCluster, repository } from "../test/project.ts";
import { renderedPolicies } from "../test/this-cluster/rendered.ts";
import { namespaces } from "../test/this-cluster/rows.ts";
import { startCluster } from "../test/toolchain/cluster.ts";
import { temporaryFolder } from "../test/toolchain/lifetime.ts";
import { type ProdStack, prodStack } from "../test/toolchain/stack.ts";
import { type Contender, compare } from "./rounds.ts";

let others = 0;

const rounds = Number(process.argv[2] ?? 7);

const cluster = await startCluster({ namespaces });
const registers = (registration: string) => `for (const policy of policies) {
  const { namespace, name } = policy.metadata;
  ${registration}
}`;
const bare = await stackOf(registers('new CustomResource(namespace + "/" + name, policy, { provider });'));
const grouped = `const components = new Map();
const componentOf = (name) => {
  const component = components.get(name) ?? new ComponentResource("bench:index:Component", name, {}, { provider });
  components.set(name, component);
  return component;
};
${registers('new CustomResource(namespace + "/" + name, policy, { parent: componentOf(namespace ?? "clusterwide") });')}
for (const component of components.values()) component.registerOutputs({});`;
const components = await stackOf(grouped);
const state = await stackOf(
  `const stackName = getOrganization() + "/" + getProject() + "/" + getStack();
await runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName });
${grouped}`,
);
const own = await prodStack(cluster, { folder: copyWithOwnCluster() });

const preview = (stack: ProdStack, policyPacks: string[]) => () => stack.preview({ policyPacks });
const alone = "the same policies and nothing else";
const previews: Contender[] = [
  { name: alone, run: preview(bare, []) },
  { name: "in a component a namespace", run: preview(components, []), to: alone },
  { name: "and the last state read", run: preview(state, []), to: alone },
  { name: "this program", run: preview(own, []), to: alone },
  { name: "with an empty pack", run: preview(own, [emptyPack()]), to: "this program" },
  { name: "with its pack", run: preview(own, [join(own.folder, "policypack")]), to: "with an empty pack" },
];

await compare("A preview of an empty cluster", previews, rounds);
const stacks = [bare, components, state, own];
for (const stack of stacks) await stack.up();
await compare("A preview that changes nothing", previews, rounds);
for (const stack of stacks) await stack.close();
await cluster.stop();

/** The stack of a program that knows of the policies as they were rendered, under names that the others leave alone. */
async function stackOf(body: string): Promise<ProdStack> {
  const stack = await prodStack(cluster);
  const suffix = `bench-${++others}`;
  const policies = renderedPolicies().map(({ metadata: { name, ...metadata }, ...policy }) => ({
    ...policy,
    metadata: { ...metadata, name: `${name}-${suffix}` },
  }));
  writeFileSync(join(stack.folder, "policies.json"), JSON.stringify(policies));
  writeFileSync(
    join(stack.folder, "index.ts"),
    `import { readFileSync } from "node:fs";
import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import { ComponentResource, Config, getOrganization, getProject, getStack, runtime } from "@pulumi/pulumi";
const config = new Config();
const provider = new Provider("cluster", {
  enableServerSideApply: true,
  kubeconfig: config.get("kubeconfig"),
  context: config.get("context"),
});
const policies = JSON.parse(readFileSync("policies.json", "utf8"));
${body}
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
