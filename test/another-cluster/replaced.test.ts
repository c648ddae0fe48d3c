/**
 * The project with this cluster replaced by another one: its three files under `cluster/`, its `Pulumi.prod.yaml`, and what is
 * generated of them. What is only about this cluster (the folders this-cluster) goes with it; of everything else the quick
 * tests run.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { netpol } from "../cli/command.ts";
import { repository } from "../project.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";

const left = new Set([".git", "node_modules", "dist", "cluster", "Pulumi.prod.yaml"]);

describe("With another cluster in place of this one", () => {
  const folder = temporaryFolder("another-cluster");

  before(() => {
    for (const name of readdirSync(repository)) {
      if (!left.has(name))
        cpSync(join(repository, name), join(folder, name), { recursive: true, verbatimSymlinks: true });
    }
    for (const name of ["cluster", "Pulumi.prod.yaml"]) {
      cpSync(join(import.meta.dirname, name), join(folder, name), { recursive: true });
    }
    for (const own of ["test/this-cluster", "test/e2e/this-cluster"]) rmSync(join(folder, own), { recursive: true });
    symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  });

  it("the generated files follow", () => {
    const { code, stderr } = netpol(folder, "docs");
    assert.equal(code, 0, stderr);
    assert.equal(netpol(folder, "docs", "--check").code, 0);
  });

  it("its policies pass the checks", () => {
    const { code, stdout, stderr } = netpol(folder, "check");
    assert.equal(code, 0, stdout + stderr);
  });

  it("every quick test of the tool holds", function () {
    this.timeout(0);
    const args = [join(folder, "node_modules/mocha/bin/mocha.js"), "--config", ".mocharc.quick.json"];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
    assert.equal(status, 0, `${stdout.slice(stdout.search(/^ +\d+ passing/m))}${stderr}`);
    const [, passed] = /^(\d+) passed, 0 failed$/m.exec(stdout) ?? [];
    // Far fewer would mean that the tests were not found.
    assert.ok(Number(passed) > 900, `${passed} passed`);
  });
});
