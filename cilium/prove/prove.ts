/**
 * What holds for every pod that could exist: whether two sets of policies mean the same, whether one allows nothing that
 * another does not, and whether a connection is allowed or denied for all ends of two sets.
 */
import { compile, type Network, policyAt } from "../reach/compile/network.ts";
import { resolve } from "../reach/compile/resolve.ts";
import type { Direction } from "../reach/compile/rules.ts";
import { type EndVerdict, undecidableText, type Verdict, verdict } from "../reach/decide/verdict.ts";
import type { Side } from "../reach/report/diff.ts";
import { questionText } from "../reach/report/explain.ts";
import { type Item, type Items, makeItems } from "./items.ts";
import { limitOf } from "./limits.ts";
import { isIn } from "./mask.ts";
import { type Comparison, differ, type Outcome, opens, outcomeOf } from "./outcome.ts";
import { type Atom, atomsOf } from "./ports.ts";
import type { Group } from "./reduce.ts";
import { type Assignment, type Budget, conditionsOf, type Region, regionOf, search } from "./search.ts";
import { enforcementAt, isNear, isNode, networkOf, type Pair, type ReadSide, readSide, subjectOf } from "./side.ts";
import { type End, type Mentioned, type Universe, universeOf, type Variable } from "./universe.ts";
import { type Point, type Witness, withWitness, witnessOf } from "./witness.ts";

export type { Witness } from "./witness.ts";
export { witnessObjects } from "./witness.ts";

/** What is proved of two sides. */
export type Property = "equal" | "implies";

export type Options = {
  /** Whether only both ends of a connection together count, or each of them. */
  readonly connections: boolean;
};

export type Proof =
  | { readonly kind: "proved"; readonly over: Extent }
  | { readonly kind: "refuted"; readonly counterexample: Counterexample }
  /** @param reasons what keeps it from being decided, each once */
  | { readonly kind: "undecided"; readonly reasons: readonly string[] };

/** What a proof is about, in numbers. */
export type Extent = {
  readonly kinds: readonly string[];
  /** The labels, namespaces, prefixes, names, … that tell ends apart. */
  readonly variables: number;
  /** Sets of ports that all rules treat alike. */
  readonly ports: number;
};

export type Counterexample = {
  readonly witness: Witness;
  /** The end at which the sides differ; undefined where the connection as a whole does. */
  readonly end: Direction | undefined;
  /** What differs: the verdict, what a proxy lets through, or only whether the end is in default deny. */
  readonly differs: "verdict" | "limits" | "default-deny";
  readonly before: Verdict;
  readonly after: Verdict;
  readonly isolated?: { readonly before: boolean; readonly after: boolean };
};

/** The same verdict at each end, the same limits of proxies and the same default deny, for everything that could exist. */
export const equal = (before: Side, after: Side, options: Options): Proof => prove("equal", before, after, options);

/** The second allows nothing that the first does not. */
export const implies = (before: Side, after: Side, options: Options): Proof => prove("implies", before, after, options);

const directions = ["egress", "ingress"] as const;

/** More states of a search than any policies of people need. */
const enough = 3_000_000;

/** So many rules that differ are looked at one by one; more are searched together. */
const few = 48;

const nothing: Mentioned = { requirements: [], prefixes: [], names: [] };

function prove(property: Property, before: Side, after: Side, { connections }: Options): Proof {
  const sides = { before, after };
  const networks = [networkOf(before), networkOf(after)] as const;
  const doubts = new Set<string>();
  if (!connections) {
    for (const direction of directions) {
      const problem = problemOf(networks, subjectOf(direction));
      if (problem === undefined) return undecided([tooManyNames]);
      const found = difference(problem, sides, { property, directions: [direction], together: false, doubts });
      if (found === undefined) continue;
      // A connection that as a whole is allowed on one side only says more.
      const whole = problemOf(networks, "source");
      const connection =
        whole && difference(whole, sides, { property, directions, together: true, doubts: new Set(), within: 200_000 });
      return { kind: "refuted", counterexample: connection ?? found };
    }
  } else {
    const problem = problemOf(networks, "source");
    if (problem === undefined) return undecided([tooManyNames]);
    const found = difference(problem, sides, { property, directions, together: true, doubts });
    if (found !== undefined) return { kind: "refuted", counterexample: found };
  }
  if (doubts.size > 0) return undecided([...doubts]);
  const { universe, atoms } = problemOf(networks, "source") ?? { universe: undefined, atoms: [] };
  if (property === "equal" && !connections) {
    for (const direction of directions) {
      const isolated = isolationDifference(direction, networks, sides, doubts);
      if (isolated !== undefined) return { kind: "refuted", counterexample: isolated };
    }
    if (doubts.size > 0) return undecided([...doubts]);
  }
  return {
    kind: "proved",
    over: {
      kinds: universe?.kinds.map(({ name }) => name) ?? [],
      variables: universe?.variables.length ?? 0,
      ports: atoms.length,
    },
  };
}

