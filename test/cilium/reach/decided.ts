/** How much of what it was asked the engine decides: one that decides nothing differs from Cilium in nothing either. */
import assert from "node:assert/strict";
import type { Counts } from "./compare.ts";

/**
 * Prints the share of connections that are not decidable.
 * @throws AssertionError if it is above a bound, or if nothing was asked.
 */
export function assertDecided(counts: Counts, bound: number): void {
  const connections = [...counts].filter(([what]) => /^(connection|with parts of the inventory missing) /.test(what));
  const sum = (those: typeof connections) => those.reduce((sum, [, times]) => sum + times, 0);
  const total = sum(connections);
  assert.ok(total > 0, "no connection was asked about");
  const share = sum(connections.filter(([what]) => what.endsWith(" undecidable"))) / total;
  const percent = `${(share * 100).toFixed(3)} % of ${total} connections are not decidable`;
  console.log(`      ${percent}`);
  assert.ok(share <= bound, percent);
}
