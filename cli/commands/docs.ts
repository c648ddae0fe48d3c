/** `netpol docs`: the tables of who may talk to whom, kept in the repository. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { createTwoFilesPatch } from "diff";
import { renderDocument } from "../../cilium/render/document.ts";
import { Failure } from "../failure.ts";
import { projectFolder } from "../project.ts";
import { readStack } from "../stack.ts";

interface Options {
  readonly stack: string;
  readonly check?: true;
}

/** The document's place in the repository. */
const documentFile = "docs/network-policies.md";

/** How many lines of a stale document's difference are shown. */
const shownLines = 20;

export function docs(netpol: Command): void {
  netpol
    .command("docs")
    .description(`write ${documentFile}: a table for each namespace, and the flows between them`)
    .option("-s, --stack <name>", "the stack whose config applies", "prod")
    .option("--check", "write nothing; fail when the file is not what would be written")
    .addHelpText("after", "\nExamples:\n  npm run netpol -- docs\n  npm run netpol -- docs --check")
    .action(async ({ stack, check }: Options) => {
      const command = `npm run netpol -- docs${stack === "prod" ? "" : ` --stack ${stack}`}`;
      const document = renderDocument((await readStack(stack)).cluster, command);
      const file = join(projectFolder(), documentFile);
      try {
        if (check) compare(file, document, command);
        else write(file, document);
      } catch (error) {
        throw new Failure(`${documentFile}: ${error instanceof Error ? error.message : error}`);
      }
    });
}

/** Says how the file differs from what it should be, and lets the command end with 1. */
function compare(file: string, document: string, command: string): void {
  const present = read(file);
  if (present === document) return;
  const patch = createTwoFilesPatch(documentFile, "as generated", present, document, "", "", { context: 0 });
  const lines = patch.split("\n").slice(1, -1);
  const more = lines.length - shownLines;
  process.stdout.write(`${lines.slice(0, shownLines).join("\n")}\n${more > 0 ? `… and ${more} more lines\n` : ""}`);
  process.stderr.write(`${documentFile} is out of date; run ${command}\n`);
  process.exitCode = 1;
}

/** The file's text; a file that is not there is as good as an empty one. */
const read = (file: string): string => (existsSync(file) ? readFileSync(file, "utf8") : "");

function write(file: string, document: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, document);
  process.stderr.write(`${documentFile} is written\n`);
}
