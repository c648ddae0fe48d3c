/** What the prover says of a changed set of policies, held against the engine and against Cilium's own code. */
import { equal, type Proof } from "../../../cilium/prove/prove.ts";
import { withWitness } from "../../../cilium/prove/witness.ts";
import type { Question } from "../../../cilium/reach/compile/inventory.ts";
import { compile } from "../../../cilium/reach/compile/network.ts";
import { verdict } from "../../../cilium/reach/decide/verdict.ts";
import type { VerdictOracle } from "../../oracle/job.ts";
import { type Counts, differences } from "../reach/compare.ts";
import type { Pair } from "./pairs.ts";

type Judged = {
  readonly answer: Proof["kind"];
  /** What contradicts the answer, a sentence each. */
  readonly contradictions: readonly string[];
};

/**
 * A change that cannot matter is not refuted; of what is proved no question is answered in another way; and of what is refuted
 * Cilium's code confirms the witness, with both verdicts.
 */
export async function judged(
  { before, after, change, isNeutral }: Pair,
  questions: readonly Question[],
  cilium: VerdictOracle,
  counts: Counts = new Map(),
): Promise<Judged> {
  const sides = [before, after];
  const proof = equal(before, after, { connections: false });
  switch (proof.kind) {
    case "undecided":
      return { answer: proof.kind, contradictions: [] };
    case "proved": {
      const networks = sides.map(({ policies, inventory }) => compile(policies, inventory));
      const question = questions.find((asked) => {
        const outcomes = networks.map((network) => verdict(network, asked).outcome);
        return outcomes[0] !== outcomes[1] && !outcomes.includes("undecidable");
      });
      const contradictions = question ? [`${change} is proved, but for ${JSON.stringify(question)}`] : [];
      return { answer: proof.kind, contradictions };
    }
    case "refuted": {
      const { witness } = proof.counterexample;
      const contradictions = isNeutral ? [`${change} is refuted`] : [];
      for (const side of sides) {
        const world = { ...side, inventory: withWitness(side.inventory, witness), questions: [witness.question] };
        contradictions.push(...(await differences(cilium, world, counts)).map((text) => `${change}: ${text}`));
      }
      return { answer: proof.kind, contradictions };
    }
  }
}
