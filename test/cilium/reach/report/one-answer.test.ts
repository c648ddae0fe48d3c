import fc from "fast-check";
import { policy as policySchema } from "../../../../cilium/policy/schema.ts";
import { worlds } from "../worlds.ts";
import { assertOneAnswer } from "./one-answer.ts";

const seed = Number(process.env.SEED ?? 20260105);
const sets = Number(process.env.SETS ?? 300);

describe("One network", () => {
  it(`is told alike by list, exposure, explain, diff, map and coverage, on ${sets} policy sets (seed ${seed})`, function () {
    this.timeout(0);
    fc.assert(
      fc.property(worlds(1), ({ policies, inventory }) => {
        assertOneAnswer(
          policies.map((manifest) => policySchema.parse(manifest)),
          inventory,
        );
      }),
      { numRuns: sets, seed },
    );
  });
});