const tooManyNames = "patterns of DNS names overlap in too many ways";

const undecided = (reasons: readonly string[]): Proof => ({ kind: "undecided", reasons });

type Problem = {
  readonly universe: Universe;
  readonly items: Items;
  readonly sides: readonly [ReadSide, ReadSide];
  readonly atoms: readonly Atom[];
};

function problemOf(networks: readonly [Network, Network], subject: End): Problem | undefined {
  const universe = universeOf(networks, nothing, subject);
  if (universe === undefined) return undefined;
  const items = makeItems();
  return {
    universe,
    items,
    sides: [readSide(networks[0], 0, universe, items), readSide(networks[1], 1, universe, items)],
    atoms: atomsOf(networks),
  };
}

type Looking = {
  readonly property: Property;
  readonly directions: readonly Direction[];
  readonly together: boolean;
  readonly doubts: Set<string>;
  readonly within?: number;
};

/** Pairs of kinds between which there can be a connection. */
function pairsOf({ kinds }: Universe): Pair[] {
  return kinds
    .flatMap((source) => kinds.map((destination) => ({ source, destination })))
    .filter(({ source, destination }) => {
      if (enforcementAt(source) === "elsewhere" && enforcementAt(destination) === "elsewhere") return false;
      return (
        !(isNear(source) && (isNode(destination) || !isPodLike(destination))) &&
        !(isNear(destination) && (isNode(source) || !isPodLike(source)))
      );
    });
}

/** Whether it runs on a node that can be its own. */
const isPodLike = ({ kind, ...rest }: Pair["source"]): boolean =>
  kind === "pod" || (kind === "entity" && "entity" in rest && enforcementAt({ kind, ...rest }) === "endpoint");

function difference(problem: Problem, sides: Sides, looking: Looking): Counterexample | undefined {
  const { universe, items, atoms } = problem;
  const [before, after] = problem.sides;
  const budget: Budget = { left: looking.within ?? enough };
  let found: Counterexample | undefined;
  for (const pair of pairsOf(universe)) {
    const own = looking.directions.filter((direction) => matters(direction, pair));
    if (own.length === 0) continue;
    const same = own.every((direction) => isSame(before.signature(direction, pair), after.signature(direction, pair)));
    for (const atom of atoms) {
      const circumstances = own.map((direction) =>
        problem.sides.map((side) => side.circumstances(direction, pair, atom)),
      );
      const alike = circumstances.every(([a, b]) => JSON.stringify(a) === JSON.stringify(b));
      if (same && alike) continue;
      const rules = own.flatMap((direction) => problem.sides.flatMap((side) => side.items(direction, pair, atom)));
      const differing = alike ? differingItems(rules) : [];
      if (alike && differing.length === 0) continue;
      const outcome = outcomes(problem, pair, atom);
      const comparison = (groups: readonly Group[]): Comparison =>
        compareGroups(groups, own, outcome, looking.property, looking.together);
      const task = {
        items: rules,
        shareNamespaces: pair.source.kind === "pod" && pair.destination.kind === "pod",
        outcome,
        together: looking.together,
        alike,
        hopeless: () => false,
        wanted: (groups: readonly Group[]): boolean => {
          const { differs, ...why } = comparison(groups);
          if (differs === "unclear" && "why" in why) looking.doubts.add(why.why);
          return differs === true;
        },
        accept: (assignment: Assignment): boolean => {
          const point = { ...pair, question: atom, assignment: smaller(assignment, rules, universe, comparison) };
          const end = looking.together ? undefined : own[0];
          const confirmed = confirm(point, universe, sides, looking.property, end);
          if (typeof confirmed === "string") {
            looking.doubts.add(confirmed);
            return looking.doubts.size > mostDoubts;
          }
          found = confirmed;
          return true;
        },
      };
      const regions: readonly Region[] =
        alike && differing.length <= few ? differing.map(({ tail }) => regionOf(conditionsOf(tail))) : [new Map()];
      for (const region of regions) {
        const result = search({ ...task, region }, universe, items, budget);
        if (result === "found") return found;
        if (result === "exhausted") {
          looking.doubts.add("there are more combinations than the prover looks at");
          return undefined;
        }
      }
    }
  }
  return undefined;
}

