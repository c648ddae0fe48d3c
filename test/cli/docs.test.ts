import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { copyOfProject } from "../project.ts";
import { netpol } from "./command.ts";

describe("netpol docs", () => {
  let folder: string;
  let file: string;
  let current: string;

  before(() => {
    folder = copyOfProject();
    file = join(folder, "docs/network-policies.md");
    current = readFileSync(file, "utf8");
  });

  beforeEach(() => writeFileSync(file, current));

  it("finds the committed document up to date", () => {
    assert.deepEqual(netpol(folder, "docs", "--check"), { code: 0, stdout: "", stderr: "" });
  });

  it("writes the same document again", () => {
    rmSync(file);
    assert.equal(netpol(folder, "docs").code, 0);
    assert.equal(readFileSync(file, "utf8"), current);
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
    assert.match(stderr, /^docs\/network-policies\.md: EISDIR.*\n$/);
  });

  it("names the nearest stack when there is none of the given name", () => {
    const { code, stderr } = netpol(folder, "docs", "--stack", "prd");
    assert.equal(code, 2);
    assert.match(stderr, /^there is no stack prd .*did you mean prod\?\n$/);
  });
});
