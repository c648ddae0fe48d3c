/** The span of time in which something was seen. */

/** RFC 3339; empty if the record has no times. */
export type Times = { first: string; last: string };

/** Widens a span of time. Without their last letter, the Z, RFC 3339 texts of one zone sort by time. */
export function extend(span: Times, time: string): void {
  if (time === "") return;
  const at = time.slice(0, -1);
  if (span.first === "" || at < span.first.slice(0, -1)) span.first = time;
  if (span.last === "" || at > span.last.slice(0, -1)) span.last = time;
}

/** Widens a span by another one. */
export function widen(span: Times, { first, last }: Times): void {
  extend(span, first);
  if (last !== first) extend(span, last);
}
