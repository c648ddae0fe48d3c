import assert from "node:assert/strict";
import fc from "fast-check";
import { policy as policySchema } from "../../../cilium/policy/schema.ts";
import { invalidities } from "../../../cilium/policy/validity.ts";
import { startValidityOracle, whileTesting } from "../../oracle/oracle.ts";
import { manifestsForAgent, manifestsForServer } from "./manifests.ts";

const seed = Number(process.env.SEED ?? 20260101);

describe("What Cilium refuses", () => {
  const cilium = whileTesting(startValidityOracle);

  const corpora = [
    { name: "the agent", manifests: manifestsForAgent(), numRuns: 4000, atLeast: { accepted: 0.3, agent: 0.3 } },
    { name: "the API server", manifests: manifestsForServer(), numRuns: 2000, atLeast: { accepted: 0.2, server: 0.3 } },
  ];
  for (const { name, manifests, numRuns, atLeast } of corpora) {
    it(`is what this project refuses, over ${numRuns} manifests with faults for ${name}`, async function () {
      this.timeout(0);
      const counts = { accepted: 0, server: 0, agent: 0 };
      const agentReasons = new Map<string, number>();
      await fc.assert(
        fc.asyncProperty(manifests, async (manifest) => {
          const theirs = await cilium.ask(manifest);
          const ours = judge(manifest);
          const refusedBy = theirs.accepted ? "accepted" : theirs.stage === "crd" ? "server" : "agent";
          counts[refusedBy] += 1;
          if (refusedBy === "agent" && !theirs.accepted) {
            const kind = reasonKind(theirs.reason);
            agentReasons.set(kind, (agentReasons.get(kind) ?? 0) + 1);
          }
          assert.equal(ours.verdict, refusedBy, `${JSON.stringify({ theirs, ours })}\n${JSON.stringify(manifest)}`);
        }),
        { numRuns, seed },
      );
      console.log(`      seed ${seed}: ${JSON.stringify(counts)}, 0 disagreements`);
      for (const [reason, count] of [...agentReasons].sort((a, b) => b[1] - a[1]))
        console.log(`        ${count} × ${reason}`);
      for (const [verdict, share] of Object.entries(atLeast)) {
        const count = Object.entries(counts).find(([name]) => name === verdict)?.[1] ?? 0;
        assert.ok(count >= share * numRuns, `only ${count} of ${numRuns} manifests were judged '${verdict}'`);
      }
    });
  }
});

function judge(manifest: object): { verdict: "accepted" | "server" | "agent"; faults: unknown } {
  const parsed = policySchema.safeParse(manifest);
  if (!parsed.success) return { verdict: "server", faults: parsed.error.issues };
  const faults = invalidities(parsed.data);
  return { verdict: faults.length === 0 ? "accepted" : "agent", faults };
}

/** A reason without what is particular to one manifest. */
const reasonKind = (reason: string): string =>
  reason
    .replace(/^Invalid Cilium\w+ specs?: /, "")
    .replace(/combining \w+ and \w+/, "combining two kinds of peer")
    .replace(/ICMP type .* not found in/, "ICMP type not found in")
    .replace(/allow CIDR prefix \S+ does not contain .*/, "allow CIDR prefix does not contain exclude CIDR prefix")
    .replace(/^json: .*/, "a number that does not fit")
    .split(/ ?["'([{:]/, 1)
    .join();
