import assert from "node:assert/strict";
import fc from "fast-check";
import { equal } from "../../../cilium/prove/prove.ts";
import { pairs } from "./pairs.ts";

const seed = Number(process.env.SEED ?? 20261129);
const sets = Number(process.env.SETS ?? 1000);

describe("Both ways to look for a difference", () => {
  it(`answer the same about ${sets} pairs of policy sets: rule by rule, and all rules at once`, function () {
    this.timeout(0);
    fc.assert(
      fc.property(pairs, ({ before, after }) => {
        const [each, all] = (["each", "all"] as const).map(
          (method) => equal(before, after, { connections: false, method }).kind,
        );
        assert.equal(each, all, JSON.stringify({ before, after }));
      }),
      { numRuns: sets, seed, endOnFailure: true },
    );
  });
});
