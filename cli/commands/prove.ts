/** `netpol prove`: what holds of two sets of policies for every pod that could exist. */
import { type Command, Option } from "commander";
import { hidesPolicies } from "../../cilium/kubernetes/left-out.ts";
import { type Counterexample, equal, implies, type Proof, type Property } from "../../cilium/prove/prove.ts";
import type { Verdict } from "../../cilium/reach/decide/verdict.ts";
import { outcomeText, questionText } from "../../cilium/reach/report/explain.ts";
import { Failure } from "../failure.ts";
import { dataText, withOutput } from "../output/format.ts";
import { doubtedProof, endsData, endsLines, witnessData, witnessLines } from "../proofs.ts";
import { type PolicySides, readPolicySides, sidesHelp, sidesLines } from "../sides.ts";
import { readingOptions, type SourceOptions } from "../sources/source.ts";

type Options = Omit<SourceOptions, "context"> & {
  readonly output: "table" | "json";
  readonly connections?: boolean;
  readonly effective?: boolean;
};

const properties: Readonly<Record<Property, string>> = {
  equal: "both sides have the same verdict at each end, the same limits of proxies and the same default deny",
  implies: "the second side allows nothing that the first does not",
};

export default function prove(command: Command): void {
  for (const [name, says] of Object.entries(properties) as [Property, string][]) {
    const own = command
      .command(name)
      .description(`${says}, for every pod that could exist`)
      .argument("[before]", "the policies to start from: program, git:REF, live, context:NAME, or a file or folder")
      .argument("[after]", "the policies to compare them with")
      .addOption(new Option("-s, --stack <name>", "the stack whose config applies to the program").default("prod"))
      .addOption(new Option("-f, --from <path>", "a file or folder as it stands, against itself as it was at --git"))
      .addOption(
        new Option("--git <ref>", "without sides: the program, or the path of --from, as it was at a revision"),
      )
      .addOption(new Option("--inventory <path>", "what is known of the cluster, from the objects of a file or folder"))
      .option("--connections", "let only both ends together count");
    if (name === "equal") own.option("--effective", "let default deny count only where it changes a verdict");
    for (const option of readingOptions()) own.addOption(option);
    withOutput(own, ["table", "json"]).action(
      async (before: string | undefined, after: string | undefined, options: Options) =>
        answer(name, sidesOf(before, after, options), options),
    );
  }
  command.addHelpText("after", help);
}

const help = `
${sidesHelp.split("\n").slice(0, -1).join("\n")}
Ends with 0 if it is proved, with 1 and a counterexample if it does not hold, with 2 if it is not decidable.

Examples:
  netpol prove equal before/ after/
  netpol prove implies git:main program
  netpol prove equal --git main
  netpol prove implies --from manifests/ --git main --connections -o json`;

/** The sides as they are named, or what stands now against a revision. */
function sidesOf(
  before: string | undefined,
  after: string | undefined,
  { from, git }: Options,
): readonly [before: string, after: string] {
  if (before !== undefined && after !== undefined && from === undefined && git === undefined) return [before, after];
  if (before === undefined && git !== undefined) {
    return from === undefined ? [`git:${git}`, "program"] : [`git:${git}:${from}`, from];
  }
  throw new Failure("name both sides, as in prove equal before/ after/, or a revision to compare with: --git main");
}

async function answer(property: Property, words: readonly [string, string], options: Options): Promise<void> {
  const { output, connections = false, effective = false, from: _from, git: _git, ...reading } = options;
  const sides = await readPolicySides(words, reading);
  const [before, after] = sides.sources;
  if (
    sides.sources.every(
      ({ policies, objects }) =>
        policies.length +
          objects.malformed.length +
          objects.unplaced.length +
          objects.leftOut.filter(hidesPolicies).length ===
        0,
    )
  ) {
    throw new Failure(`neither ${words[0]} nor ${words[1]} holds a policy, so there is nothing to prove`);
  }
  const prove = property === "equal" ? equal : implies;
  const proof = doubtedProof(prove(sides.before, sides.after, { connections, effective }), [
    { source: before, inventory: sides.before.inventory },
    { source: after, inventory: sides.after.inventory },
  ]);
  process.stdout.write(
    output === "json"
      ? dataText({ ...dataOf(proof, sides), basis: sides.basis }, "json")
      : inWords(property, proof, sides),
  );
  if (proof.kind !== "proved") process.exitCode = proof.kind === "refuted" ? 1 : 2;
}

