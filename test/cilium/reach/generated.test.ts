import assert from "node:assert/strict";
import fc from "fast-check";
import { startVerdictOracle } from "../../oracle/job.ts";
import { whileTesting } from "../../oracle/oracle.ts";
import { type Counts, differences, printed } from "./compare.ts";
import { features } from "./features.ts";
import { worlds } from "./worlds.ts";

const seed = Number(process.env.SEED ?? 20260102);
const sets = Number(process.env.SETS ?? 4000);
const questionsEach = 12;

/** What must come up, or the comparison would not be worth much. */
const expected = [
  "allowed by rules",
  "allowed by allow-localhost",
  "allowed by no-default-deny",
  ...["http", "dns", "tls", "crd"].map((parser) => `allowed by rules, redirected to ${parser}`),
  "denied by rules",
  "denied by default-deny",
  "allowed by audit-mode",
  "allowed by not-enforced",
  "dropped without enable-sctp",
  "dropped without enable-extended-ip-protocols",
  "connection allowed-once-resolved",
];

describe("The reachability engine on generated policies", () => {
  const cilium = whileTesting(startVerdictOracle);

  it(`answers ${sets} policy sets with ${questionsEach} questions each as Cilium does`, async function () {
    this.timeout(0);
    const outcomes: Counts = new Map();
    const seen: Counts = new Map();
    await fc.assert(
      fc.asyncProperty(worlds(questionsEach), async (world) => {
        for (const feature of features(world.policies)) seen.set(feature, (seen.get(feature) ?? 0) + 1);
        const found = await differences(cilium, world, outcomes);
        assert.equal(found.length, 0, `${found.slice(0, 10).join("\n")}\n${JSON.stringify(world)}`);
      }),
      { numRuns: sets, seed },
    );
    console.log(`      seed ${seed}: 0 differences; ends and connections:`);
    printed(outcomes);
    console.log("      policy sets with each feature:");
    printed(seen);
    for (const outcome of expected) assert.ok((outcomes.get(outcome) ?? 0) >= 5, `too few ends are ${outcome}`);
    const reasons = [...outcomes.keys()].filter((outcome) => outcome.startsWith("not decidable: "));
    for (const reason of reasons) assert.ok(undecidable.has(reason), `${reason} is on no list`);
    const total = [...outcomes].reduce((sum, [what, times]) => sum + (what.startsWith("connection ") ? times : 0), 0);
    const share = (outcomes.get("connection undecidable") ?? 0) / total;
    console.log(`      ${(share * 100).toFixed(2)} % of ${total} connections are not decidable`);
    assert.ok(share <= 0.005, `${share} of the connections are not decidable`);
  });
});

/** Why generated verdicts may be not decidable: nothing else may come up. */
const undecidable = new Set(
  ["conflict", "cases", "peer, services", "peer, cidr-groups", "peer, name-address", "peer, aggregate"].map(
    (reason) => `not decidable: ${reason}`,
  ),
);
