/** The one search that all properties are: for a point at which what the sides come to is wanted. */
import type { Network } from "../reach/compile/network.ts";
import type { Direction } from "../reach/compile/rules.ts";
import type { Side } from "../reach/report/diff.ts";
import { confirmed, type Judged } from "./confirm.ts";
import { fieldOf, type Place, placesOf, regionsOfRules } from "./field.ts";
import type { Comparison, Outcome } from "./outcome.ts";
import type { Atom } from "./ports.ts";
import type { Problem } from "./problem.ts";
import { type Assignment, type Budget, meeting, type Region } from "./search.ts";
import type { Pair } from "./side.ts";

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
export const few = 48;

/** After so many points that the engine does not decide, no more are tried. */
const mostDoubts = 20;

export const tooMany = "there are more combinations than the prover looks at";

export function look(problem: Problem, wish: Wish, budget: Budget = { left: enough }): Sight {
  const doubts = new Set<string>();
  for (const place of placesOf(problem, wish.directions, wish.together, wish.atoms)) {
    const limits = wish.regions?.(place.pair) ?? everywhere;
    if (limits.length === 0) continue;
    const result = lookAt(problem, wish, place, limits, budget, doubts);
    if (result === "exhausted") {
      doubts.add(tooMany);
      return { found: undefined, doubts };
    }
    if (result !== "none") return { found: result, doubts };
  }
  return { found: undefined, doubts };
}

export const everywhere: readonly Region[] = [new Map()];

function lookAt(
  problem: Problem,
  wish: Wish,
  place: Place,
  limits: readonly Region[],
  budget: Budget,
  doubts: Set<string>,
): Judged | "none" | "exhausted" {
  const { universe } = problem;
  const { pair, atom, alike } = place;
  const { differing, find } = fieldOf(problem, place, wish.together);
  if (alike && differing.length === 0) return "none";
  let found: Judged | undefined;
  const isWanted = (sides: readonly (readonly Outcome[])[]): boolean => {
    const compared = wish.compare(sides);
    if (compared.differs === "unclear") doubts.add(compared.why);
    return compared.differs === true;
  };
  const accept = (assignment: Assignment): boolean => {
    const point = { ...pair, question: atom, assignment };
    const judged = confirmed(point, universe, wish.sides, wish.networks, wish.directions, wish.agrees);
    if (typeof judged !== "string") found = judged;
    else doubts.add(judged);
    return found !== undefined || doubts.size > mostDoubts;
  };
  const each = wish.method === undefined ? differing.length <= few : wish.method === "each";
  const cubes = alike && each ? regionsOfRules(differing) : everywhere;
  for (const limit of limits) {
    for (const cube of cubes) {
      const region = limit.size === 0 ? cube : meeting(limit, cube);
      if (region === undefined) continue;
      const result = find(region, isWanted, accept, budget);
      if (result === "exhausted") return result;
      if (result === "found") return found ?? "none";
    }
  }
  return "none";
}
