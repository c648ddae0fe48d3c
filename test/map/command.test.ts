import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { netpol, netpolWith } from "../cli/command.ts";
import { folderOf, shopPods, shopPolicies } from "../cli/folder.ts";
import { sample } from "../project.ts";
import { policyCount, workloadCount } from "../sample/counts.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";

describe("netpol map", function () {
  this.timeout(60_000);

  it("writes one file that names no other and reaches for nothing", () => {
    const file = join(temporaryFolder("map"), "map.html");
    const { code, stdout, stderr } = netpol(sample, "map", "--output", file);
    assert.deepEqual(
      { code, stdout, stderr },
      { code: 0, stdout: "", stderr: `${file} is written; open it in a browser\n` },
    );
    const html = readFileSync(file, "utf8");
    assert.match(html, /Content-Security-Policy" content="default-src 'none'/);
    assert.deepEqual(html.match(/(?:src|href)=|@import|url\((?!"?data:)/g) ?? [], []);
    assert.match(html, new RegExp(`${workloadCount} workloads, \\d+ flows, ${policyCount} policies in stack prod`));
  });

  it("shows policies of files against their pods, one card for the replicas of a workload", () => {
    const folder = folderOf({ "policies.yaml": shopPolicies, "pods.yaml": shopPods });
    const { code, stdout } = netpol(sample, "map", "--from", folder, "--output", "-");
    assert.equal(code, 0);
    const labels = [...stdout.matchAll(/class="card (\S+) same"[^>]*aria-label="([^:"]+):/g)].map(
      ([, kind, id]) => `${kind} ${id}`,
    );
    assert.deepEqual(labels.filter((label) => label.includes("shop/")).sort(), [
      "host-network shop/logs",
      "workload shop/api",
      "workload shop/db",
      "workload shop/web",
    ]);
  });

  it("compares with other policies", () => {
    const after = folderOf({ "policies.yaml": shopPolicies, "pods.yaml": shopPods });
    const before = folderOf({ "policies.yaml": shopPolicies.replaceAll('"9000"', '"9001"'), "pods.yaml": shopPods });
    const { code, stdout, stderr } = netpol(sample, "map", "--from", after, "--diff", before, "--output", "-");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /1 flow closed, 1 flow opened in /);
    assert.match(stdout, /class="line inside changed"/);
  });

  it("counts the pods of a workload", () => {
    const folder = folderOf({ "policies.yaml": shopPolicies, "pods.yaml": shopPods });
    const { stdout } = netpol(sample, "map", "--from", folder, "--output", "-");
    assert.deepEqual(
      [...stdout.matchAll(/class="count pods"[^>]*>([^<$]+)</g)].map(([, text]) => text),
      ["×2"],
    );
  });

  it("draws a comparison over the same map: what is there without it stands where it stood", () => {
    const file = join(temporaryFolder("map"), "policies.yaml");
    const { stdout: policies } = netpol(sample, "render");
    writeFileSync(file, policies.replaceAll('"5432"', '"5433"'));
    const placesIn = (...words: string[]) => {
      const { code, stdout, stderr } = netpol(sample, "map", ...words, "--output", "-");
      assert.equal(code, 0, stderr);
      return new Map(
        [...stdout.matchAll(/data-peer="([^"]*)"[^>]*transform="([^"]*)"/g)].map(([, id, at]) => [id, at]),
      );
    };
    const [plain, compared] = [placesIn(), placesIn("--diff", file)];
    const shared = [...compared].filter(([id]) => plain.has(id));
    assert.deepEqual(
      shared.filter(([id, place]) => plain.get(id) !== place),
      [],
    );
    assert.ok(shared.length > 0.85 * plain.size, `${shared.length} of ${plain.size} are in both`);
    assert.equal(compared.size, shared.length, "and nothing else is there");
  });

  it("says in one line what it cannot read or write", () => {
    const missing = netpol(sample, "map", "--diff", "mainn", "--output", "-");
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /^there is no file or folder mainn; .*\n$/);
    const folder = join(temporaryFolder("map"), "nowhere", "map.html");
    const unwritable = netpolWith({}, sample, "map", "--output", folder);
    assert.equal(unwritable.code, 2);
    assert.match(unwritable.stderr, /^cannot write .*map\.html: there is no such file or folder\n$/);
    assert.ok(!existsSync(folder));
  });
});
