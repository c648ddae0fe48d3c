/** A stack's config read from its files, as the Pulumi engine would hand it over, so that commands need no Pulumi. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { z } from "zod";
import { reading } from "../cilium/model/issues.ts";
import { didYouMean } from "../cilium/model/names.ts";
import { loadCluster } from "../components/load.ts";
import { type Program, readProgram } from "../components/program.ts";
import { Failure } from "./failure.ts";
import { projectFolder } from "./project.ts";

const project = z.object({ name: z.string() });
const stackFile = z.object({ config: z.record(z.string(), z.unknown()).nullish() });
const secret = z.strictObject({ secure: z.string() });

/**
 * The program of the project as a stack configures it.
 * @throws Failure when there is no project, when the stack has no config file or the file cannot be read, Faults when its
 * config or its cluster is wrong.
 */
export async function readStack(stack: string, root = projectFolder()): Promise<Program> {
  const { name } = readYaml(join(root, "Pulumi.yaml"), project);
  // The engine hands over a plain text for scalars and JSON for everything else.
  const values = Object.entries(readStackConfig(stack, root)).map(([key, value]) => [
    key,
    typeof value === "object" ? JSON.stringify(value) : String(value),
  ]);
  return readProgram(await loadCluster(root), Object.fromEntries(values), { project: name, stack });
}

/**
 * What a stack's file configures, none of it encrypted.
 * @throws Failure likewise.
 */
export function readStackConfig(stack: string, root: string): Record<string, unknown> {
  const file = join(root, `Pulumi.${stack}.yaml`);
  if (!existsSync(file)) {
    const stacks = readdirSync(root).flatMap((entry) => /^Pulumi\.(.+)\.yaml$/.exec(entry)?.[1] ?? []);
    throw new Failure(
      `there is no stack ${stack} (no Pulumi.${stack}.yaml)${didYouMean(stack, stacks) || (stacks.length === 0 ? "; make one with: pulumi stack init" : `; stacks: ${stacks.join(", ")}`)}`,
    );
  }
  const { config } = readYaml(file, stackFile);
  for (const [key, value] of Object.entries(config ?? {})) {
    if (secret.safeParse(value, reading).success) {
      throw new Failure(`Pulumi.${stack}.yaml: ${key} is encrypted; no key of this program needs to be secret`);
    }
  }
  return config ?? {};
}

function readYaml<T>(file: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(load(readFileSync(file, "utf8")), reading);
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split("\n");
    throw new Failure(`${file} cannot be read: ${error instanceof z.ZodError ? z.prettifyError(error) : reason}`);
  }
}