/** After so many that the engine does not decide, no more are tried. */
const mostDoubts = 20;

type Sides = { readonly before: Side; readonly after: Side };

const isSame = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean =>
  a.size === b.size && [...a].every((key) => b.has(key));

/** Whether policies may apply at a direction's own end. */
const matters = (direction: Direction, pair: Pair): boolean =>
  enforcementAt(pair[subjectOf(direction)]) !== "elsewhere";

/** The rules of one side that the other does not have. */
function differingItems(rules: readonly Item[]): Item[] {
  const sides = [0, 1].map((side) => new Set(rules.filter((item) => item.side === side).map(({ common }) => common)));
  return rules.filter(({ side, common }) => !sides[1 - side]?.has(common));
}

const outcomes =
  ({ sides }: Problem, pair: Pair, atom: Atom) =>
  ({ side, direction, items }: Pick<Group, "side" | "direction" | "items">): Outcome =>
    outcomeOf(
      items.map(({ content }) => content),
      sides[side].circumstances(direction, pair, atom),
    );

type OutcomeReader = ReturnType<typeof outcomes>;

function compareGroups(
  groups: readonly Group[],
  own: readonly Direction[],
  outcome: OutcomeReader,
  property: Property,
  together: boolean,
): Comparison {
  const at = (side: 0 | 1): Outcome[] =>
    own.map((direction) =>
      outcome(
        groups.find((group) => group.side === side && group.direction === direction) ?? { side, direction, items: [] },
      ),
    );
  return compareOutcomes(at(0), at(1), property, together);
}

/** Compares what each direction comes to on both sides. */
function compareOutcomes(
  before: readonly Outcome[],
  after: readonly Outcome[],
  property: Property,
  together: boolean,
): Comparison {
  const compare = property === "equal" ? differ : opens;
  if (together) {
    const [earlier, later] = [before, after].map((outcomes) => outcomes.every(({ allowed }) => allowed));
    if (!earlier && !later) return { differs: false };
    if (earlier !== later) return { differs: property === "equal" || later === true };
    if (isSame(limitsOf(before), limitsOf(after))) return { differs: false };
  }
  const compared = before.map((outcome, i) => compare(outcome, after[i] ?? outcome));
  const certain = compared.filter(({ differs }) => differs === true);
  const unclear = compared.find(({ differs }) => differs === "unclear");
  const [first] = certain;
  if (first === undefined) return unclear ?? { differs: false };
  const limited = together && before.concat(after).filter((one) => one.allowed && one.limit.kind !== "none").length > 2;
  return limited
    ? { differs: "unclear", why: "what proxies at both ends let through together is not compared" }
    : first;
}

const limitsOf = (outcomes: readonly Outcome[]): ReadonlySet<string> =>
  new Set(
    outcomes.flatMap((outcome) =>
      outcome.allowed
        ? [
            ...(outcome.limit.kind === "none" ? [] : [JSON.stringify(outcome.limit)]),
            ...outcome.authentication.map((mode) => `authentication ${mode}`),
          ]
        : [],
    ),
  );

/** The same without the labels and names that are not needed. */
function smaller(
  assignment: Assignment,
  rules: readonly Item[],
  universe: Universe,
  comparison: (groups: readonly Group[]) => Comparison,
): Assignment {
  let kept = new Map(assignment);
  for (const [variable, value] of assignment) {
    if (value === 0 && variable.attribute.kind !== "namespace-label") continue;
    const fewer = new Map(kept).set(variable, 0);
    if (comparison(matchingGroups(rules, fewer, universe)).differs === true) kept = fewer;
  }
  return kept;
}

/** The rules that match at a point, where variables that are not assigned have their first value. */
function matchingGroups(rules: readonly Item[], assignment: Assignment, universe: Universe): Group[] {
  const [source, destination] = (["source", "destination"] as const).map((end) => {
    const namespace = universe.variable(end, { kind: "namespace" });
    return namespace && assignment.get(namespace);
  });
  const sameNamespace = source !== undefined && source > 0 && source === destination;
  const positionOf = (variable: Variable): number => {
    const own = assignment.get(variable);
    if (own !== undefined || !sameNamespace || variable.attribute.kind !== "namespace-label") return own ?? 0;
    const other = universe.variable(variable.end === "source" ? "destination" : "source", variable.attribute);
    return (other && assignment.get(other)) ?? 0;
  };
  const matching = rules.filter(({ tail }) =>
    conditionsOf(tail).every(({ variable, mask }) => isIn(mask, positionOf(variable))),
  );
  return directions.flatMap((direction) =>
    ([0, 1] as const).map((side) => ({
      side,
      direction,
      isFinal: true,
      items: matching.filter((item) => item.side === side && item.direction === direction),
    })),
  );
}

