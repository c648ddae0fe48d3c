/** This project as a folder, and copies of it that a test may change. */
import assert from "node:assert/strict";
import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./toolchain/lifetime.ts";

/** The project itself, for what changes nothing. */
export const repository = join(import.meta.dirname, "..");

/** What commands and stacks need of the project. */
const parts = [
  "cilium",
  "cli",
  "cluster",
  "components",
  "docs",
  "map",
  "policypack",
  "index.ts",
  "package.json",
  "Pulumi.yaml",
  "Pulumi.prod.yaml",
] as const;

/** Where Node keeps what it compiles of copies as long as the tests run, for who sets NODE_COMPILE_CACHE. */
export const compileCache = temporaryFolder("compile-cache");

/** The folder of a new copy of the project as it stands, with the same node_modules. */
export function copyOfProject(): string {
  const folder = temporaryFolder("network-policies");
  for (const part of parts) cpSync(join(repository, part), join(folder, part), { recursive: true });
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  return folder;
}

/** Has one text of a file of a copy be another. */
export function rewrite(folder: string, file: string, from: string, to: string): void {
  const before = readFileSync(join(folder, file), "utf8");
  assert.ok(before.includes(from), `${file} says ${from}`);
  writeFileSync(join(folder, file), before.replace(from, to));
}
