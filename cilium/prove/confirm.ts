/** What the engine says of a point that a search has found: only what it confirms is an answer. */
import { policyKey, referenceTo } from "../policy/parts.ts";
import type { Inventory } from "../reach/compile/inventory.ts";
import { compile, type Network, type NetworkRule, policyAt } from "../reach/compile/network.ts";
import { resolve } from "../reach/compile/resolve.ts";
import type { Direction } from "../reach/compile/rules.ts";
import { selectsByOwnLabels } from "../reach/compile/selection.ts";
import { undecidableText, type Verdict, verdict } from "../reach/decide/verdict.ts";
import type { Side } from "../reach/report/diff.ts";
import { questionText } from "../reach/report/explain.ts";
import { outcomeOfVerdict } from "./compare.ts";
import { differ } from "./outcome.ts";
import { directions, subjectOf } from "./side.ts";
import type { Universe } from "./universe.ts";
import { type Point, type Witness, withWitness, witnessOf } from "./witness.ts";

/** A point in the cluster of each side, and what the engine says there. */
export type Judged = {
  readonly witness: Witness;
  readonly networks: readonly Network[];
  readonly verdicts: readonly Verdict[];
};

/**
 * @param own the directions that count; what is not decidable there is no answer
 * @param agrees whether the verdicts are what was looked for
 * @returns a reason where the engine does not decide or not agree
 */
export function confirmed(
  point: Point,
  universe: Universe,
  sides: readonly Side[],
  networks: readonly Network[],
  own: readonly Direction[],
  agrees: (judged: Judged) => boolean,
): Judged | string {
  const addressed = networks.some(({ configuration }) => configuration.cidrsMatch.pods);
  const known = witnessOf(point, universe, addressed);
  // Better one that can be asked about without an address of the name, as by `netpol test`.
  const witnesses =
    known.names.length === 0
      ? [known]
      : [{ ...known, names: known.names.map(({ name }) => ({ name, addresses: [] })) }, known];
  let doubt = "";
  for (const witness of witnesses) {
    const judged = judge(witness, sides, networks);
    const undecided = undecidedAt(judged, own);
    if (undecided === "" && agrees(judged)) return judged;
    doubt = undecided || unresolvedAt(judged, own);
  }
  return doubt || `the engine does not confirm what the prover found about ${questionText(known.question)}: a defect`;
}

/** @param general the policies of each side, compiled without endpoints */
export function judge(witness: Witness, sides: readonly Side[], general: readonly Network[]): Judged {
  const networks = sides.map(({ policies, inventory }, i) => {
    const cluster = withWitness(inventory, witness);
    const concerned = concernedPolicies(witness, cluster, general[i]?.rules ?? []);
    return compile(
      policies.filter((policy) => concerned.has(policyKey(referenceTo(policy)))),
      cluster,
    );
  });
  return { witness, networks, verdicts: networks.map((network) => verdict(network, witness.question)) };
}

/** The policies that select an end of a question, or let names be looked up: no other has a say. */
function concernedPolicies(
  { question }: Witness,
  cluster: Inventory,
  rules: readonly NetworkRule[],
): ReadonlySet<string> {
  const isOutside = question.destination.kind === "address" || question.destination.kind === "fqdn";
  const ends = resolve(compile([], cluster), question).flatMap(({ source, destination }) => [source, destination]);
  const concerned = rules.filter(
    ({ subject, selectsNodes, ports }) =>
      selectsNodes ||
      // Where a name is looked up does not matter.
      (isOutside && ports.some(({ l7 }) => (l7?.dns.length ?? 0) > 0)) ||
      ends.some(({ identity }) => selectsByOwnLabels(subject, identity) !== "no"),
  );
  return new Set(concerned.map(policyKey));
}

function undecidedAt({ verdicts }: Judged, own: readonly Direction[]): string {
  for (const verdict of verdicts) {
    for (const direction of own) {
      const end = verdict[direction];
      if (end.verdict === "undecidable") return undecidableText(end.reason);
    }
  }
  return "";
}

/** Names that other pods than those of a witness may look up, so that they have an address after all. */
function unresolvedAt({ verdicts }: Judged, own: readonly Direction[]): string {
  for (const verdict of verdicts) {
    for (const direction of own) {
      const end = verdict[direction];
      if (end.verdict === "denied" && end.by.kind === "unresolvable") {
        return `whether a pod looks up ${end.by.name} through the DNS proxy is not known`;
      }
    }
  }
  return "";
}

/** Whether something differs at an end, by what the engine says of two sides. */
export const isDifferent = (judged: Judged): boolean => {
  const [before, after] = judged.verdicts;
  return directions.some((direction) => {
    const [earlier, later] = isolation(judged, direction);
    if (before === undefined || after === undefined) return false;
    const compared = differ(outcomeOfVerdict(before[direction]), outcomeOfVerdict(after[direction]));
    const isDecided = [before, after].every((verdict) => verdict[direction].verdict !== "undecidable");
    return isDecided && (earlier !== later || compared.differs === true);
  });
};

/** Whether the end of a direction is in default deny, on each side. */
export const isolation = ({ networks, witness }: Judged, direction: Direction): boolean[] =>
  networks.map((network) => {
    const [one] = resolve(network, witness.question);
    const party = one?.[subjectOf(direction)];
    return party !== undefined && (policyAt(network, party)?.[direction].defaultDeny ?? false);
  });
