/** `netpol map`: who can reach whom as a picture, in one HTML file. */
import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { basisLines } from "../../cilium/kubernetes/basis.ts";
import type { Picture } from "../../map/picture.ts";
import { programPicture } from "../../map/program.ts";
import { reachPicture } from "../../map/reach.ts";
import { Failure } from "../failure.ts";
import { certain, flowsOf } from "../flows.ts";
import { withProgress } from "../output/progress.ts";
import { purposesOf } from "../purposes.ts";
import { readSides, sideOf, sidesHelp, sidesLines } from "../sides.ts";
import { readSource, type SourceOptions, sourceChoice, withSource } from "../sources/source.ts";
import { readStack } from "../stack.ts";

type Options = SourceOptions & { readonly output: string; readonly diff?: string };

export default function map(command: Command): void {
  withSource(command)
    .option("-o, --output <file>", "the file to write, - for standard output", "network-map.html")
    .option("-d, --diff <before>", "show in colour what differs from other policies")
    .addHelpText("after", help)
    .action(async (options: Options) => {
      const { picture, basis } = await pictureOf(options);
      // Loaded when it is needed: no other command waits for a layout engine.
      const { page } = await import("../../map/page.ts");
      write(options.output, await withProgress("drawing", page(picture, basis)));
    });
}

const help = `
Open the file in a browser. / searches, the arrow keys go from card to card, Enter selects one and Escape leaves it.
${sidesHelp}
Examples:
  netpol map
  netpol map --diff git:main -o change.html
  netpol map --from manifests/ --inventory pods.yaml`;

/** The program as its files state it; everything else, and two versions, as the policies allow it. */
async function pictureOf(options: Options): Promise<{ readonly picture: Picture; readonly basis: readonly string[] }> {
  const { diff, from, git, context, output, ...reading } = options;
  if (diff !== undefined) {
    const { titles, before, after, basis } = await readSides([diff, wordOf(options)], reading);
    const purpose = purposesOf(isProgram(options) ? await readStack(options.stack) : undefined);
    const picture = reachPicture(
      { ...after, title: titles[1] },
      flowsOf(after).map(certain),
      { ...before, title: titles[0] },
      purpose,
    );
    return { picture, basis: sidesLines(basis) };
  }
  const source = await readSource(options);
  const basis = basisLines(source.basis);
  // What verbatim policies allow is known by the verdicts alone.
  const isStated = source.program?.cluster.verbatim.length === 0;
  if (source.program !== undefined && isStated && options.inventory === undefined) {
    return { picture: programPicture(source.title, source.program.cluster, source.policies), basis };
  }
  const side = sideOf(source);
  const version = { ...side, title: source.title };
  return { picture: reachPicture(version, flowsOf(side).map(certain), undefined, purposesOf(source.program)), basis };
}

const isProgram = (options: SourceOptions): boolean => sourceChoice(options).kind === "program";

/** The chosen source as one side of a comparison. */
function wordOf(options: SourceOptions): string {
  const choice = sourceChoice(options);
  switch (choice.kind) {
    case "program":
      return "program";
    case "manifests":
      return choice.ref === undefined ? choice.path : `git:${choice.ref}:${choice.path}`;
    case "revision":
      return `git:${choice.ref}`;
    case "cluster":
      return `context:${choice.context}`;
  }
}

function write(file: string, text: string): void {
  if (file === "-") {
    process.stdout.write(text);
    return;
  }
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new Failure(`cannot write ${file}: ${error instanceof Error ? error.message : error}`);
  }
  process.stderr.write(`${file} is written; open it in a browser\n`);
}
