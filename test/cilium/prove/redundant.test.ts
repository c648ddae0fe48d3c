import assert from "node:assert/strict";
import fc from "fast-check";
import { invalidities } from "../../../cilium/policy/validity.ts";
import { equal } from "../../../cilium/prove/prove.ts";
import { redundant } from "../../../cilium/prove/redundant.ts";
import { pairs } from "./pairs.ts";

const seed = Number(process.env.SEED ?? 20261128);
const sets = Number(process.env.SETS ?? 40);

describe("What could go", () => {
  it(`is each policy without which all others mean the same, of ${sets} sets`, function () {
    this.timeout(0);
    let [gone, needed] = [0, 0];
    fc.assert(
      fc.property(pairs, ({ before }) => {
        const found = redundant(before).flatMap(({ policy, place }) => (place === "" ? [policy] : []));
        for (const policy of before.policies) {
          if (invalidities(policy).length > 0) continue;
          const rest = before.policies.filter((own) => own !== policy);
          const isProved = equal(before, { ...before, policies: rest }, { connections: false }).kind === "proved";
          assert.equal(found.includes(policy), isProved, JSON.stringify({ policy, before }));
          if (isProved) gone++;
          else needed++;
        }
      }),
      { numRuns: sets, seed, endOnFailure: true },
    );
    console.log(`      seed ${seed}: ${gone} could go, ${needed} could not`);
    assert.ok(gone > sets / 10 && needed > sets / 2);
  });
});