/** What the engine says of a point on both sides; a reason where it does not confirm that they differ. */
function confirm(
  point: Point,
  universe: Universe,
  sides: Sides,
  property: Property,
  end: Direction | undefined,
): Counterexample | string {
  const [before, after] = [judged(sides.before, point, universe), judged(sides.after, point, universe)];
  const own = end === undefined ? directions : [end];
  for (const { answer } of [before, after]) {
    for (const direction of own) {
      const one = answer[direction];
      if (one.verdict === "undecidable") return undecidableText(one.reason);
    }
  }
  const outcomesOf = ({ answer }: typeof before) => own.map((direction) => outcomeOfVerdict(answer[direction]));
  const { differs } = compareOutcomes(outcomesOf(before), outcomesOf(after), property, end === undefined);
  if (differs !== true) {
    return `the engine does not confirm that ${questionText(before.witness.question)} differs, which is a defect ${JSON.stringify(before.witness)} ${JSON.stringify([before.answer, after.answer].map((a) => (end ? a[end] : a)))}`;
  }
  const allowed = [before, after].map((side) => outcomesOf(side).every((one) => one.allowed));
  return {
    witness: before.witness,
    end,
    differs: allowed[0] === allowed[1] ? "limits" : "verdict",
    before: before.answer,
    after: after.answer,
  };
}

function judged(side: Side, point: Point, universe: Universe) {
  const {
    network: { configuration },
  } = { network: networkOf({ ...side, policies: [] }) };
  const witness = witnessOf(point, universe, configuration.cidrsMatch.pods);
  const network = compile(side.policies, withWitness(side.inventory, witness));
  return { witness, network, answer: verdict(network, witness.question) };
}

const outcomeOfVerdict = (end: EndVerdict): Outcome =>
  end.verdict === "allowed"
    ? {
        allowed: true,
        limit: limitOf(end.redirect),
        authentication: end.authentication.length > 0 ? ["demanded"] : [],
      }
    : { allowed: false };

/** An end that is in default deny on one side only, where that changes no verdict. */
function isolationDifference(
  direction: Direction,
  networks: readonly [Network, Network],
  sides: Sides,
  doubts: Set<string>,
): Counterexample | undefined {
  const problem = problemOf(networks, subjectOf(direction));
  if (problem === undefined) return undefined;
  const { universe, items, atoms } = problem;
  const outside = universe.kinds.find(({ kind }) => kind === "outside");
  const [atom] = atoms;
  if (outside === undefined || atom === undefined) return undefined;
  let found: Counterexample | undefined;
  for (const subject of universe.kinds.filter((kind) => enforcementAt(kind) !== "elsewhere" && !isNear(kind))) {
    const pair: Pair =
      direction === "egress" ? { source: subject, destination: outside } : { source: outside, destination: subject };
    const rules = problem.sides.flatMap((side) => {
      const { isEnforced, isIsolated } = side.circumstances(direction, pair, atom);
      return isEnforced && !isIsolated ? side.isolating(direction, pair) : [];
    });
    if (differingItems(rules).length === 0) continue;
    const isolatedOn = (groups: readonly Group[], side: 0 | 1): boolean =>
      groups.some((group) => group.side === side && group.items.length > 0);
    search(
      {
        items: rules,
        region: new Map(),
        shareNamespaces: false,
        outcome: () => ({ allowed: false }),
        together: false,
        alike: true,
        hopeless: () => false,
        wanted: (groups) => isolatedOn(groups, 0) !== isolatedOn(groups, 1),
        accept: (assignment) => {
          const point: Point = { ...pair, question: atom, assignment };
          const [before, after] = [judged(sides.before, point, universe), judged(sides.after, point, universe)];
          const isolated = { before: isIsolated(before), after: isIsolated(after) };
          if (isolated.before === isolated.after) {
            doubts.add("the engine does not confirm a difference of default deny, which is a defect");
            return false;
          }
          found = {
            witness: before.witness,
            end: direction,
            differs: "default-deny",
            before: before.answer,
            after: after.answer,
            isolated,
          };
          return true;
        },
      },
      universe,
      items,
      { left: enough },
    );
    if (found !== undefined) return found;
  }
  return undefined;

  function isIsolated({ network, witness }: ReturnType<typeof judged>): boolean {
    const [one] = resolve(network, witness.question);
    const party = one?.[subjectOf(direction)];
    return party !== undefined && (policyAt(network, party)?.[direction].defaultDeny ?? false);
  }
}
