import assert from "node:assert/strict";
import fc from "fast-check";
import { equal, implies } from "../../../cilium/prove/prove.ts";
import { withWitness } from "../../../cilium/prove/witness.ts";
import { startVerdictOracle } from "../../oracle/job.ts";
import { whileTesting } from "../../oracle/oracle.ts";
import { type Counts, differences } from "../reach/compare.ts";
import { type Pair, pairs } from "./pairs.ts";

const seed = Number(process.env.SEED ?? 20261128);
const sets = Number(process.env.SETS ?? 200);

describe("What refutes", () => {
  const cilium = whileTesting(startVerdictOracle);

  it(`is confirmed by Cilium's own engine on both sides, for ${sets} pairs of policy sets`, async function () {
    this.timeout(0);
    const counts: Counts = new Map();
    let witnesses = 0;
    await fc.assert(
      fc.asyncProperty(pairs, async ({ before, after }: Pair) => {
        for (const prove of [equal, implies]) {
          const proof = prove(before, after, { connections: prove === implies });
          if (proof.kind !== "refuted") continue;
          witnesses++;
          const { witness } = proof.counterexample;
          for (const { policies, inventory } of [before, after]) {
            const world = { policies, inventory: withWitness(inventory, witness), questions: [witness.question] };
            const found = await differences(cilium, world, counts);
            assert.equal(found.length, 0, `${found.join("\n")}\n${JSON.stringify({ before, after, witness })}`);
          }
        }
      }),
      { numRuns: sets, seed, endOnFailure: true },
    );
    console.log(`      seed ${seed}: ${witnesses} witnesses, 0 exceptions`);
    assert.ok(witnesses > sets / 5, `${witnesses} are too few`);
  });
});
