/** `netpol prove`: what holds of two sets of policies for every pod that could exist. */
import { type Command, Option } from "commander";
import { malformedText, mayDecide } from "../../cilium/kubernetes/broken.ts";
import {
  type Counterexample,
  equal,
  implies,
  type Proof,
  type Property,
  witnessObjects,
} from "../../cilium/prove/prove.ts";
import { withWitness } from "../../cilium/prove/witness.ts";
import type { Peer, Question } from "../../cilium/reach/compile/inventory.ts";
import type { EndVerdict, Verdict } from "../../cilium/reach/decide/verdict.ts";
import { decidingPolicies, endText, outcomeText, peerText, questionText } from "../../cilium/reach/report/explain.ts";
import { yaml } from "../../cilium/render/yaml.ts";
import { Failure } from "../failure.ts";
import { dataText, withOutput } from "../output/format.ts";
import { type PolicySides, readPolicySides, sidesHelp, sidesLines } from "../sides.ts";
import { readingOptions, type SourceOptions } from "../sources/source.ts";

type Options = Omit<SourceOptions, "context"> & { readonly output: "table" | "json"; readonly connections?: boolean };

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
  const { output, connections = false, from: _from, git: _git, ...reading } = options;
  const sides = await readPolicySides(words, reading);
  const proof = doubted((property === "equal" ? equal : implies)(sides.before, sides.after, { connections }), sides);
  process.stdout.write(
    output === "json"
      ? dataText({ ...dataOf(proof, sides), basis: sides.basis }, "json")
      : inWords(property, proof, sides),
  );
  if (proof.kind !== "proved") process.exitCode = proof.kind === "refuted" ? 1 : 2;
}

/** A proof in the light of policies that could not be read: whom they select is not known. */
function doubted(proof: Proof, { sources, before, after }: PolicySides): Proof {
  const broken = sources.flatMap(({ objects: { malformed, unplaced } }) => [
    ...malformed.map(malformedText),
    ...unplaced.map(({ place, policy }) => `${place}: ${policy.kind} ${policy.metadata.name} names no namespace`),
  ]);
  const reasons = [...new Set(broken)].map((policy) => `a policy cannot be judged: ${policy}`);
  if (reasons.length === 0) return proof;
  if (proof.kind === "undecided") return { ...proof, reasons: [...proof.reasons, ...reasons] };
  if (proof.kind === "proved") return { kind: "undecided", reasons };
  const { witness } = proof.counterexample;
  const isDoubtful = sources.some(
    ({ objects: { malformed, unplaced } }, i) =>
      unplaced.length > 0 ||
      [witness.question.source, witness.question.destination].some(
        (end) => mayDecide(malformed, end, withWitness((i === 0 ? before : after).inventory, witness)).length > 0,
      ),
  );
  return isDoubtful ? { kind: "undecided", reasons } : proof;
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
export const counterexampleData = (counterexample: Counterexample): object => {
  const { witness, end, differs, before, after, isolated } = counterexample;
  return {
    objects: witnessObjects(witness),
    question: questionData(witness.question),
    before: wordOf(before, end),
    after: wordOf(after, end),
    differs,
    ...(end !== undefined && { end }),
    ...(isolated && { defaultDeny: isolated }),
    ...(witness.names.length > 0 && { names: witness.names }),
    decided: { before: endsData(before), after: endsData(after) },
  };
};

const questionData = ({ source, destination, port, protocol }: Question) => ({
  from: peerText(source),
  ...(isName(destination) ? { fqdn: destination.name } : { to: peerText(destination) }),
  port,
  protocol,
});

const isName = (peer: Peer): peer is Peer & { kind: "fqdn" } => peer.kind === "fqdn";

/** What is said where only one end differs is said of that end. */
function wordOf(verdict: Verdict, end: Counterexample["end"]): "allowed" | "denied" | "undecidable" {
  if (end !== undefined) return verdict[end].verdict;
  return verdict.outcome === "allowed-once-resolved" ? "allowed" : verdict.outcome;
}

const endsData = ({ egress, ingress }: Verdict) => ({ egress: endData(egress), ingress: endData(ingress) });

const endData = (end: EndVerdict) => ({ verdict: end.verdict, policies: decidingPolicies(end), why: endText(end) });

const policyKinds = ({ before, after }: PolicySides): string[] =>
  [...new Set([...before.policies, ...after.policies].map(({ kind }) => kind))].sort();

function inWords(property: Property, proof: Proof, sides: PolicySides): string {
  const { titles } = sides;
  const lines = [`${titles[0]} → ${titles[1]}: ${conclusion(property, proof)}`, ...explanation(proof, sides)];
  return `${[...lines, "", ...sidesLines(sides.basis)].join("\n")}\n`;
}

function conclusion(property: Property, { kind }: Proof): string {
  switch (kind) {
    case "proved":
      return `proved: ${properties[property]}`;
    case "refuted":
      return `refuted: not in every case ${property === "equal" ? "is all the same" : "is what is allowed after allowed before"}`;
    case "undecided":
      return "not decided";
  }
}

function explanation(proof: Proof, sides: PolicySides): string[] {
  switch (proof.kind) {
    case "proved": {
      const { kinds, variables, ports } = proof.over;
      return [
        `For all that could be at either end (${kinds.join(", ")}), told apart by ${variables} variables, on all ports in ${ports} groups`,
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
export function counterexampleLines({ witness, end, before, after, isolated }: Counterexample): string[] {
  const { question } = witness;
  const side = (name: string, verdict: Verdict): string[] => [
    `  ${name}: ${end === undefined ? outcomeText(verdict) : `${verdict[end].verdict} at ${end}`}`,
    `    leaving ${peerText(question.source)}: ${endText(verdict.egress)}`,
    `    arriving at ${peerText(question.destination)}: ${endText(verdict.ingress)}`,
  ];
  return [
    questionText(question),
    ...(isolated === undefined
      ? []
      : [`  in default deny for ${end}: ${isolated.before ? "before" : "after"} only, which changes no verdict`]),
    ...side("before", before),
    ...side("after", after),
    "with",
    ...witnessObjects(witness).flatMap((object) => ["---", yaml(object).trimEnd()]),
  ];
}
