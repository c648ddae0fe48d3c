/** A set of positions in the domain of a variable: those that are listed, ascending, or all but those. */
export type Mask = { readonly values: readonly number[]; readonly negated: boolean };

export const everyValue: Mask = { values: [], negated: true };

export const only = (...values: readonly number[]): Mask => ({
  values: [...new Set(values)].sort((a, b) => a - b),
  negated: false,
});

export const allBut = (...values: readonly number[]): Mask => ({ ...only(...values), negated: true });

export const isIn = ({ values, negated }: Mask, value: number): boolean => values.includes(value) !== negated;

export const isEvery = ({ values, negated }: Mask): boolean => negated && values.length === 0;

/** Whether it holds nothing of a domain of the given size. */
export const isNone = ({ values, negated }: Mask, size: number): boolean => values.length === (negated ? size : 0);

export function intersection(a: Mask, b: Mask): Mask {
  if (a.negated && b.negated) return allBut(...a.values, ...b.values);
  const [listed, other] = a.negated ? [b, a] : [a, b];
  return { values: listed.values.filter((value) => isIn(other, value)), negated: false };
}

/** The positions of a domain at which something holds, listed or all but those, whichever is shorter. */
export function maskOf(size: number, holds: (position: number) => boolean): Mask {
  const inside: number[] = [];
  const outside: number[] = [];
  for (let position = 0; position < size; position++) (holds(position) ? inside : outside).push(position);
  return inside.length <= outside.length ? { values: inside, negated: false } : { values: outside, negated: true };
}
