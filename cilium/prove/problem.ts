/** What a search is about: a universe, and what the rules of one side or two say of it. */
import type { Network } from "../reach/compile/network.ts";
import { type Item, type Items, makeItems, type SideIndex } from "./items.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { type Atom, atomsOf } from "./ports.ts";
import type { Group } from "./reduce.ts";
import { commonRules, enforcementAt, isNear, isNode, type Pair, type ReadSide, readSide } from "./side.ts";
import { type End, type Mentioned, type Universe, universeOf } from "./universe.ts";

export type Problem = {
  readonly universe: Universe;
  readonly items: Items;
  readonly sides: readonly ReadSide[];
  readonly atoms: readonly Atom[];
};

export const nothing: Mentioned = { requirements: [], prefixes: [], names: [] };

/**
 * @param networks one or two
 * @param subject the end whose variables are decided last
 * @returns undefined if names overlap in too many ways
 */
export function problemOf(networks: readonly Network[], subject: End, mentioned = nothing): Problem | undefined {
  const universe = universeOf(networks, mentioned, subject);
  if (universe === undefined) return undefined;
  const items = makeItems();
  const common = commonRules(networks);
  const sides = networks.map((network, i) => readSide(network, i === 0 ? 0 : 1, universe, items, common));
  return { universe, items, sides, atoms: atomsOf(networks) };
}

/** Why there is no universe. */
export const tooManyNames = "patterns of DNS names overlap in too many ways";

/** Pairs of kinds between which there can be a connection that policies are about. */
export const pairsOf = ({ kinds }: Universe): Pair[] =>
  kinds.flatMap((source) => kinds.map((destination) => ({ source, destination }))).filter(isPossible);

const isPossible = ({ source, destination }: Pair): boolean => {
  if (enforcementAt(source) === "elsewhere" && enforcementAt(destination) === "elsewhere") return false;
  if (isNear(source)) return runsOnNode(destination);
  return isNear(destination) ? runsOnNode(source) : true;
};

/** Whether a node can be an end's own. */
const runsOnNode = (kind: Pair["source"]): boolean => !isNode(kind) && enforcementAt(kind) === "endpoint";

/** What rules of one side and direction come to that certainly match. */
export const outcomesOf =
  ({ sides }: Problem, pair: Pair, atom: Atom) =>
  ({ side, direction, items }: Pick<Group, "side" | "direction" | "items">): Outcome => {
    const circumstances = sides[side]?.circumstances(direction, pair, atom);
    if (circumstances === undefined) throw new Error("a group of rules is on one of the sides");
    return outcomeOf(
      items.map(({ content }) => content),
      circumstances,
    );
  };

/** The rules of one side that the other does not have. */
export function differingItems(rules: readonly Item[]): Item[] {
  const sides = ([0, 1] as const).map(
    (side: SideIndex) => new Set(rules.filter((item) => item.side === side).map(({ common }) => common)),
  );
  return rules.filter(({ side, common }) => !sides[1 - side]?.has(common));
}
