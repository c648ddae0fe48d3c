/** Ends that are in default deny on one of two sides only, whether or not that changes a verdict. */
import type { Network } from "../reach/compile/network.ts";
import type { Direction } from "../reach/compile/rules.ts";
import type { Side } from "../reach/report/diff.ts";
import { confirmed, isolation, type Judged } from "./confirm.ts";
import { enough, type Sight, tooMany } from "./look.ts";
import { differingItems, type Problem } from "./problem.ts";
import type { Group } from "./reduce.ts";
import { search } from "./search.ts";
import { enforcementAt, isNear, type Pair } from "./side.ts";

export function isolationDifference(
  direction: Direction,
  sides: readonly Side[],
  networks: readonly Network[],
  { universe, items, atoms, sides: read }: Problem,
): Sight {
  const doubts = new Set<string>();
  const outside = universe.kinds.find(({ kind }) => kind === "outside");
  const [atom] = atoms;
  if (outside === undefined || atom === undefined) return { found: undefined, doubts };
  let found: Judged | undefined;
  for (const subject of universe.kinds.filter((kind) => enforcementAt(kind) !== "elsewhere" && !isNear(kind))) {
    const pair: Pair =
      direction === "egress" ? { source: subject, destination: outside } : { source: outside, destination: subject };
    const circumstances = read.map((side) => side.circumstances(direction, pair, atom));
    const rules = read.flatMap((side, i) =>
      circumstances[i]?.isEnforced && !circumstances[i].isIsolated ? side.isolating(direction, pair) : [],
    );
    const [own, other] = circumstances.map(({ isEnforced, isIsolated }) => isEnforced && isIsolated);
    if (own === other && differingItems(rules).length === 0) continue;
    const isIsolated = (groups: readonly Group[], side: 0 | 1): boolean =>
      (side === 0 ? own : other) || groups.some((group) => group.side === side && group.items.length > 0);
    const result = search(
      {
        items: rules,
        region: new Map(),
        shareNamespaces: false,
        outcome: () => ({ allowed: false }),
        together: false,
        alike: own === other,
        wanted: (groups) => isIsolated(groups, 0) !== isIsolated(groups, 1),
        accept: (assignment) => {
          const point = { ...pair, question: atom, assignment };
          const judged = confirmed(point, universe, sides, networks, [], (one) => {
            const [before, after] = isolation(one, direction);
            return before !== after;
          });
          if (typeof judged !== "string") found = judged;
          else doubts.add(judged);
          return found !== undefined;
        },
      },
      universe,
      items,
      { left: enough },
    );
    if (result === "exhausted") doubts.add(tooMany);
    if (found !== undefined) break;
  }
  return { found, doubts };
}
