/** The span of time in which something was seen. */

/** RFC 3339; empty if the record has no times. */
export type Times = { first: string; last: string };

/** Widens a span of time. */
function extend(span: Times, time: string): void {
  if (time === "") return;
  if (span.first === "") {
    span.first = time;
    span.last = time;
  } else if (isBefore(span.last, time)) span.last = time;
  else if (isBefore(time, span.first)) span.first = time;
}

/** Without their last letter, the Z, RFC 3339 texts of one zone sort by time, also where one has more digits. */
export const isBefore = (one: string, other: string): boolean =>
  one.length === other.length ? one < other : one.slice(0, -1) < other.slice(0, -1);

/** Widens a span by another one. */
export function widen(span: Times, { first, last }: Times): void {
  extend(span, first);
  if (last !== first) extend(span, last);
}
