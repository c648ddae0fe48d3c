/** Where there is something to search: two kinds of ends and a set of ports, and what the rules of two sides say there. */
import type { Direction } from "../reach/compile/rules.ts";
import { worldKey } from "./apart.ts";
import type { Item } from "./items.ts";
import type { Outcome } from "./outcome.ts";
import { smaller } from "./points.ts";
import type { Atom } from "./ports.ts";
import { differingItems, outcomesOf, type Problem, pairsOf } from "./problem.ts";
import type { Group } from "./reduce.ts";
import { type Assignment, type Budget, conditionsOf, type Region, regionOf, search } from "./search.ts";
import { enforcementAt, type Pair, subjectOf } from "./side.ts";

export type Place = {
  readonly pair: Pair;
  readonly atom: Atom;
  /** The ends that count. */
  readonly own: readonly Direction[];
  /** Whether both sides decide alike where their rules are the same. */
  readonly alike: boolean;
};

/** The places at which two sides may differ; of one side, all of some ports. */
export function* placesOf(
  problem: Problem,
  directions: readonly Direction[],
  together: boolean,
  atoms: readonly Atom[] = problem.atoms,
): Generator<Place> {
  const [before, after] = problem.sides;
  const sameWorld = before !== undefined && after !== undefined && worldKey(before.network) === worldKey(after.network);
  for (const pair of pairsOf(problem.universe)) {
    const own = directions.filter((direction) => enforcementAt(pair[subjectOf(direction)]) !== "elsewhere");
    if (own.length === 0 && !together) continue;
    const apart = own.map((direction) => apartIn(problem, direction, pair));
    for (const atom of atoms) {
      const alike = after !== undefined && (sameWorld || isAlike(problem, own, pair, atom));
      if (!alike || apart.some((concerns) => concerns(atom))) yield { pair, atom, own, alike };
    }
  }
}

/** Whether rules that only one side has are about an atom. */
function apartIn({ sides }: Problem, direction: Direction, pair: Pair): (atom: Atom) => boolean {
  const [before, after] = sides;
  if (before === undefined || after === undefined) return () => true;
  const [own, other] = [before.apart(direction, pair).matches, after.apart(direction, pair).matches];
  const matches = [
    ...[...own].flatMap(([key, match]) => (other.has(key) ? [] : [match])),
    ...[...other].flatMap(([key, match]) => (own.has(key) ? [] : [match])),
  ];
  if (matches.includes("all ports")) return () => true;
  return (atom) =>
    matches.some((match) => match !== "all ports" && sides.some((side) => side.covers(direction, match, atom)));
}

/** Whether two sides decide alike where their rules are the same. */
const isAlike = ({ sides }: Problem, own: readonly Direction[], pair: Pair, atom: Atom): boolean =>
  own.every((direction) => {
    const [before, after] = sides.map((side) => JSON.stringify(side.circumstances(direction, pair, atom)));
    return before === after;
  });

/** What can be searched between two kinds of ends, on one set of ports. */
export type Field = {
  /** The rules that one side alone has, and perhaps others; none where the sides differ in more than their rules. */
  readonly differing: readonly Item[];
  /** All rules that may match in a region, and perhaps others. */
  readonly rulesIn: (region: Region) => readonly Item[];
  /**
   * Looks in a region for what is wanted of the outcomes in each direction on each side.
   * @param accept is handed a point without what is not needed of it
   */
  readonly find: (
    region: Region,
    wanted: (sides: readonly (readonly Outcome[])[]) => boolean,
    accept: (found: Assignment) => boolean,
    budget: Budget,
  ) => ReturnType<typeof search>;
  /** Whether there is something in a region that is no difference of the sides. */
  readonly findException: (
    region: Region,
    wanted: (sides: readonly (readonly Outcome[])[]) => boolean,
    budget: Budget,
  ) => ReturnType<typeof search>;
};

export function fieldOf(problem: Problem, { pair, atom, own, alike }: Place, together: boolean): Field {
  const { universe, items } = problem;
  const rulesIn = (region: Region): readonly Item[] =>
    own.flatMap((direction) => problem.sides.flatMap((side) => side.items(direction, pair, atom, region)));
  const apart = () =>
    own.flatMap((direction) => problem.sides.flatMap((side) => side.apart(direction, pair).items(atom)));
  const outcome = outcomesOf(problem, pair, atom);
  const outcomes = (groups: readonly Group[]): Outcome[][] =>
    problem.sides.map((_, i) => {
      const side = i === 0 ? 0 : 1;
      return own.map((direction) =>
        outcome(
          groups.find((group) => group.side === side && group.direction === direction) ?? {
            side,
            direction,
            items: [],
          },
        ),
      );
    });
  const shareNamespaces = pair.source.kind === "pod" && pair.destination.kind === "pod";
  const searched = { shareNamespaces, outcome, together };
  return {
    differing: alike ? differingItems(apart()) : [],
    rulesIn,
    find: (region, wanted, accept, budget) => {
      const rules = rulesIn(region);
      const isWanted = (groups: readonly Group[]): boolean => wanted(outcomes(groups));
      const inFull = (found: Assignment): boolean => accept(smaller(found, rules, universe, region, isWanted));
      const task = { ...searched, items: rules, region, alike, wanted: isWanted, accept: inFull };
      return search(task, universe, items, budget);
    },
    findException: (region, wanted, budget) => {
      const isWanted = (groups: readonly Group[]): boolean => wanted(outcomes(groups));
      const task = { ...searched, items: rulesIn(region), region, alike: false, wanted: isWanted, accept: () => true };
      return search(task, universe, items, budget);
    },
  };
}

/** The regions in which rules match, each once. */
export const regionsOfRules = (rules: readonly Item[]): Region[] =>
  [...new Set(rules.map(({ tail }) => tail))].map((tail) => regionOf(conditionsOf(tail)));
