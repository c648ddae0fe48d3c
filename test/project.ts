/**
 * The project as a folder that commands and stacks are run in. Tests of the tool run it with the sample cluster, so that they
 * say the same whatever cluster the project is used for.
 */
import assert from "node:assert/strict";
import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generatedFiles } from "../cli/commands/docs.ts";
import { program } from "./rendered.ts";
import { temporaryFolder } from "./toolchain/lifetime.ts";

/** The repository, with the cluster that the project is used for. */
export const repository = join(import.meta.dirname, "..");

/** What commands and stacks need of the project, besides what says what its cluster is. */
const parts = [
  "cilium",
  "cli",
  "components",
  "docs",
  "map",
  "policypack",
  "index.ts",
  "package.json",
  "Pulumi.yaml",
] as const;

/** Where Node keeps what it compiles of copies as long as the tests run, for who sets NODE_COMPILE_CACHE. */
export const compileCache = temporaryFolder("compile-cache");

/** The folder of the sample cluster's own files, for who loads them here. */
export const sampleCluster = join(import.meta.dirname, "sample");

/** The folder of a new copy of the project with the sample cluster, with what is generated of it, and the same node_modules. */
export const copyOfProject = (): string => copyWith(sampleCluster, generatedFiles(program.cluster, "prod"));

/** The same with the cluster that the project is used for. */
export const copyWithOwnCluster = (): string => copyWith(repository, []);

function copyWith(clusterOf: string, generated: readonly [file: string, text: string][]): string {
  const folder = temporaryFolder("network-policies");
  for (const part of parts) cpSync(join(repository, part), join(folder, part), { recursive: true });
  for (const part of ["cluster", "Pulumi.prod.yaml"]) {
    cpSync(join(clusterOf, part), join(folder, part), { recursive: true });
  }
  for (const [file, text] of generated) writeFileSync(join(folder, file), text);
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  return folder;
}

/** A copy of the project with the sample cluster, for what changes nothing. */
export const sample = copyOfProject();

/** Has one text of a file of a copy be another. */
export function rewrite(folder: string, file: string, from: string, to: string): void {
  const before = readFileSync(join(folder, file), "utf8");
  assert.ok(before.includes(from), `${file} says ${from}`);
  writeFileSync(join(folder, file), before.replace(from, to));
}
