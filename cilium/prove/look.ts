/** The one search that all properties are: for a point at which what the sides come to is wanted. */
import type { Network } from "../reach/compile/network.ts";
import type { Direction } from "../reach/compile/rules.ts";
import type { Side } from "../reach/report/diff.ts";
import { worldKey } from "./apart.ts";
import { confirmed, type Judged } from "./confirm.ts";
import type { Comparison, Outcome } from "./outcome.ts";
import { smaller } from "./points.ts";
import type { Atom } from "./ports.ts";
import { differingItems, outcomesOf, type Problem, pairsOf } from "./problem.ts";
import type { Group } from "./reduce.ts";
import { type Assignment, type Budget, conditionsOf, meeting, type Region, regionOf, search } from "./search.ts";
import { enforcementAt, type Pair, subjectOf } from "./side.ts";

export type Wish = {
  readonly sides: readonly Side[];
  readonly networks: readonly Network[];
  /** The ends that count. */
  readonly directions: readonly Direction[];
  /** Whether they count together, so that one that denies leaves the other without a say. */
  readonly together: boolean;
  /** Whether this is looked for, of what each direction comes to on each side. */
  readonly compare: (sides: readonly (readonly Outcome[])[]) => Comparison;
  /** Whether the engine says what was looked for. */
  readonly agrees: (judged: Judged) => boolean;
  /** Where to look between two kinds of ends; everywhere if it is left out. */
  readonly regions?: (pair: Pair) => readonly Region[];
  readonly atoms?: readonly Atom[];
  /** How rules that differ are looked at; by their number if it is left out. */
  readonly method?: "each" | "all";
};

/** What was found, and what kept things from being decided. */
export type Sight = { readonly found: Judged | undefined; readonly doubts: ReadonlySet<string> };

/** More states of a search than any policies of people need. */
export const enough = 3_000_000;

/** So many rules that differ are looked at one by one; more are searched together. */
const few = 48;

/** After so many points that the engine does not decide, no more are tried. */
const mostDoubts = 20;

export function look(problem: Problem, wish: Wish, budget: Budget = { left: enough }): Sight {
  const doubts = new Set<string>();
  const [before, after] = problem.sides;
  const sameWorld = before !== undefined && after !== undefined && worldKey(before.network) === worldKey(after.network);
  for (const pair of pairsOf(problem.universe)) {
    const own = wish.directions.filter((direction) => enforcementAt(pair[subjectOf(direction)]) !== "elsewhere");
    if (own.length === 0 && !wish.together) continue;
    const limits = wish.regions?.(pair) ?? everywhere;
    if (limits.length === 0) continue;
    const apart = own.map((direction) => apartIn(problem, direction, pair));
    for (const atom of wish.atoms ?? problem.atoms) {
      const alike = after !== undefined && (sameWorld || isAlike(problem, own, pair, atom));
      if (alike && !apart.some((concerns) => concerns(atom))) continue;
      const result = lookAt(problem, wish, { pair, atom, own, alike, limits }, budget, doubts);
      if (result === "exhausted") {
        doubts.add("there are more combinations than the prover looks at");
        return { found: undefined, doubts };
      }
      if (result !== "none") return { found: result, doubts };
    }
  }
  return { found: undefined, doubts };
}

/** Whether rules that only one side has are about an atom. */
function apartIn({ sides }: Problem, direction: Direction, pair: Pair): (atom: Atom) => boolean {
  const [before, after] = sides;
  if (before === undefined || after === undefined) return () => true;
  const [own, other] = [before.apart(direction, pair), after.apart(direction, pair)];
  const matches = [
    ...[...own].flatMap(([key, match]) => (other.has(key) ? [] : [match])),
    ...[...other].flatMap(([key, match]) => (own.has(key) ? [] : [match])),
  ];
  if (matches.includes("all ports")) return () => true;
  return (atom) =>
    matches.some((match) => match !== "all ports" && sides.some((side) => side.covers(direction, match, atom)));
}

const everywhere: readonly Region[] = [new Map()];

/** Whether two sides decide alike where their rules are the same. */
const isAlike = ({ sides }: Problem, own: readonly Direction[], pair: Pair, atom: Atom): boolean =>
  own.every((direction) => {
    const [before, after] = sides.map((side) => JSON.stringify(side.circumstances(direction, pair, atom)));
    return before === after;
  });

type Place = {
  readonly pair: Pair;
  readonly atom: Atom;
  readonly own: readonly Direction[];
  readonly alike: boolean;
  readonly limits: readonly Region[];
};

function lookAt(
  problem: Problem,
  wish: Wish,
  { pair, atom, own, alike, limits }: Place,
  budget: Budget,
  doubts: Set<string>,
): Judged | "none" | "exhausted" {
  const { universe, items } = problem;
  const rules = own.flatMap((direction) => problem.sides.flatMap((side) => side.items(direction, pair, atom)));
  const differing = alike ? differingItems(rules) : [];
  if (alike && differing.length === 0) return "none";
  const outcome = outcomesOf(problem, pair, atom);
  const comparison = (groups: readonly Group[]): Comparison =>
    wish.compare(
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
      }),
    );
  let found: Judged | undefined;
  const task = (region: Region) => ({
    items: rules,
    region,
    shareNamespaces: pair.source.kind === "pod" && pair.destination.kind === "pod",
    outcome,
    together: wish.together,
    alike,
    wanted: (groups: readonly Group[]): boolean => {
      const compared = comparison(groups);
      if (compared.differs === "unclear") doubts.add(compared.why);
      return compared.differs === true;
    },
    accept: (assignment: Assignment): boolean => {
      const least = smaller(assignment, rules, universe, region, (groups) => comparison(groups).differs === true);
      const point = { ...pair, question: atom, assignment: least };
      const judged = confirmed(point, universe, wish.sides, wish.networks, wish.directions, wish.agrees);
      if (typeof judged !== "string") found = judged;
      else doubts.add(judged);
      return found !== undefined || doubts.size > mostDoubts;
    },
  });
  const each = wish.method === undefined ? differing.length <= few : wish.method === "each";
  const cubes = alike && each ? differing.map(({ tail }) => regionOf(conditionsOf(tail))) : everywhere;
  for (const limit of limits) {
    for (const cube of cubes) {
      const region = limit.size === 0 ? cube : meeting(limit, cube);
      if (region === undefined) continue;
      const result = search(task(region), universe, items, budget);
      if (result === "exhausted") return result;
      if (result === "found") return found ?? "none";
    }
  }
  return "none";
}
