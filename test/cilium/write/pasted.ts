/** Projects of a cluster's files alone, and copies of them with additions pasted where they say. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Addition } from "../../../cilium/write/addition.ts";
import { repository } from "../../project.ts";
import { temporaryFolder } from "../../toolchain/lifetime.ts";

/** The folder of a new project with these files, by their path. */
export function projectOf(files: Readonly<Record<string, string>>): string {
  const folder = emptyProject();
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  return folder;
}

/** The folder of a copy of a project, with the additions in its files. */
export function pasted(project: string, additions: readonly Addition[]): string {
  const folder = emptyProject();
  cpSync(join(project, "cluster"), join(folder, "cluster"), { recursive: true });
  for (const { file, imports, ports, flows } of additions) {
    let text = readFileSync(join(folder, file), "utf8");
    for (const { of, line } of ports) {
      const opening = line.startsWith("ports:") ? "{" : "ports: {";
      const declaration = endOf(text, `const ${of} = `);
      const isOwn = text.slice(declaration, text.indexOf(";\n", declaration)).includes(opening);
      // Ports that a function gives to several workloads stand above them.
      text = insert(text, endOf(text, opening, isOwn ? declaration : text.lastIndexOf(opening, declaration)), line);
    }
    text = insert(text, endOf(text, "flows(() => ["), ...flows);
    writeFileSync(join(folder, file), `${text}${imports.join("\n")}\n`);
  }
  return folder;
}

function emptyProject(): string {
  const folder = temporaryFolder("pasted");
  mkdirSync(join(folder, "cluster"));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  symlinkSync(join(repository, "cilium"), join(folder, "cilium"));
  return folder;
}

const insert = (text: string, at: number, ...lines: string[]): string =>
  [text.slice(0, at), ...lines, text.slice(at)].join("\n");

function endOf(text: string, part: string, from = 0): number {
  const at = text.indexOf(part, from);
  assert.ok(at >= 0, `there is ${part}`);
  return at + part.length;
}
