import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import quick from "../.mocharc.quick.json" with { type: "json" };
import { repository } from "./project.ts";

/** Where Go programs are built, and where Chromium is started. */
const slow = ["test/toolchain/go.ts", "test/map/browser/chromium.ts"];

/** Properties over thousands of sets of policies, and a million flows. */
const long = ["test/cilium/prove/brute-force.test.ts", "test/cilium/prove/smt.test.ts", "test/cli/aggregated.test.ts"];

/** It runs the quick tests itself. */
const itself = "test/another-cluster/replaced.test.ts";

describe("The quick tests", () => {
  it("are all that need no Go program and no browser, and take no minutes", () => {
    const tests = globSync("test/**/*.test.ts", { cwd: repository });
    const leftOut = new Set(globSync(quick.ignore, { cwd: repository }));
    const needsMore = (file: string) => slow.some((needed) => imports(file).has(needed));
    assert.deepEqual(
      tests.filter((file) => leftOut.has(file)).toSorted(),
      tests.filter((file) => file === itself || long.includes(file) || needsMore(file)).toSorted(),
    );
  });
});

/** Every file of the project that a file imports, or that these import. */
function imports(file: string, seen = new Set<string>()): Set<string> {
  const text = readFileSync(join(repository, file), "utf8");
  for (const [, specifier = ""] of text.matchAll(/(?:from|import) "(\.[^"]+\.ts)"/g)) {
    const imported = normalize(join(dirname(file), specifier));
    // Some are in the text of a file that a test writes.
    if (seen.has(imported) || !existsSync(join(repository, imported))) continue;
    seen.add(imported);
    imports(imported, seen);
  }
  return seen;
}
