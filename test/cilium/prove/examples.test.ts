import assert from "node:assert/strict";
import { equal } from "../../../cilium/prove/prove.ts";
import { withWitness } from "../../../cilium/prove/witness.ts";
import { compile } from "../../../cilium/reach/compile/network.ts";
import { verdict } from "../../../cilium/reach/decide/verdict.ts";
import { startVerdictOracle } from "../../oracle/job.ts";
import { whileTesting } from "../../oracle/oracle.ts";
import { worldAround } from "../reach/around.ts";
import { type Counts, differences } from "../reach/compare.ts";
import { examples } from "../reach/examples.ts";
import { changed, changes, type Pair } from "./pairs.ts";

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
          const proof = equal(pair.before, pair.after, { connections: false });
          answers.set(proof.kind, (answers.get(proof.kind) ?? 0) + 1);
          if (pair.isNeutral) assert.notEqual(proof.kind, "refuted", `${file}: ${change} is refuted`);
          if (proof.kind === "proved") {
            const [one, other] = [pair.before, pair.after].map((side) => compile(side.policies, inventory));
            assert.ok(one && other);
            const sampled = questions.filter((_, i) => i % 7 === 0);
            const question = sampled.find((asked) => {
              const outcomes = [one, other].map((network) => verdict(network, asked).outcome);
              return outcomes[0] !== outcomes[1] && !outcomes.includes("undecidable");
            });
            assert.equal(question, undefined, `${file}: ${change} is proved, but for ${JSON.stringify(question)}`);
          }
          if (proof.kind !== "refuted") continue;
          const { witness } = proof.counterexample;
          for (const side of [pair.before, pair.after] satisfies Pair["before"][]) {
            const world = { ...side, inventory: withWitness(side.inventory, witness), questions: [witness.question] };
            const found = await differences(cilium, world, counts);
            assert.equal(found.length, 0, `${file}: ${change}: ${found.join("\n")}`);
          }
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
