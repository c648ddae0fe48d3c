import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { copyOfProject, rewrite } from "../project.ts";
import { netpol } from "./command.ts";

describe("netpol docs", () => {
  let folder: string;
  let file: string;
  let current: string;

  before(() => {
    folder = copyOfProject();
    netpol(folder, "docs");
    file = join(folder, "docs/network-policies.md");
    current = readFileSync(file, "utf8");
  });

  beforeEach(() => writeFileSync(file, current));

  it("finds the files up to date", () => {
    assert.deepEqual(netpol(folder, "docs", "--check"), { code: 0, stdout: "", stderr: "" });
  });

  it("writes the same files again", () => {
    rmSync(file);
    const packFile = join(folder, "policypack/cluster.json");
    const known = readFileSync(packFile, "utf8");
    rmSync(packFile);
    const { code, stderr } = netpol(folder, "docs");
    assert.deepEqual(
      { code, stderr },
      {
        code: 0,
        stderr: "docs/network-policies.md is written\npolicypack/cluster.json is written\n",
      },
    );
    assert.equal(readFileSync(file, "utf8"), current);
    assert.equal(readFileSync(packFile, "utf8"), known);
  });

  it("shows what the policy pack does not know yet of a cluster that has changed", () => {
    const changed = copyOfProject();
    netpol(changed, "docs");
    rewrite(changed, "cluster/policy-pack.ts", "workflow steps fetch", "steps fetch");
    const { code, stdout, stderr } = netpol(changed, "docs", "--check");
    assert.equal(code, 1);
    assert.match(stdout, /^--- policypack\/cluster\.json$[\s\S]*^-.*"reason": "workflow steps fetch/m);
    assert.equal(stderr, "policypack/cluster.json is out of date; run npm run netpol -- docs\n");
  });

  it("says in a line what the cluster states wrongly for the policy pack", () => {
    const changed = copyOfProject();
    rewrite(changed, "cluster/policy-pack.ts", '"no-wide-open": {', '"no-wide-opne": {');
    assert.deepEqual(netpol(changed, "docs", "--check"), {
      code: 2,
      stdout: "",
      stderr: "The policy pack has no rule no-wide-opne; did you mean no-wide-open?\n",
    });
  });

  it("shows how a stale document differs, leaves it alone, and ends with 1", () => {
    const stale = current.replace("redis:6379", "redis:6380");
    writeFileSync(file, stale);
    const { code, stdout, stderr } = netpol(folder, "docs", "--check");
    assert.equal(code, 1);
    assert.match(stdout, /^-\| \*\*server\*\* .*redis:6380/m);
    assert.match(stdout, /^\+\| \*\*server\*\* .*redis:6379/m);
    assert.equal(stderr, "docs/network-policies.md is out of date; run npm run netpol -- docs\n");
    assert.equal(readFileSync(file, "utf8"), stale);
  });

  it("takes a document that is missing for a stale one and shows its first lines", () => {
    rmSync(file);
    const { code, stdout } = netpol(folder, "docs", "--check");
    assert.equal(code, 1);
    assert.match(stdout, /^\+# Network Policies$/m);
    assert.match(stdout, /^… and \d+ more lines$/m);
  });

  it("says in a line when the file cannot be written", () => {
    rmSync(file);
    mkdirSync(file);
    const { code, stderr } = netpol(folder, "docs");
    rmSync(file, { recursive: true });
    assert.equal(code, 2);
    assert.match(stderr, /^docs\/network-policies\.md cannot be written: it is a folder\n$/);
  });

  it("names the nearest stack when there is none of the given name", () => {
    const { code, stderr } = netpol(folder, "docs", "--stack", "prd");
    assert.equal(code, 2);
    assert.match(stderr, /^there is no stack prd .*did you mean prod\?\n$/);
  });
});
