/**
 * Looks for an end and another end, within a region of a universe, about which rules of two sides come to something that is
 * looked for: a variable at a time, in the order of the universe, with the same question never answered twice.
 */
import type { Condition } from "./cubes.ts";
import { meet } from "./cubes.ts";
import { conditionOn, type Item, type Items, type Tail } from "./items.ts";
import { isEvery, isIn, isNone, type Mask } from "./mask.ts";
import type { Outcome } from "./outcome.ts";
import { type Group, groupsOf } from "./reduce.ts";
import { roles, type Universe, type Variable } from "./universe.ts";

/** What each variable that was decided is, as a position in its domain. */
export type Assignment = ReadonlyMap<Variable, number>;

/** The variables that are limited, and to what. */
export type Region = ReadonlyMap<Variable, Mask>;

export type Task = {
  readonly items: readonly Item[];
  readonly region: Region;
  /** Whether the ends are pods of one cluster, so that with the same namespace they have the same labels of it. */
  readonly shareNamespaces: boolean;
  /** What a group of rules comes to that certainly match. */
  readonly outcome: (group: Pick<Group, "side" | "direction" | "items">) => Outcome;
  /** Whether it is what is looked for, given what each side comes to in each direction. */
  readonly wanted: (groups: readonly Group[]) => boolean;
  /** Whether sides with the same rules come to the same. */
  readonly alike: boolean;
  /** Whether both ends together count, so that one that denies leaves the other without a say. */
  readonly together: boolean;
  /** Whether what was found is accepted; else the search goes on. */
  readonly accept: (found: Assignment) => boolean;
};

/** How much may still be looked at, over several searches. */
export type Budget = { left: number };

/** @returns whether something was accepted, or the budget ran out */
export function search(task: Task, universe: Universe, items: Items, budget: Budget): "found" | "none" | "exhausted" {
  const namespaces = roles
    .flatMap((end) => universe.variable(end, { kind: "namespace" }) ?? [])
    .sort((a, b) => a.index - b.index);
  const [earlier, later] = namespaces;
  const labelled = universe.variables.some(({ attribute }) => attribute.kind === "namespace-label");
  const unifies = task.shareNamespaces && labelled;
  const forced = unifies ? namespaces.filter((variable) => !isIn(task.region.get(variable) ?? all, 0)) : [];
  const known = new Set<string>();
  const assignment = new Map<Variable, number>();

  const visit = (alive: readonly Item[]): "found" | "none" | "exhausted" => {
    const groups = withoutSay(groupsOf(alive), task);
    if (task.alike && agree(groups)) return "none";
    const kept = groups.flatMap((group) => group.items);
    const first = nextOf(kept);
    const missing = forced.find((one) => !assignment.has(one) && (first === undefined || one.index <= first.index));
    const variable = missing ?? first;
    if (variable === undefined)
      return task.wanted(groups) && task.accept(completed(assignment, task.region)) ? "found" : "none";
    const place = unifies && later && variable.index <= later.index ? `${earlier && assignment.get(earlier)}:` : "";
    const key = `${place}${kept
      .map(({ id }) => id)
      .sort((a, b) => a - b)
      .join()}`;
    if (known.has(key)) return "none";
    if (budget.left-- <= 0) return "exhausted";
    for (const { value, items: own } of branches(variable, kept, task.region, items)) {
      assignment.set(variable, value);
      const same = unifies && variable === later && value > 0 && earlier && assignment.get(earlier) === value;
      const result = visit(same ? unified(own, task.region, universe, items) : own);
      if (result !== "none") return result;
    }
    assignment.delete(variable);
    known.add(key);
    return "none";
  };
  return visit(within(task.items, task.region, items));
}

/** With a possible value for what the region limits and no rule asks about. */
function completed(assignment: Assignment, region: Region): Assignment {
  const whole = new Map(assignment);
  for (const [variable, possible] of region) {
    if (!whole.has(variable))
      whole.set(
        variable,
        variable.values.findIndex((_, value) => isIn(possible, value)),
      );
  }
  return whole;
}

const all: Mask = { values: [], negated: true };

/**
 * The variable to decide next: clusters and namespaces first, which divide most; then what is left of the rule that is
 * nearest to being decided, so that rules are decided one after another. Undefined where all of them certainly match.
 */
function nextOf(alive: readonly Item[]): Variable | undefined {
  let nearest: Tail | undefined;
  let place: Variable | undefined;
  for (const { tail } of alive) {
    if (tail === undefined) continue;
    const { kind } = tail.variable.attribute;
    if ((kind === "cluster" || kind === "namespace") && (place === undefined || tail.variable.index < place.index)) {
      place = tail.variable;
    }
    if (nearest === undefined || isNearer(tail, nearest)) nearest = tail;
  }
  return place ?? nearest?.variable;
}

const isNearer = (a: Tail, b: Tail): boolean =>
  a.length === b.length
    ? a.variable.index < b.variable.index || (a.variable === b.variable && a.id < b.id)
    : a.length < b.length;

/** Whether both sides have the same rules left; a search over one side has nothing to agree. */
function agree(groups: readonly Group[]): boolean {
  const before = new Set<number>();
  let after = 0;
  for (const group of groups) if (group.side === 0) for (const { common } of group.items) before.add(common);
  for (const group of groups) {
    if (group.side === 0) continue;
    for (const { common } of group.items) if (!before.has(common)) return false;
    after += group.items.length;
  }
  return after > 0 && after === before.size;
}

