import assert from "node:assert/strict";
import { startVerdictOracle } from "../../oracle/job.ts";
import { whileTesting } from "../../oracle/oracle.ts";
import { worldAround } from "../reach/around.ts";
import type { Counts } from "../reach/compare.ts";
import { examples } from "../reach/examples.ts";
import { judged } from "./judged.ts";
import { changed, changes } from "./pairs.ts";

describe("The prover on changes of Cilium's own examples and test data", () => {
  const cilium = whileTesting(startVerdictOracle);

  it("refutes what changes a verdict, with a witness that Cilium confirms, and proves what changes none", async function () {
    this.timeout(0);
    const counts: Counts = new Map();
    const answers = new Map<string, number>();
    for (const { file, policies } of examples().filter(({ policies }) => policies.length > 0)) {
      const { inventory, questions } = worldAround(policies);
      for (const change of Object.keys(changes)) {
        for (const choice of [0, 1]) {
          const pair = changed(policies, inventory, change, choice);
          if (pair === undefined) continue;
          const sampled = questions.filter((_, i) => i % 7 === 0);
          const { answer, contradictions } = await judged(pair, sampled, cilium, counts);
          answers.set(answer, (answers.get(answer) ?? 0) + 1);
          assert.deepEqual(contradictions, [], file);
        }
      }
    }
    console.log("     ", Object.fromEntries(answers));
    const [proved = 0, refuted = 0, undecided = 0] = ["proved", "refuted", "undecided"].map((kind) =>
      answers.get(kind),
    );
    assert.ok(
      proved + refuted + undecided >= 1000 && refuted > 100,
      `${proved} proved and ${refuted} refuted are too few`,
    );
    assert.ok(undecided <= (proved + refuted) / 50, `${undecided} are not decided`);
  });
});
