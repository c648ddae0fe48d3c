import assert from "node:assert/strict";
import fc from "fast-check";
import { type Calibration, calibrate, type Disagreement } from "../../../cilium/hubble/calibrate.ts";
import type { Cause } from "../../../cilium/hubble/cause.ts";
import { endNames } from "../../../cilium/hubble/naming.ts";
import { recordReader } from "../../../cilium/hubble/reading.ts";
import type { FlowRecord } from "../../../cilium/hubble/record.ts";
import { type Replay, replay } from "../../../cilium/hubble/replay.ts";
import { policyKey, referenceTo } from "../../../cilium/policy/parts.ts";
import { type Policy, policy as policySchema } from "../../../cilium/policy/schema.ts";
import type { Inventory } from "../../../cilium/reach/compile/inventory.ts";
import { compile } from "../../../cilium/reach/compile/network.ts";
import { startVerdictOracle, type VerdictOracle } from "../../oracle/job.ts";
import { whileTesting } from "../../oracle/oracle.ts";
import { jobOf } from "../reach/compare.ts";
import { type World, worlds } from "../reach/worlds.ts";
import { everyQuestion, recorded, withDistinctPods } from "./recorded-world.ts";

const seed = Number(process.env.SEED ?? 20261128);
const least = 100_000;
const sets = 375;
const otherSets = 100;

/** What Hubble would record of a world whose policies are in force; nothing of one whose agent does not start. */
async function recordOf(cilium: VerdictOracle, world: World): Promise<FlowRecord | undefined> {
  const network = compile(parsed(world), world.inventory);
  const questions = everyQuestion(world, network);
  const { invalidConfig, answers } = await cilium.ask(jobOf({ ...world, questions }, network));
  if (invalidConfig !== undefined) return undefined;
  const reader = recordReader();
  for (const line of recorded(network, questions, answers)) reader.add(line);
  return reader.record();
}

const parsed = ({ policies }: World): Policy[] => policies.map((manifest) => policySchema.parse(manifest));

const replayed = (record: FlowRecord, policies: readonly Policy[], inventory: Inventory): Replay =>
  replay(record, policies, inventory, () => undefined, undefined);

const calibrated = (record: FlowRecord, policies: readonly Policy[], inventory: Inventory): Calibration =>
  calibrate(
    record,
    policies,
    inventory,
    endNames(record, () => undefined, inventory.cluster),
    new Map(),
  );

describe("Records of generated worlds, with Cilium's own verdicts", () => {
  const cilium = whileTesting(startVerdictOracle);

  it(`are judged and calibrated without a difference, over at least ${least} connections`, async function () {
    this.timeout(0);
    const counts = { connections: 0, compared: 0, flowsNotJudged: 0 };
    await fc.assert(
      fc.asyncProperty(worlds(40).map(withDistinctPods), async (world) => {
        const record = await recordOf(cilium, world);
        if (record === undefined) return;
        const policies = parsed(world);
        const context = JSON.stringify(world);
        const { dropped, newlyAllowed, notJudged } = replayed(record, policies, world.inventory);
        assert.deepEqual(
          [dropped, newlyAllowed],
          [[], []],
          `${JSON.stringify(calibrated(record, policies, world.inventory).disagreements)}\n${context}`,
        );
        const { compared, agreeing, disagreements } = calibrated(record, policies, world.inventory);
        assert.deepEqual(disagreements, [], context);
        assert.equal(agreeing, compared);
        counts.connections += record.connections.length;
        counts.compared += compared;
        for (const count of notJudged.values()) counts.flowsNotJudged += count;
      }),
      { numRuns: sets, seed, endOnFailure: true },
    );
    console.log(`      seed ${seed}: ${JSON.stringify(counts)}`);
    assert.ok(counts.compared >= least, `${counts.compared}`);
  });

  it("are calibrated below 100 % where one policy more or less was in force, and that policy is said to be the cause", async function () {
    this.timeout(0);
    const causes = new Map<string, number>();
    let [differing, same] = [0, 0];
    await fc.assert(
      fc.asyncProperty(worlds(12).map(withDistinctPods), async (world) => {
        const fewer = { ...world, policies: world.policies.slice(0, -1) };
        const [more, less] = [await recordOf(cilium, world), await recordOf(cilium, fewer)];
        const [all, others] = [parsed(world), parsed(fewer)];
        const odd = all.at(-1);
        if (more === undefined || less === undefined || odd === undefined) return;
        for (const [record, judged, isCause] of [
          [more, others, isMissing],
          [less, all, isTooMany],
        ] as const) {
          const { disagreements, compared, agreeing } = calibrated(record, judged, world.inventory);
          const { dropped, newlyAllowed } = replayed(record, judged, world.inventory);
          const context = (...shown: readonly Disagreement[]) => `${JSON.stringify(shown)}\n${JSON.stringify(world)}`;
          for (const one of disagreements) {
            assert.ok(one.causes.some(isCause(policyKey(referenceTo(odd)))), context(one));
            for (const { kind } of one.causes) causes.set(kind, (causes.get(kind) ?? 0) + 1);
          }
          if (dropped.length + newlyAllowed.length > 0) assert.ok(agreeing < compared, context());
          if (disagreements.length > 0) differing++;
          else same++;
        }
      }),
      { numRuns: otherSets, seed, endOnFailure: true },
    );
    console.log(`      seed ${seed}: ${differing} records differ, ${same} do not; ${JSON.stringify([...causes])}`);
    assert.ok(differing >= otherSets / 4, `${differing}`);
  });
});

/** The record names the policy, or tells that there was one that is not among those that are judged. */
const isMissing = (odd: string) => (cause: Cause) =>
  cause.kind === "missing-policy" && (cause.policy === undefined || cause.policy === odd);

const isTooMany = (odd: string) => (cause: Cause) =>
  (cause.kind === "absent-policies" || cause.kind === "changed-policies") && cause.policies.includes(odd);
