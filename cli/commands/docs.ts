/** `netpol docs`: what is generated from the cluster's declarations and kept in the repository. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { createTwoFilesPatch } from "diff";
import type { ConfiguredCluster } from "../../cilium/model/cluster.ts";
import { renderDocument } from "../../cilium/render/document.ts";
import { reasonOf } from "../../components/reason.ts";
import { Failure } from "../failure.ts";
import { packConfig, packFile } from "../pack.ts";
import { projectFolder } from "../project.ts";
import { readStack } from "../stack.ts";

interface Options {
  readonly stack: string;
  readonly check?: true;
}

/** The document's place in the repository. */
const documentFile = "docs/network-policies.md";

/** How many lines of a stale file's difference are shown. */
const shownLines = 20;

export default function docs(command: Command): void {
  command
    .option("-s, --stack <name>", "the stack whose config applies", "prod")
    .option("--check", "write nothing; fail when a file is not what would be written")
    .addHelpText("after", "\nExamples:\n  netpol docs\n  netpol docs --check")
    .action(async ({ stack, check }: Options) => {
      const { cluster } = await readStack(stack);
      for (const [file, text] of generatedFiles(cluster, stack)) {
        try {
          if (check) compare(file, text, commandFor(stack));
          else write(file, text);
        } catch (error) {
          throw new Failure(`${file} cannot be ${check ? "read" : "written"}: ${reasonOf(error)}`);
        }
      }
    });
}

/** What is generated from a cluster's declarations, by its file. */
export const generatedFiles = (cluster: ConfiguredCluster, stack: string): [file: string, text: string][] => [
  [documentFile, renderDocument(cluster, commandFor(stack))],
  [packFile, `${JSON.stringify(packConfig(cluster, undefined), null, 2)}\n`],
];

const commandFor = (stack: string): string => `npm run netpol -- docs${stack === "prod" ? "" : ` --stack ${stack}`}`;

/** Says how a file differs from what it should be, and lets the command end with 1. */
function compare(file: string, text: string, command: string): void {
  const present = read(join(projectFolder(), file));
  if (present === text) return;
  const patch = createTwoFilesPatch(file, "as generated", present, text, "", "", { context: 0 });
  const lines = patch.split("\n").slice(1, -1);
  const more = lines.length - shownLines;
  process.stdout.write(`${lines.slice(0, shownLines).join("\n")}\n${more > 0 ? `… and ${more} more lines\n` : ""}`);
  process.stderr.write(`${file} is out of date; run ${command}\n`);
  process.exitCode = 1;
}

/** The file's text; a file that is not there is as good as an empty one. */
const read = (file: string): string => (existsSync(file) ? readFileSync(file, "utf8") : "");

function write(file: string, text: string): void {
  const path = join(projectFolder(), file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  process.stderr.write(`${file} is written\n`);
}
