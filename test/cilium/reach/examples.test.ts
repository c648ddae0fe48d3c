import assert from "node:assert/strict";
import { join } from "node:path";
import type { Policy } from "../../../cilium/policy/schema.ts";
import { startVerdictOracle } from "../../oracle/job.ts";
import { whileTesting } from "../../oracle/oracle.ts";
import { worldAround } from "./around.ts";
import { type Counts, differences, printed } from "./compare.ts";
import { assertDecided } from "./decided.ts";
import { examples } from "./examples.ts";

describe("The reachability engine on Cilium's own examples and test data", () => {
  const cilium = whileTesting(startVerdictOracle);

  it("answers about each file, and about each folder as a whole, as Cilium does", async function () {
    this.timeout(0);
    const stored = examples();
    const counts: Counts = new Map();
    let asked = 0;
    const byFolder = Map.groupBy(stored, ({ file }) => join(file, ".."));
    const sets = [
      ...stored.map(({ file, policies }) => ({ title: file, policies })),
      ...[...byFolder].map(([title, files]) => ({ title, policies: named(files.flatMap(({ policies }) => policies)) })),
    ];
    for (const { title, policies } of sets) {
      const world = worldAround(policies);
      asked += world.questions.length;
      const found = await differences(cilium, world, counts);
      assert.equal(found.length, 0, `${title}:\n${found.slice(0, 10).join("\n")}`);
    }
    const written = stored.reduce((sum, file) => sum + file.written, 0);
    const kept = stored.reduce((sum, { policies }) => sum + policies.length, 0);
    console.log(`      ${stored.length} files, ${written} policies, of which an API server stores ${kept}`);
    console.log(`      ${asked} questions, 0 differences:`);
    printed(counts);
    assertDecided(counts, 0.001);
    assert.ok(kept > 80, `only ${kept} policies`);
  });
});

/** With names that differ, since a cluster cannot hold two policies of one name. */
const named = (policies: readonly Policy[]): Policy[] =>
  policies.map((policy, i) => ({ ...policy, metadata: { ...policy.metadata, name: `${policy.metadata.name}-${i}` } }));
