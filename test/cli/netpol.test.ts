import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import description from "../../package.json" with { type: "json" };
import { copyOfProject, sample } from "../project.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";
import { netpolWith } from "./command.ts";

describe("netpol", () => {
  it("prints its version", () => {
    const { code, stdout } = netpolWith({}, sample, "--version");
    assert.deepEqual({ code, stdout }, { code: 0, stdout: `${description.version}\n` });
  });

  it("keeps what Node compiles in the user's cache, and nothing where it is run, whether the variable is unset or empty", () => {
    for (const NODE_COMPILE_CACHE of [undefined, ""]) {
      const [folder, caches] = [copyOfProject(), temporaryFolder("caches")];
      const before = readdirSync(folder);
      const { code } = netpolWith({ env: { NODE_COMPILE_CACHE, XDG_CACHE_HOME: caches } }, folder, "list");
      assert.equal(code, 0);
      assert.deepEqual(readdirSync(folder), before);
      assert.ok(existsSync(join(caches, "cilium-network-policies/compiled")));
    }
  });
});