/** Where both ends together count and one denies, the rules of the other end do not matter. */
function withoutSay(groups: readonly Group[], { together, outcome }: Task): readonly Group[] {
  if (!together) return groups;
  const denying = groups.filter((group) => group.isFinal && !outcome(group).allowed);
  return denying.length === 0
    ? groups
    : groups.filter((group) => denying.includes(group) || !denying.some(({ side }) => side === group.side));
}

type Branch = { readonly value: number; readonly items: readonly Item[] };

/** The values of a variable that make a difference: first one for all that no rule names, which has to be possible. */
function branches(variable: Variable, alive: readonly Item[], region: Region, items: Items): Branch[] {
  const possible = region.get(variable) ?? all;
  const others: Item[] = [];
  const listing: { readonly mask: Mask; readonly rest: Item }[] = [];
  const excluding: { readonly mask: Mask; readonly rest: Item }[] = [];
  for (const item of alive) {
    const mask = conditionOn(item.tail, variable)?.mask;
    if (mask === undefined) others.push(item);
    else (mask.negated ? excluding : listing).push({ mask, rest: items.rest(item, variable) });
  }
  const named = new Map<number, Item[]>();
  for (const { mask } of [...listing, ...excluding]) {
    for (const value of mask.values) if (isIn(possible, value) && !named.has(value)) named.set(value, []);
  }
  for (const { mask, rest } of listing) for (const value of mask.values) named.get(value)?.push(rest);
  for (const [value, own] of named) {
    for (const { mask, rest } of excluding) if (!mask.values.includes(value)) own.push(rest);
  }
  const unnamed = variable.values.flatMap((_, value) => (!named.has(value) && isIn(possible, value) ? [value] : []));
  const rests = [...others, ...excluding.map(({ rest }) => rest)];
  // A namespace that stands for all others is a different one at each end; particular ones are looked at one by one.
  const apart = variable.attribute.kind === "namespace" && unnamed[0] !== 0 ? unnamed : unnamed.slice(0, 1);
  return [
    ...apart.map((value) => ({ value, items: rests })),
    ...[...named].map(([value, own]) => ({ value, items: [...others, ...own] })),
  ];
}

export const conditionsOf = (tail: Tail | undefined): Condition[] =>
  tail === undefined ? [] : [{ variable: tail.variable, mask: tail.mask }, ...conditionsOf(tail.next)];

function asksAbout(tail: Tail | undefined, region: Region): boolean {
  for (let one = tail; one !== undefined; one = one.next) if (region.has(one.variable)) return true;
  return false;
}

/** The rules that can match in a region, without the conditions that hold everywhere in it. */
function within(alive: readonly Item[], region: Region, items: Items): readonly Item[] {
  if (region.size === 0) return alive;
  return alive.flatMap((item) => {
    if (!asksAbout(item.tail, region)) return [item];
    const conditions = conditionsOf(item.tail);
    const left: Condition[] = [];
    for (const condition of conditions) {
      const possible = region.get(condition.variable);
      if (possible === undefined) {
        left.push(condition);
        continue;
      }
      const values = condition.variable.values.flatMap((_, value) => (isIn(possible, value) ? [value] : []));
      const holds = values.filter((value) => isIn(condition.mask, value)).length;
      if (holds === 0) return [];
      if (holds < values.length) left.push(condition);
    }
    return [items.withTail(item, items.tail(left))];
  });
}

/** Rules about two pods of one namespace: what they say of its labels at both ends is about the same labels. */
function unified(alive: readonly Item[], region: Region, universe: Universe, items: Items): readonly Item[] {
  return alive.flatMap((item) => {
    const conditions = conditionsOf(item.tail);
    if (!conditions.some(({ variable }) => variable.attribute.kind === "namespace-label")) return [item];
    let cube: readonly Condition[] | undefined = [];
    for (const { variable, mask } of conditions) {
      const same = ofNamespace(variable, region, universe);
      cube = meet(cube, [{ variable: same, mask }]);
      if (cube === undefined) return [];
    }
    return within([items.withTail(item, items.tail(cube))], region, items);
  });
}

/** The variable that stands for the label of a namespace at both ends. */
function ofNamespace(variable: Variable, region: Region, universe: Universe): Variable {
  const { attribute } = variable;
  if (attribute.kind !== "namespace-label") return variable;
  const both = roles.flatMap((end) => universe.variable(end, attribute) ?? []).sort((a, b) => a.index - b.index);
  return both.find((one) => region.has(one)) ?? both[0] ?? variable;
}

/** Whether a value of every variable is possible in both regions; if so, the region of both. */
export function meeting(a: Region, b: Region): Region | undefined {
  const cube = meet(
    [...a].map(([variable, mask]) => ({ variable, mask })),
    [...b].map(([variable, mask]) => ({ variable, mask })),
  );
  return cube && regionOf(cube);
}

export const regionOf = (cube: readonly Condition[]): Region =>
  new Map(
    cube
      .filter(({ variable, mask }) => !isEvery(mask) && !isNone(mask, variable.values.length))
      .map(({ variable, mask }) => [variable, mask]),
  );
