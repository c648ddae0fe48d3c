/** Finds the identities that satisfy label requirements without looking at all of them. */
import { matches, type Requirement } from "../../policy/selector.ts";
import type { Identity } from "./identity.ts";
import { selectsByOwnLabels } from "./selection.ts";

export type LabelIndex = {
  /** The positions of the identities that satisfy all requirements, or may do so, ascending. */
  readonly select: (requirements: readonly Requirement[]) => readonly number[];
};

export function indexLabels(identities: readonly Identity[]): LabelIndex {
  const everyone = identities.flatMap(({ unknownLabels }, position) => (unknownLabels === undefined ? [position] : []));
  const uncertain = identities.flatMap(({ unknownLabels }, position) =>
    unknownLabels === undefined ? [] : [position],
  );
  const byLabel = new Map<string, number[]>();
  for (const position of everyone) {
    for (const { key, value } of identities[position]?.labels ?? []) {
      const holders = byLabel.get(`${key}=${value}`);
      if (holders === undefined) byLabel.set(`${key}=${value}`, [position]);
      else holders.push(position);
    }
  }

  const candidates = (requirement: Requirement): readonly number[] | undefined => {
    if (requirement.operator !== "In") return undefined;
    const lists = requirement.values.map((value) => byLabel.get(`${requirement.key}=${value}`) ?? []);
    return lists.length === 1 ? lists[0] : [...new Set(lists.flat())].sort((a, b) => a - b);
  };
  return {
    select: (requirements) => {
      let fewest: readonly number[] = everyone;
      for (const requirement of requirements) {
        const found = candidates(requirement);
        if (found !== undefined && found.length < fewest.length) fewest = found;
      }
      const certain = fewest.filter((position) => {
        const identity = identities[position];
        return identity !== undefined && matches(requirements, identity.labels);
      });
      const possible = uncertain.filter((position) => {
        const identity = identities[position];
        return identity !== undefined && selectsByOwnLabels(requirements, identity) !== "no";
      });
      return possible.length === 0 ? certain : [...certain, ...possible].sort((a, b) => a - b);
    },
  };
}
