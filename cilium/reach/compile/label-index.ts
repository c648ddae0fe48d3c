/** Finds the identities that satisfy label requirements without looking at all of them. */
import type { Requirement } from "../../policy/selector.ts";
import type { Identity } from "./identity.ts";
import { selectsByOwnLabels } from "./selection.ts";

export type LabelIndex = {
  /** The positions of the identities that satisfy all requirements, or may do so, ascending. */
  readonly select: (requirements: readonly Requirement[]) => readonly number[];
};

export function indexLabels(identities: readonly Identity[]): LabelIndex {
  const byLabel = new Map<string, number[]>();
  for (const [position, { labels }] of identities.entries()) {
    for (const { key, value } of labels) {
      const holders = byLabel.get(`${key}=${value}`);
      if (holders === undefined) byLabel.set(`${key}=${value}`, [position]);
      else holders.push(position);
    }
  }
  // Identities lack knowledge in few ways, so those that lack the same are looked at together.
  const byLack = Map.groupBy(
    [...identities.keys()].filter((position) => identities[position]?.unknownLabels !== undefined),
    (position) => identities[position]?.unknownLabels?.isUnknown,
  );
  const lacking = (requirement: Requirement): number[] =>
    [...byLack].flatMap(([isUnknown, positions]) => (isUnknown?.(requirement) ? positions : []));

  const candidates = (requirement: Requirement): readonly number[] | undefined => {
    if (requirement.operator !== "In") return undefined;
    const lists = requirement.values.map((value) => byLabel.get(`${requirement.key}=${value}`) ?? []);
    const possible = lacking(requirement);
    return lists.length === 1 && possible.length === 0
      ? lists[0]
      : [...new Set([...lists.flat(), ...possible])].sort((a, b) => a - b);
  };
  const everyone = [...identities.keys()];
  return {
    select: (requirements) => {
      let fewest: readonly number[] = everyone;
      for (const requirement of requirements) {
        const found = candidates(requirement);
        if (found !== undefined && found.length < fewest.length) fewest = found;
      }
      return fewest.filter((position) => {
        const identity = identities[position];
        return identity !== undefined && selectsByOwnLabels(requirements, identity) !== "no";
      });
    },
  };
}
