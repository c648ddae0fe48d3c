import assert from "node:assert/strict";
import fc from "fast-check";
import { configure } from "../../../cilium/model/cluster.ts";
import { asWritten } from "../../../cilium/model/verbatim.ts";
import { policy as policySchema } from "../../../cilium/policy/schema.ts";
import { renderPolicies } from "../../../cilium/render/policies.ts";
import { proof } from "../../../cilium/translate/proof.ts";
import { translate } from "../../../cilium/translate/translate.ts";
import { startVerdictOracle } from "../../oracle/job.ts";
import { whileTesting } from "../../oracle/oracle.ts";
import { program } from "../../rendered.ts";
import { type Counts, changes, count, printed } from "../reach/compare.ts";
import { worlds } from "../reach/worlds.ts";

const seed = Number(process.env.SEED ?? 20260115);
const sets = Number(process.env.SETS ?? 1000);
const questionsEach = 40;
const shownReasons = 10;

/** A reason without the flow or the place that it is about. */
const kindOf = (reason: string): string =>
  /^(denied )?flow /.test(reason) ? "a flow that the language refuses" : reason.replace(/ ?[:(].*/, "");

describe("Generated policies of all four kinds, brought in", () => {
  const cilium = whileTesting(startVerdictOracle);

  it(`allow the same by Cilium's own code, and for every pod that could exist: ${sets} sets, ${questionsEach} questions each`, async function () {
    this.timeout(0);
    const seen: Counts = new Map();
    const answers: Counts = new Map();
    await fc.assert(
      fc.asyncProperty(worlds(questionsEach), async (world) => {
        const policies = world.policies.map((manifest) => policySchema.parse(manifest));
        const settings = { ...program.config, clusterName: world.inventory.cluster };
        const { cluster, kept, settings: own } = translate(policies, world.inventory, settings);
        const verbatim = kept.map(({ policy }) => ({ policy: asWritten(policy), place: "" }));
        const after = renderPolicies(configure({ ...cluster, verbatim }, { ...settings, ...own }));
        for (const { reason } of kept) count(seen, kindOf(reason));
        for (let i = kept.length; i < policies.length; i++) count(seen, "as flows");
        assert.deepEqual(await changes(cilium, world, after), []);
        const proved = proof(policies, after, world.inventory);
        count(answers, proved.kind);
        assert.notEqual(proved.kind, "refuted", JSON.stringify(proved));
      }),
      { numRuns: sets, seed },
    );
    console.log(`      seed ${seed}: nothing changes, for every pod that could exist:`, Object.fromEntries(answers));
    const sum = (counts: readonly (readonly [string, number])[]) => counts.reduce((all, [, one]) => all + one, 0);
    const sorted = [...seen].sort(([, a], [, b]) => b - a);
    printed(new Map(sorted.slice(0, shownReasons)));
    const others = sorted.slice(shownReasons);
    if (others.length > 0) console.log(`        and ${others.length} others, ${sum(others)} policies`);
    // Some are enforced by nobody, and tiers are no flows.
    const beyond = sorted.filter(([reason]) => /^(the agent (refuses|does not watch)|no word for tiers)/.test(reason));
    const share = (seen.get("as flows") ?? 0) / (sum(sorted) - sum(beyond));
    console.log(`        ${Math.floor(share * 100)} % as flows of what is enforced and has no tiers`);
    assert.ok(share > 0.4, "too few policies are flows");
  });
});
