/** How much of what it was asked the engine decides: one that decides nothing differs from Cilium in nothing either. */
import assert from "node:assert/strict";
import type { Counts } from "./compare.ts";

/**
 * Prints the share of connections that are not decidable.
 * @throws AssertionError if it is above a bound, or if nothing was asked.
 */
export function assertDecided(counts: Counts, bound: number): void {
  const total = [...counts].reduce((sum, [what, times]) => sum + (what.startsWith("connection ") ? times : 0), 0);
  assert.ok(total > 0, "no connection was asked about");
  const share = (counts.get("connection undecidable") ?? 0) / total;
  const percent = `${(share * 100).toFixed(2)} % of ${total} connections are not decidable`;
  console.log(`      ${percent}`);
  assert.ok(share <= bound, percent);
}
