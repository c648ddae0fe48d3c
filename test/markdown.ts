/** What the project's pages tell readers to type. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./project.ts";

/** The shell's lines below a heading of a page, block by block, without comments. */
export const shellBlocks = (page: string, heading: string): string[][] =>
  codeBlocks(page, heading, "sh").map((block) =>
    block
      .split("\n")
      .map((line) => line.replace(/(^|\s+)#.*$/, ""))
      .filter(Boolean),
  );

export const codeBlocks = (page: string, heading: string, language: "sh" | "ts"): string[] =>
  Array.from(section(page, heading).matchAll(/^```(\w+)\n(.*?)^```/gms))
    .filter(([, named]) => named === language)
    .map(([, , code = ""]) => code);

/** The commands for Pulumi in the text below a heading. */
export const commandsInText = (page: string, heading: string): string[] =>
  Array.from(section(page, heading).matchAll(/`(pulumi [^`]+)`/g), ([, command = ""]) => command);

function section(page: string, heading: string): string {
  const text = readFileSync(join(repository, page), "utf8");
  const found = text.split(/^#+ (?=[A-Z])/m).find((part) => part.startsWith(`${heading}\n`));
  assert.ok(found, `${page} has a heading ${heading}`);
  return found;
}
