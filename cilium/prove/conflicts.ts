/**
 * Ends for which the agent computes no policy, since their rules cannot be merged: it goes on enforcing an earlier one, so
 * that nothing about them is decidable where a side has other rules for them than the other.
 */
import { conflictOf, conflictText } from "../reach/compile/conflicts.ts";
import type { Network, NetworkRule } from "../reach/compile/network.ts";
import type { PortMatch } from "../reach/compile/ports.ts";
import type { Apart } from "./apart.ts";
import { type Cube, meet, type Reading } from "./cubes.ts";
import type { Region } from "./search.ts";
import { enforcementAt, mayMeet, type Pair, subjectOf } from "./side.ts";
import { type Kind, type Role, roles } from "./universe.ts";

export type Judged = { readonly network: Network; readonly reading: Reading };

/** What keeps the rules of two sides from being compared, each once. */
export function conflictDoubts(sides: readonly Judged[], apart: readonly Apart[], kinds: readonly Kind[]): string[] {
  const differing = sides.flatMap(({ reading }, side) => {
    const { parts = [], isolating = [] } = apart[side] ?? {};
    return [...parts, ...isolating].map((rule) => ({ rule, reading }));
  });
  if (differing.length === 0) return [];
  const subjects = kinds.filter((kind) => enforcementAt(kind) === "endpoint");
  const doubts = sides.flatMap(({ network, reading }) =>
    candidates(network.rules).flatMap((rules) =>
      subjects.flatMap((kind) => {
        const conflict = conflictOf(rules, kind.kind === "pod");
        if (conflict === undefined) return [];
        const touched = differing.some(
          (other) =>
            other.rule.direction === rules[0]?.direction &&
            overlap([...rules, other.rule], kind, reading, other.reading),
        );
        return touched ? [conflictText(conflict)] : [];
      }),
    ),
  );
  return [...new Set(doubts)];
}

/** What keeps the rules of one side from being judged for the pods and endpoints at an end of some connections, each once. */
export function conflictDoubtsAt({ network, reading }: Judged, places: readonly Place[]): string[] {
  const doubts = candidates(network.rules).flatMap((rules) =>
    places.flatMap(({ pair, region }) =>
      roles.flatMap((end) => {
        const kind = pair[end];
        const conflict = enforcementAt(kind) === "endpoint" ? conflictOf(rules, kind.kind === "pod") : undefined;
        const cubes = conflict === undefined ? [] : subjectsOfAll(rules, end, kind, reading);
        return conflict !== undefined && cubes.some((cube) => mayMeet(cube, region)) ? [conflictText(conflict)] : [];
      }),
    ),
  );
  return [...new Set(doubts)];
}

/** Two kinds of ends, and which of them. */
export type Place = { readonly pair: Pair; readonly region: Region };

/** The ends of a kind that are the subject of all rules. */
const subjectsOfAll = (rules: readonly NetworkRule[], end: Role, kind: Kind, reading: Reading): readonly Cube[] =>
  rules.reduce<readonly Cube[]>(
    (cubes, { subject }) =>
      cubes.flatMap((cube) =>
        reading.subject(subject, end, kind).flatMap((own) => {
          const both = meet(cube, own);
          return both === undefined ? [] : [both];
        }),
      ),
    [[]],
  );

/** Whether an end of a kind can be the subject of all rules, the last of which is another side's. */
function overlap(rules: readonly NetworkRule[], kind: Kind, own: Reading, last: Reading): boolean {
  const [other, ...rest] = rules.toReversed();
  if (other === undefined) return false;
  const end = subjectOf(other.direction);
  const cubes = subjectsOfAll(rest, end, kind, own);
  return cubes.some((cube) =>
    last.subject(other.subject, end, kind).some((subject) => meet(cube, subject) !== undefined),
  );
}

/** Rules that may be in conflict: each with itself, and pairs that say different things of the same peers and ports. */
function candidates(rules: readonly NetworkRule[]): (readonly NetworkRule[])[] {
  const filters = new Map<string, Map<string, Set<NetworkRule>>>();
  for (const rule of rules.filter(({ selectsNodes }) => !selectsNodes)) {
    for (const match of rule.ports) {
      if ("name" in match.ports) {
        const { name, endPort } = match.ports;
        add(filters, `${rule.direction} ${rule.tier} ${name}`, `${endPort}`, rule);
      }
      if (rule.effect !== "allow") continue;
      const said = JSON.stringify([aboveL4(match), rule.authentication, rule.priority]);
      for (const { selector } of rule.peers) {
        add(filters, `${rule.direction} ${rule.tier} ${match.key} ${selector.key}`, said, rule);
      }
    }
  }
  const found = new Set<NetworkRule>(rules.filter(({ ports }) => ports.some(({ l7 }) => l7?.namespacedListener)));
  const pairs = [...filters.values()].flatMap((filter) => {
    const groups = [...filter.values()].map((group) => [...group]);
    return groups.flatMap((group, i) =>
      groups.slice(i + 1).flatMap((other) => group.flatMap((a) => other.map((b) => inOrder(a, b)))),
    );
  });
  for (const [a, b] of pairs) if (a === b) found.add(a);
  return [
    ...[...found].map((rule) => [rule]),
    ...pairs.filter(([a, b]) => a !== b && conflictOf([a, b], true) !== undefined),
  ];
}

const inOrder = (a: NetworkRule, b: NetworkRule): readonly [NetworkRule, NetworkRule] =>
  a.number < b.number ? [a, b] : [b, a];

function add(
  filters: Map<string, Map<string, Set<NetworkRule>>>,
  filter: string,
  said: string,
  rule: NetworkRule,
): void {
  const groups = filters.get(filter) ?? new Map<string, Set<NetworkRule>>();
  filters.set(filter, groups);
  groups.set(said, (groups.get(said) ?? new Set()).add(rule));
}

const aboveL4 = ({ l7 }: PortMatch) =>
  l7 && [l7.parser, l7.priority, l7.listener, l7.terminatingTLS, l7.originatingTLS, l7.serverNames.length > 0];
