/** What a search is about: a universe, and what the rules of one side or two say of it. */
import type { Network } from "../reach/compile/network.ts";
import type { Direction } from "../reach/compile/rules.ts";
import { undecidableText } from "../reach/decide/verdict.ts";
import type { Apart } from "./apart.ts";
import { type Item, type Items, makeItems, type SideIndex } from "./items.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { type Atom, atomsOf } from "./ports.ts";
import type { Group } from "./reduce.ts";
import { enforcementAt, isNear, type Pair, type ReadSide, readSide, runsOnNode } from "./side.ts";
import { type Domains, type Mentioned, type Role, type Universe, universeOf } from "./universe.ts";

export type Problem = {
  readonly universe: Universe;
  readonly items: Items;
  readonly sides: readonly ReadSide[];
  readonly atoms: readonly Atom[];
  /** The directions in which all sides were found to isolate the same ends: it is not asked again. */
  readonly sameIsolation: Set<Direction>;
};

export const nothing: Mentioned = { requirements: [], prefixes: [], names: [] };

/**
 * @param networks one or two
 * @param apart what each of them says alone
 * @param subject the end whose variables are decided last
 */
export function problemOf(
  networks: readonly Network[],
  apart: readonly Apart[],
  domains: Domains,
  subject: Role,
): Problem {
  const universe = universeOf(domains, subject);
  const items = makeItems();
  const sides: ReadSide[] = [];
  const sameIsolation = new Set<Direction>();
  for (const [i, network] of networks.entries()) {
    const same = { directions: sameIsolation, by: sides[0] };
    sides.push(readSide(network, i === 0 ? 0 : 1, universe, items, apart[i] ?? nothingApart, same));
  }
  return { universe, items, sides, sameIsolation, atoms: atomsOf(networks) };
}

const nothingApart: Apart = { parts: [], isolating: [], selecting: [] };

/** Values of configurations with which no agent starts. */
export const unreadableReasons = (networks: readonly Network[]): string[] => [
  ...new Set(
    networks.flatMap(({ basis }) =>
      basis.unreadable.map((unreadable) => undecidableText({ kind: "configuration", unreadable })),
    ),
  ),
];

/** Why there is no universe. */
export const tooManyNames = "patterns of DNS names overlap in too many ways";

/**
 * Pairs of kinds between which there can be a connection that policies are about; pods of other clusters last, which no
 * Kubernetes object can state.
 */
export function pairsOf({ kinds }: Universe): Pair[] {
  const pairs = kinds.flatMap((source) => kinds.map((destination) => ({ source, destination }))).filter(isPossible);
  const isForeign = ({ source, destination }: Pair): boolean =>
    source.kind === "foreign-pod" || destination.kind === "foreign-pod";
  return [...pairs.filter((pair) => !isForeign(pair)), ...pairs.filter(isForeign)];
}

const isPossible = ({ source, destination }: Pair): boolean => {
  if (enforcementAt(source) === "elsewhere" && enforcementAt(destination) === "elsewhere") return false;
  if (isNear(source)) return runsOnNode(destination);
  return isNear(destination) ? runsOnNode(source) : true;
};

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
