/**
 * Ends for which the agent computes no policy, since their rules cannot be merged: it goes on enforcing an earlier one, so
 * that nothing about them is decidable where a side has other rules for them than the other.
 */
import { conflictOf, conflictText } from "../reach/compile/conflicts.ts";
import type { Network, NetworkRule } from "../reach/compile/network.ts";
import type { PortMatch } from "../reach/compile/ports.ts";
import { meet, type Reading } from "./cubes.ts";
import { enforcementAt, ruleKey, subjectOf } from "./side.ts";
import type { Kind } from "./universe.ts";

export type Judged = { readonly network: Network; readonly reading: Reading };

/** What keeps the rules of two sides from being compared, each once. */
export function conflictDoubts(sides: readonly Judged[], kinds: readonly Kind[]): string[] {
  const keys = sides.map(({ network }) => new Set(network.rules.map(ruleKey)));
  const differing = sides.flatMap(({ network, reading }, side) =>
    network.rules.filter((rule) => !keys[1 - side]?.has(ruleKey(rule))).map((rule) => ({ rule, reading })),
  );
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

/** Whether an end of a kind can be the subject of all rules, the last of which is another side's. */
function overlap(rules: readonly NetworkRule[], kind: Kind, own: Reading, last: Reading): boolean {
  let cubes = [meet([], [])];
  for (const [i, rule] of rules.entries()) {
    const reading = i === rules.length - 1 ? last : own;
    const subjects = reading.subject(rule.subject, subjectOf(rule.direction), kind);
    cubes = cubes.flatMap((cube) => subjects.map((subject) => cube && meet(cube, subject)));
  }
  return cubes.some((cube) => cube !== undefined);
}

/** Rules that may be in conflict: each alone where it names a listener, and pairs about the same peers and ports. */
function candidates(rules: readonly NetworkRule[]): (readonly NetworkRule[])[] {
  const filters = new Map<string, Map<string, NetworkRule>>();
  for (const rule of rules.filter(({ selectsNodes }) => !selectsNodes)) {
    for (const match of rule.ports) {
      const said = JSON.stringify([aboveL4(match), rule.authentication, rule.effect, rule.priority]);
      for (const { selector } of rule.peers) {
        add(
          filters,
          `${rule.direction} ${rule.tier} ${match.key} ${selector.key}`,
          said + JSON.stringify(rule.subject),
          rule,
        );
      }
      if ("name" in match.ports) {
        const { name, endPort } = match.ports;
        add(filters, `${rule.direction} ${rule.tier} ${name}`, `${endPort} ${JSON.stringify(rule.subject)}`, rule);
      }
    }
  }
  const pairs = [...filters.values()].flatMap((filter) => {
    const own = [...filter.values()];
    return own.flatMap((a, i) => own.slice(i + 1).map((b) => (a.number < b.number ? [a, b] : [b, a])));
  });
  const alone = rules
    .filter((rule) => rule.ports.length > 1 || rule.ports.some(({ l7 }) => l7?.namespacedListener))
    .filter((rule) => [true, false].some((inNamespace) => conflictOf([rule], inNamespace) !== undefined))
    .map((rule) => [rule]);
  return [...alone, ...pairs.filter(([a, b]) => a !== b && a && b && conflictOf([a, b], true) !== undefined)];
}

function add(filters: Map<string, Map<string, NetworkRule>>, filter: string, said: string, rule: NetworkRule): void {
  const known = filters.get(filter) ?? new Map<string, NetworkRule>();
  filters.set(filter, known);
  if (!known.has(said)) known.set(said, rule);
}

const aboveL4 = ({ l7 }: PortMatch) =>
  l7 && [l7.parser, l7.priority, l7.listener, l7.terminatingTLS, l7.originatingTLS, l7.serverNames.length > 0];
