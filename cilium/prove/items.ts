/**
 * Rules as they take part in a search: what one says, and the conditions on which it does. Equal parts are the same object,
 * so that what both sides have in common is seen at once.
 */
import type { Direction } from "../reach/compile/rules.ts";
import type { Cube } from "./cubes.ts";
import type { Mask } from "./mask.ts";
import type { Content } from "./outcome.ts";
import type { Variable } from "./universe.ts";

/** The conditions that are still to be decided, in the order of their variables. */
export type Tail = {
  readonly id: number;
  readonly variable: Variable;
  readonly mask: Mask;
  readonly next: Tail | undefined;
  /** How many conditions there are. */
  readonly length: number;
};

/** Which of two sides a rule is on. */
export type SideIndex = 0 | 1;

export type Item = {
  readonly id: number;
  readonly side: SideIndex;
  readonly direction: Direction;
  readonly content: Content;
  readonly contentId: number;
  /** Undefined where it certainly matches. */
  readonly tail: Tail | undefined;
  /** Equal for items of both sides that say the same on the same conditions. */
  readonly common: number;
};

export type Items = {
  readonly tail: (cube: Cube) => Tail | undefined;
  readonly item: (side: SideIndex, direction: Direction, content: Content, tail: Tail | undefined) => Item;
  /** An item once its condition on a variable holds. */
  readonly rest: (item: Item, variable: Variable) => Item;
  readonly withTail: (item: Item, tail: Tail | undefined) => Item;
};

export function makeItems(): Items {
  const tails = new Map<string, Tail>();
  const contents = new Map<string, number>();
  const contentIds = new WeakMap<Content, number>();
  const commons = new Map<string, number>();
  const items = new Map<number, Item>();
  const rests = new Map<number, Map<Variable, Item>>();
  const leftOut = (tail: Tail | undefined, variable: Variable): Tail | undefined =>
    tail === undefined || tail.variable === variable
      ? tail?.next
      : cons(tail.variable, tail.mask, leftOut(tail.next, variable));

  const cons = (variable: Variable, mask: Mask, next: Tail | undefined): Tail => {
    const key = `${variable.index}${mask.negated ? "!" : "="}${mask.values.join()};${next?.id ?? ""}`;
    const tail = tails.get(key) ?? { id: tails.size + 1, variable, mask, next, length: (next?.length ?? 0) + 1 };
    tails.set(key, tail);
    return tail;
  };
  const contentIdOf = (content: Content): number => {
    const known = contentIds.get(content);
    if (known !== undefined) return known;
    const id = numbered(contents, JSON.stringify(content));
    contentIds.set(content, id);
    return id;
  };
  const make = (
    { side, direction, content, contentId }: Omit<Item, "id" | "tail" | "common">,
    tail: Tail | undefined,
  ): Item => {
    const common = numbered(commons, `${direction} ${contentId} ${tail?.id ?? 0}`);
    const id = 2 * common + side;
    const item = items.get(id) ?? { id, side, direction, content, contentId, tail, common };
    items.set(id, item);
    return item;
  };
  return {
    tail: (cube) =>
      cube.reduceRight<Tail | undefined>((next, { variable, mask }) => cons(variable, mask, next), undefined),
    item: (side, direction, content, tail) => make({ side, direction, content, contentId: contentIdOf(content) }, tail),
    withTail: make,
    rest: (item, variable) => {
      const known = rests.get(item.id) ?? new Map<Variable, Item>();
      rests.set(item.id, known);
      const found = known.get(variable) ?? make(item, leftOut(item.tail, variable));
      known.set(variable, found);
      return found;
    },
  };
}

/** The condition of a tail on a variable. */
export function conditionOn(tail: Tail | undefined, variable: Variable): Tail | undefined {
  let one = tail;
  while (one !== undefined && one.variable.index < variable.index) one = one.next;
  return one?.variable === variable ? one : undefined;
}

function numbered(numbers: Map<string, number>, key: string): number {
  const number = numbers.get(key) ?? numbers.size;
  numbers.set(key, number);
  return number;
}
