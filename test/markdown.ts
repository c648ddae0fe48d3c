/** What the project's pages tell readers to type, and what they say that it answers. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./project.ts";

/** All pages, seen from the top of the repository. */
export const pages: readonly string[] = [
  "README.md",
  ...readdirSync(join(repository, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
  "policypack/README.md",
];

export const pageText = (page: string): string => readFileSync(join(repository, page), "utf8");

/** The files that a page shows whole: blocks whose first line is a comment with the file's name. */
export const filesIn = (page: string): Map<string, string> =>
  new Map(
    Array.from(
      pageText(page).matchAll(/^```(?:ts|yaml)\n((?:\/\/|#) ([\w./-]+)\n.*?)^```/gms),
      ([, text = "", name = ""]) => [name, text],
    ),
  );

/** A command in a page, `$ netpol list`, and what stands below it. */
export interface Quotation {
  readonly words: readonly string[];
  readonly said: string;
}

/** The commands of `netpol` that a page, or what stands below one of its headings, shows with their answers. */
export const quotations = (page: string, heading?: string): Quotation[] =>
  Array.from(
    (heading === undefined ? pageText(page) : section(page, heading)).matchAll(/^```(?:console)?\n(\$ .*?)^```/gms),
  ).flatMap(([, block = ""]) =>
    Array.from(
      block.matchAll(/^\$ (?:npm run --silent netpol --|netpol) (.*)\n((?:(?!\$ ).*\n)*)/gm),
      ([, words = "", said = ""]) => ({ words: words.split(" "), said }),
    ),
  );

/** Whether it is what a page quotes. There a line … stands for any lines, and … in a line for the rest of it. */
export function assertQuoted(actual: string, { words, said }: Quotation): void {
  const text = (line: string) => line.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&").replaceAll("…", ".*");
  const lines = said.trimEnd().split("\n");
  const pattern = lines.map((line) => (line === "…" ? "(?:.*\\n)*" : `${text(line)}\\n`)).join("");
  const trimmed = `${actual.replaceAll(/ +$/gm, "").trimEnd()}\n`;
  assert.match(trimmed, new RegExp(`^${pattern}$`), `netpol ${words.join(" ")} says\n${actual}`);
}

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
  const found = pageText(page)
    .split(/(?:^|(?<=\n\n))#+ (?=[A-Z])/)
    .find((part) => part.startsWith(`${heading}\n`));
  assert.ok(found, `${page} has a heading ${heading}`);
  return found;
}
