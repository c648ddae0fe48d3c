import assert from "node:assert/strict";
import { configFacts } from "./facts/config.ts";
import { type Fact, jobOf, outcomesOf } from "./facts/fact.ts";
import { clusterNetworkPolicyFacts, networkPolicyFacts, switchFacts } from "./facts/kinds.ts";
import { peerFacts } from "./facts/peers.ts";
import { type JobAnswer, startVerdictOracle } from "./job.ts";
import { whileTesting } from "./oracle.ts";

const tables: Readonly<Record<string, readonly Fact[]>> = {
  "a NetworkPolicy": networkPolicyFacts,
  "a ClusterNetworkPolicy": clusterNetworkPolicyFacts,
  "its switches of kinds": switchFacts,
  "its configuration": configFacts,
  "its peers": peerFacts,
};

/** That the oracle is Cilium's agent, configured as jobs say: the engine's equality with it rests on these. */
describe("Cilium's agent, in the oracle", () => {
  const oracle = whileTesting(startVerdictOracle);

  it("answers a job the same whatever was asked before", async () => {
    const forth = await Promise.all(jobs.map((job) => oracle.ask(job)));
    const back = await Promise.all(jobs.toReversed().map((job) => oracle.ask(job)));
    assert.deepEqual(back.toReversed(), forth);
  });

  for (const [subject, facts] of Object.entries(tables)) {
    describe(`on ${subject}`, () => {
      for (const { says, cases } of facts) {
        it(says, async () => {
          for (const [i, each] of cases.entries()) {
            const answer = await oracle.ask(jobOf(`${says}, case ${i}`, each));
            const { refused = [], ignored = [], invalidConfig } = each;
            if (invalidConfig === undefined) assert.equal(answer.invalidConfig, undefined, answer.id);
            else assert.match(answer.invalidConfig ?? "", invalidConfig, answer.id);
            assert.deepEqual(ignoredKeys(answer), ignored, answer.id);
            assert.equal(answer.refused.length, refused.length, `${answer.id}: ${JSON.stringify(answer.refused)}`);
            refused.forEach((reason, n) => {
              assert.match(answer.refused[n]?.error ?? "", reason, answer.id);
            });
            assert.deepEqual(outcomesOf(each, answer), each.flows ?? {}, answer.id);
          }
        });
      }
    });
  }
});

/** Every case of every table as a job. */
const jobs = Object.values(tables)
  .flat()
  .flatMap(({ says, cases }) => cases.map((each, i) => jobOf(`${says}, case ${i}`, each)));

const ignoredKeys = ({ ignored }: JobAnswer): string[] => ignored.map(({ key }) => key);
