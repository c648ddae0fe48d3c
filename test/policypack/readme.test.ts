import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createRules } from "../../policypack/rules.ts";
import { repository } from "../project.ts";

describe("The README of the policy pack", () => {
  it("has every rule in its table, with its level", () => {
    const readme = readFileSync(join(repository, "policypack/README.md"), "utf8");
    const rows = Array.from(readme.matchAll(/^\| `([\w-]+)` °? *\|.*?\| (\w+) +\|/gm), ([, name, level]) => [
      name,
      level,
    ]);
    assert.deepEqual(
      rows.sort(),
      createRules()
        .map(({ name, enforcementLevel }) => [name, enforcementLevel])
        .sort(),
    );
  });
});
