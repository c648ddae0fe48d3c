/** Points of a universe that were found, without what they do not need. */

import type { Item } from "./items.ts";
import { everyValue, isIn } from "./mask.ts";
import type { Group } from "./reduce.ts";
import { type Assignment, conditionsOf, type Region } from "./search.ts";
import { directions } from "./side.ts";
import { roles, type Universe, type Variable } from "./universe.ts";

/** The same without the labels and names that are not needed. */
export function smaller(
  assignment: Assignment,
  rules: readonly Item[],
  universe: Universe,
  region: Region,
  wanted: (groups: readonly Group[]) => boolean,
): Assignment {
  let kept = new Map(assignment);
  for (const [variable, value] of assignment) {
    if (!isIn(region.get(variable) ?? everyValue, 0)) continue;
    if (value === 0 && variable.attribute.kind !== "namespace-label") continue;
    const fewer = new Map(kept).set(variable, 0);
    if (wanted(matchingGroups(rules, fewer, universe))) kept = fewer;
  }
  return kept;
}

/** The rules that match at a point, where variables that are not assigned have their first value. */
function matchingGroups(rules: readonly Item[], assignment: Assignment, universe: Universe): Group[] {
  const [source, destination] = roles.map((end) => {
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
