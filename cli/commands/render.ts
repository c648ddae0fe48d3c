/** `netpol render`: the policies as YAML, as Pulumi would apply them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { policyName } from "../../cilium/policy/parts.ts";
import type { Policy } from "../../cilium/policy/schema.ts";
import { yaml } from "../../cilium/render/yaml.ts";
import { Failure } from "../failure.ts";
import { readStack } from "../stack.ts";

interface Options {
  readonly stack: string;
  readonly outputDir?: string;
}

export function render(netpol: Command): void {
  netpol
    .command("render")
    .description("print every policy as a YAML stream")
    .option("-s, --stack <name>", "the stack whose config applies", "prod")
    .option("-o, --output-dir <dir>", "write one file for each policy instead")
    .addHelpText("after", "\nExamples:\n  npm run --silent render\n  npm run render -- -o manifests")
    .action(async ({ stack, outputDir }: Options) => {
      const { policies } = await readStack(stack);
      if (outputDir === undefined) process.stdout.write(policies.map(document).join(""));
      else writeFiles(policies, outputDir);
    });
}

/** A policy as a YAML document: the same bytes for the same policy, shared parts written out. */
const document = (policy: Policy): string => `---\n${yaml(policy)}`;

/** Writes `dir/namespace/name.yaml` for each policy, `dir/name.yaml` for a clusterwide one. */
function writeFiles(policies: readonly Policy[], dir: string): void {
  try {
    for (const policy of policies) {
      const file = join(dir, `${policyName(policy)}.yaml`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, document(policy));
    }
  } catch (error) {
    throw new Failure(`cannot write to ${dir}: ${error instanceof Error ? error.message : error}`);
  }
  process.stderr.write(`${policies.length} policies in ${dir}\n`);
}
