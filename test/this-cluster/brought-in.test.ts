/** The round trip: this cluster's policies, rendered and brought in again, are the same, and no longer to read. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { netpol } from "../cli/command.ts";
import { netpolHere } from "../cli/here.ts";
import { install } from "../cli/installed.ts";
import { copyWithOwnCluster, repository } from "../project.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";

/** By how much the files may be longer than those that people wrote. */
const most = 1.3;

describe("This cluster, rendered and brought in again", () => {
  const folder = temporaryFolder("round-trip");
  const project = join(folder, "again");
  let said: string;

  before(() => {
    const own = copyWithOwnCluster();
    writeFileSync(join(folder, "policies.yaml"), netpol(own, "render").stdout);
    writeFileSync(join(folder, "pods.yaml"), netpol(own, "inventory").stdout);
    const ended = netpolHere(folder, "init", "again", "--from", "policies.yaml", "--inventory", "pods.yaml");
    assert.equal(ended.code, 0, ended.stderr);
    said = ended.stdout;
    install(project);
  });

  it("is flows, every policy of it", () => {
    assert.match(said, / and 0 verbatim policies$/m);
  });

  it("renders the same verdicts", () => {
    writeFileSync(join(folder, "again.yaml"), netpolHere(project, "render").stdout);
    const { code, stdout } = netpolHere(folder, "diff", "policies.yaml", "again.yaml", "--inventory", "pods.yaml");
    assert.equal(code, 0, stdout);
  });

  it(`is not longer than ${most} times what people wrote`, () => {
    const lines = (cluster: string) =>
      readdirSync(cluster)
        .filter((name) => name.endsWith(".ts"))
        .reduce((sum, name) => sum + readFileSync(join(cluster, name), "utf8").split("\n").length, 0);
    const [before, after] = [lines(join(repository, "cluster")), lines(join(project, "cluster"))];
    assert.ok(after <= before * most, `${after} lines, and ${before} before`);
  });
});
