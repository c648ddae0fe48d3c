/** Leaves out of a set of rules what cannot change the outcome any more, given what certainly matches. */
import type { L7 } from "../reach/compile/ports.ts";
import type { Direction } from "../reach/compile/rules.ts";
import type { Item, SideIndex } from "./items.ts";
import { demandsAuthentication, isEarlier, type RuleContent, saysOfTls } from "./outcome.ts";

/** The rules of one side and direction. */
export type Group = {
  readonly side: SideIndex;
  readonly direction: Direction;
  readonly items: readonly Item[];
  /** Whether all of them certainly match. */
  readonly isFinal: boolean;
};

export function groupsOf(items: readonly Item[]): Group[] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = `${item.side}${item.direction}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()].map((own) => {
    const kept = reduced(own);
    const [first] = own;
    return {
      side: first?.side ?? 0,
      direction: first?.direction ?? "egress",
      items: kept,
      isFinal: kept.every(({ tail }) => tail === undefined),
    };
  });
}

type RuleItem = Item & { readonly content: RuleContent };

const isRule = (item: Item): item is RuleItem => item.content.kind === "rule";

/** @param items of one side and direction */
function reduced(items: readonly Item[]): readonly Item[] {
  const sure = new Set<number>();
  let isIsolated = false;
  let isSelected = false;
  for (const { tail, contentId, content } of items) {
    if (tail !== undefined) continue;
    sure.add(contentId);
    if (content.kind === "default-deny") isIsolated = true;
    if (content.kind === "selected") isSelected = true;
  }
  if (sure.size === 0) return distinct(items);
  const certain = items.filter((item): item is RuleItem => item.tail === undefined && isRule(item));
  const passes = new Map<string, RuleContent>();
  for (const { content } of certain) {
    const known = passes.get(content.tier);
    if (content.effect === "pass" && (known === undefined || isEarlier(content, known)))
      passes.set(content.tier, content);
  }
  const isPassed = (content: RuleContent): boolean => {
    const pass = passes.get(content.tier);
    return pass !== undefined && isEarlier(pass, content);
  };
  const deciding = certain.filter(({ content }) => content.effect !== "pass" && !isPassed(content));
  const first = deciding.reduce<RuleContent | undefined>(
    (best, { content }) => (best === undefined || isBefore(content, best) ? content : best),
    undefined,
  );
  // An earlier rule that may pass leaves the decision to the next tier.
  const mayPass = items.some(
    ({ tail, content }) =>
      first !== undefined &&
      tail !== undefined &&
      content.kind === "rule" &&
      content.effect === "pass" &&
      content.tier === first.tier &&
      isEarlier(content, first),
  );
  const isLevel = (content: RuleContent): boolean =>
    first !== undefined && !isEarlier(first, content) && !isEarlier(content, first);
  const allowing = items.filter(isRule).filter(({ content }) => isLevel(content) && content.effect === "allow");
  // A rule without L7 lifts the limits of HTTP and DNS alone; then only which proxy reads the traffic is open.
  const isKept = allowing.some(({ content: { l7 } }) => l7 !== undefined && (!isRead(l7) || saysOfTls(l7)));
  const allowed = certain.filter(({ content }) => isLevel(content) && content.effect === "allow");
  const absorbs = first?.effect === "allow" && !isKept && allowed.some(({ content }) => content.l7 === undefined);
  const isReadAnyway = (l7: L7): boolean =>
    allowed.some(({ content }) => content.l7?.parser === l7.parser && content.l7.priority === l7.priority);
  const keeps = (content: RuleContent, isSure: boolean): boolean => {
    if (isPassed(content)) return false;
    if (first === undefined) return true;
    if (isEarlier(first, content)) return mayPass && content.tier !== first.tier;
    if (!isLevel(content)) return true;
    if (first.effect === "deny") return content.effect === "deny";
    if (content.effect === "pass") return false;
    if (content.effect === "deny" || !absorbs || content.l7 === undefined || demandsAuthentication(content))
      return true;
    return isSure || !isReadAnyway(content.l7);
  };
  // Whether an end is isolated decides what no rule does, and whether the limits of one hold.
  const needsDefault =
    first === undefined ||
    mayPass ||
    items.some(({ tail, content }) => content.kind === "rule" && content.l7 && keeps(content, tail === undefined));
  const matters = (item: Item): boolean => {
    if (item.tail !== undefined && sure.has(item.contentId)) return false;
    switch (item.content.kind) {
      case "rule":
        return keeps(item.content, item.tail === undefined);
      case "default-deny":
        return needsDefault && (item.tail === undefined || !isIsolated);
      case "selected":
        return (first === undefined || mayPass) && (item.tail === undefined || !isSelected);
    }
  };
  return distinct(items.filter(matters));
}

const isRead = ({ parser }: L7): boolean => parser === "http" || parser === "dns";

const distinct = (items: readonly Item[]): Item[] => [...new Set(items)];

/** Whether one rule decides before another, or against it. */
const isBefore = (a: RuleContent, b: RuleContent): boolean =>
  isEarlier(a, b) || (!isEarlier(b, a) && a.effect === "deny" && b.effect === "allow");
