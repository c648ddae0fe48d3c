/** `netpol map`: who can reach whom as a picture, in one HTML file. */
import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { basisLines } from "../../cilium/kubernetes/basis.ts";
import { peerName } from "../../cilium/model/peers.ts";
import type { Program } from "../../components/program.ts";
import { reasonOf } from "../../components/reason.ts";
import type { Picture } from "../../map/picture.ts";
import { programPicture } from "../../map/program.ts";
import { reachPicture, type Stated, type Version } from "../../map/reach.ts";
import { Failure } from "../failure.ts";
import { certain, flowsOf } from "../flows.ts";
import { withProgress } from "../output/progress.ts";
import { purposesOf, statementsOf } from "../purposes.ts";
import { readSides, sidesHelp, sidesLines } from "../sides.ts";
import { readSource, type SourceOptions, sourceChoice, withSource } from "../sources/source.ts";
import { readStack } from "../stack.ts";
import { workloadsOf } from "../workloads.ts";

type Options = SourceOptions & { readonly output: string; readonly diff?: string };

export default function map(command: Command): void {
  withSource(command)
    .option("-o, --output <file>", "the file to write, - for standard output", "network-map.html")
    .option("-d, --diff <before>", "show in colour what differs from other policies")
    .addHelpText("after", help)
    .action(async (options: Options) => {
      const { picture, plain, basis } = await answerTo(options);
      // Loaded when it is needed: no other command waits for a layout engine.
      const { page } = await import("../../map/page.ts");
      write(options.output, await withProgress("drawing", page(picture, basis, plain)));
    });
}

const help = `
Open the file in a browser. Beyond 150 workloads it shows namespaces first; a click opens one,
Escape leads back. / searches, the arrow keys go from card to card, Enter selects one and Escape leaves it.

With --diff, the map is of the policies that the other options choose, and what differs from BEFORE is drawn into it.
${sidesHelp}

Examples:
  netpol map
  netpol map --diff git:main -o change.html
  netpol map --from manifests/ --inventory pods.yaml`;

interface Answer {
  readonly picture: Picture;
  /** The same without its comparison. */
  readonly plain: Picture;
  /** What it rests on, in sentences. */
  readonly basis: readonly string[];
}

async function answerTo(options: Options): Promise<Answer> {
  const { diff, from, git, context, output, ...reading } = options;
  if (diff === undefined) {
    const source = await readSource(options);
    const version = { policies: source.policies, ...workloadsOf(source), title: source.title };
    const plain = plainPicture(version, source.program, options);
    return { picture: plain, plain, basis: basisLines(source.basis) };
  }
  const { titles, before, after, pods, basis } = await readSides([diff, wordOf(options)], reading);
  const program = isProgram(options) ? await readStack(options.stack) : undefined;
  const version = { ...after, pods, title: titles[1] };
  const earlier = { ...before, title: titles[0] };
  const plain = plainPicture(version, program, options);
  const picture = reachPicture(
    version,
    flowsOf(after).map(certain),
    earlier,
    purposesOf(program),
    stated(program, plain),
  );
  return { picture, plain, basis: sidesLines(basis) };
}

function stated(program: Program | undefined, { peers }: Picture): Stated {
  const statement = statementsOf(program);
  return {
    peers: program === undefined ? [] : peers,
    ends: (from, to, ports) => {
      const flow = statement(from, to, ports);
      return flow && { from: peerName(flow.from), to: peerName(flow.to) };
    },
  };
}

/** The program as its files state it; everything else, and what pods of others make of it, as the policies allow it. */
function plainPicture(version: Version, program: Program | undefined, { inventory }: Options): Picture {
  // What verbatim policies allow is known by the verdicts alone.
  if (program?.cluster.verbatim.length === 0 && inventory === undefined) {
    const picture = programPicture(version.title, program.cluster, version.policies);
    const known = new Set(picture.peers.map(({ id }) => id));
    if (version.inventory.endpoints.every(({ namespace, name }) => known.has(`${namespace}/${name}`))) return picture;
  }
  return reachPicture(version, flowsOf(version).map(certain), undefined, purposesOf(program));
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
    throw new Failure(`cannot write ${file}: ${reasonOf(error)}`);
  }
  process.stderr.write(`${file} is written; open it in a browser\n`);
}
