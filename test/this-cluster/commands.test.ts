import assert from "node:assert/strict";
import { netpol, withoutBasis } from "../cli/command.ts";
import { repository } from "../project.ts";

describe("This project's own cluster", () => {
  it("has its generated files up to date", () => {
    assert.deepEqual(netpol(repository, "docs", "--check"), { code: 0, stdout: "", stderr: "" });
  });

  it("passes its own checks", () => {
    const { code, stdout, stderr } = netpol(repository, "check");
    assert.equal(code, 0, stdout + stderr);
  });

  it("keeps what is expected of it", () => {
    const { code, stdout, stderr } = netpol(repository, "test", "test/this-cluster/expectations.yaml");
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.match(withoutBasis(stdout), /^\d+ expectations hold\n$/);
  });

  it("keeps its guarantees, for every pod that could exist", () => {
    const { code, stdout, stderr } = netpol(repository, "test", "cluster/guarantees.yaml");
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.match(withoutBasis(stdout), /^2\d expectations hold\n$/);
  });
});