function dataOf(proof: Proof, sides: PolicySides): object {
  switch (proof.kind) {
    case "proved":
      return { proved: true, over: { policies: policyKinds(sides), ...proof.over } };
    case "undecided":
      return { proved: null, reasons: proof.reasons };
    case "refuted":
      return { proved: false, counterexample: counterexampleData(proof.counterexample) };
  }
}

/** As `netpol test` takes objects and a question, and what the engine says of it on each side. */
function counterexampleData({ witness, end, differs, before, after, isolated, only }: Counterexample): object {
  const { objects, question, ...more } = witnessData(witness);
  return {
    objects,
    question,
    before: wordOf(before, end),
    after: wordOf(after, end),
    differs,
    ...(end !== undefined && { end }),
    ...(isolated && { defaultDeny: isolated }),
    ...(only && { only }),
    ...more,
    decided: { before: endsData(before), after: endsData(after) },
  };
}

/** What is said where only one end differs is said of that end. */
function wordOf(verdict: Verdict, end: Counterexample["end"]): "allowed" | "denied" | "undecidable" {
  if (end !== undefined) return verdict[end].verdict;
  return verdict.outcome === "allowed-once-resolved" ? "allowed" : verdict.outcome;
}

const policyKinds = ({ before, after }: PolicySides): string[] =>
  [...new Set([...before.policies, ...after.policies].map(({ kind }) => kind))].sort();

function inWords(property: Property, proof: Proof, sides: PolicySides): string {
  const { titles } = sides;
  const lines = [`${titles[0]} → ${titles[1]}: ${conclusion(property, proof)}`, ...explanation(proof, sides)];
  return `${[...lines, "", ...sidesLines(sides.basis)].join("\n")}\n`;
}

function conclusion(property: Property, proof: Proof): string {
  switch (proof.kind) {
    case "proved":
      return `proved: ${properties[property]}`;
    case "refuted":
      if (property === "implies") return "refuted: something is allowed after that was not before";
      return proof.counterexample.isolated?.sameVerdicts
        ? "refuted: every verdict and every limit of a proxy is proved the same, but not every default deny; --effective asks for the former alone"
        : "refuted: they do not mean the same";
    case "undecided":
      return "not decided";
  }
}

function explanation(proof: Proof, sides: PolicySides): string[] {
  switch (proof.kind) {
    case "proved": {
      const { variables, ports } = proof.over;
      return [
        `For all pods of this cluster and of others, nodes, endpoints of Cilium's own, addresses and names, told apart by ${variables} variables, on all ports in ${ports} groups`,
        `Of ${policyKinds(sides).join(", ") || "no policy"}`,
      ];
    }
    case "undecided":
      return proof.reasons.map((reason) => `Not decidable, because ${reason}`);
    case "refuted":
      return counterexampleLines(proof.counterexample);
  }
}

/** A counterexample for people: the question, the verdict on both sides, and the objects. */
function counterexampleLines({ witness, end, before, after, isolated, only }: Counterexample): string[] {
  const { question } = witness;
  const side = (name: string, verdict: Verdict): string[] => [
    `  ${name}: ${end === undefined ? outcomeText(verdict) : `${verdict[end].verdict} at ${end}`}`,
    ...endsLines(question, verdict).map((line) => `  ${line}`),
  ];
  return [
    questionText(question),
    ...(isolated === undefined
      ? []
      : [`  in default deny for ${end}: ${isolated.before ? "before" : "after"} only, which changes no verdict here`]),
    ...(only === undefined ? [] : [`  let through only ${only.side}: ${only.letsThrough}`]),
    ...side("before", before),
    ...side("after", after),
    "with",
    ...witnessLines(witness),
  ];
}
