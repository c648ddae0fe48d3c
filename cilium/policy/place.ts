/** Places in a policy, such as `egress[2].toPorts[0].ports[1]`; the policy's own place is the empty string. */

/** The place of a field, or of an item of a list in it, below another place. */
export const at = (place: string, field: string, index?: number): string =>
  `${place === "" ? "" : `${place}.`}${field}${index === undefined ? "" : `[${index}]`}`;

/** What a function gives for each item of a list that may be missing, and its place. */
export const each = <Item, Result>(
  items: readonly Item[] | null | undefined,
  place: string,
  field: string,
  judge: (item: Item, place: string) => Result[],
): Result[] => (items ?? []).flatMap((item, index) => judge(item, at(place, field, index)));
