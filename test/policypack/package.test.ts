import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { z } from "zod";

const manifest = z.object({ dependencies: z.record(z.string(), z.string()) });
const dependencies = (path: string) =>
  manifest.parse(JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"))).dependencies;

describe("The pack's package", () => {
  it("depends on the versions that the project is tested with", () => {
    const tested = dependencies("../../package.json");
    for (const [name, version] of Object.entries(dependencies("../../policypack/package.json"))) {
      assert.equal(version, tested[name], name);
    }
  });
});
