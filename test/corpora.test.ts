import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";

describe("npm run corpora", () => {
  it("finds no difference to Cilium about a file, with its NetworkPolicies and without", function () {
    this.timeout(0);
    const printed = execFileSync("node", ["test/corpora.ts", "test/fixtures/mixed-kinds.yaml"], { encoding: "utf8" });
    const summaries = printed.match(/^.* questions, 0 differences, 0\.00 % not decidable$/gm) ?? [];
    assert.deepEqual(
      summaries.map((summary) => summary.replace(/ policies.*/, "")),
      ["test/fixtures/mixed-kinds.yaml: 3", "test/fixtures/mixed-kinds.yaml without NetworkPolicies: 2"],
      printed,
    );
  });
});
