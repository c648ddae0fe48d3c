/** `netpol render`: the policies as YAML, as Pulumi would apply them. */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Command } from "commander";
import { parseText } from "../../cilium/kubernetes/text.ts";
import { policyName } from "../../cilium/policy/parts.ts";
import { type Policy, policy as policySchema } from "../../cilium/policy/schema.ts";
import { yaml } from "../../cilium/render/yaml.ts";
import { stackAnnotation } from "../../components/ownership.ts";
import type { Program } from "../../components/program.ts";
import { reasonOf } from "../../components/reason.ts";
import { Failure } from "../failure.ts";
import { readStack } from "../stack.ts";

interface Options {
  readonly stack: string;
  readonly outputDir?: string;
}

export default function render(command: Command): void {
  command
    .option("-s, --stack <name>", "the stack whose config applies", "prod")
    .option(
      "-o, --output-dir <dir>",
      "write one file for each policy instead, and remove those of policies that are gone",
    )
    .addHelpText("after", "\nExamples:\n  netpol render > policies.yaml\n  netpol render -o manifests")
    .action(async ({ stack, outputDir }: Options) => {
      const { policies } = await readStack(stack);
      if (outputDir === undefined) process.stdout.write(policies.map(document).join(""));
      else writeFiles(policies, outputDir);
    });
}

/** A policy as a YAML document: the same bytes for the same policy, shared parts written out. */
const document = (policy: Policy): string => `---\n${yaml(policy)}`;

/** Writes `dir/namespace/name.yaml` for each policy, `dir/name.yaml` for a clusterwide one, and removes those it once wrote. */
function writeFiles(policies: Program["policies"], dir: string): void {
  try {
    for (const policy of policies) {
      const file = join(dir, fileOf(policy));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, document(policy));
    }
    removeStale(policies, dir);
  } catch (error) {
    throw new Failure(`cannot write to ${dir}: ${reasonOf(error)}`);
  }
  process.stderr.write(`${policies.length} policies in ${dir}\n`);
}

/** Removes the files that an earlier run wrote for policies of the same stack that are gone: nothing else. */
function removeStale(policies: Program["policies"], dir: string): void {
  const current = new Set(policies.map(fileOf));
  const owners = new Set(policies.map(({ metadata }) => metadata.annotations[stackAnnotation]));
  for (const file of filesIn(dir)) {
    const owner = ownerOf(join(dir, file), file);
    if (current.has(file) || owner === undefined || !owners.has(owner)) continue;
    const path = join(dir, file);
    rmSync(path);
    if (readdirSync(dirname(path)).length === 0) rmdirSync(dirname(path));
    process.stderr.write(`note: ${path} is removed: ${owner} has no such policy any more\n`);
  }
}

const fileOf = (policy: Policy): string => `${policyName(policy)}.yaml`;

/** The files where this command could have written, below a folder. */
const filesIn = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(dir, join(parentPath, name)))
    .filter((file) => /^([^/]+\/)?[^/]+\.yaml$/.test(file));

/** The stack for which this command has written a file; undefined where the file is somebody else's. */
function ownerOf(path: string, file: string): string | undefined {
  const [only, ...more] = parseText(readFileSync(path, "utf8"), path).documents;
  const policy = policySchema.safeParse(only?.value).data;
  if (policy === undefined || more.length > 0 || fileOf(policy) !== file) return undefined;
  return policy.metadata.annotations?.[stackAnnotation];
}
