import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { z } from "zod";
import npmPackage from "../package.json" with { type: "json" };

const folder = join(import.meta.dirname, "../.github/workflows");

const step = z.looseObject({ uses: z.string().optional(), run: z.string().optional() });
const workflow = z.looseObject({
  permissions: z.record(z.string(), z.string()),
  jobs: z.record(z.string(), z.looseObject({ permissions: z.record(z.string(), z.string()), steps: z.array(step) })),
});

const workflows = readdirSync(folder).map((file) => ({
  file,
  ...workflow.parse(load(readFileSync(join(folder, file), "utf8"))),
}));
const steps = workflows.flatMap(({ file, jobs }) =>
  Object.values(jobs).flatMap(({ steps }) => steps.map((step) => ({ file, ...step }))),
);

describe("The workflows", () => {
  it("are one for pull requests, one for deploying and one for the night", () => {
    assert.deepEqual(workflows.map(({ file }) => file).sort(), ["deploy.yml", "nightly.yml", "pull-request.yml"]);
  });

  it("pin every action to a commit, and say which version that is", () => {
    const used = steps.filter(({ uses }) => uses !== undefined);
    assert.ok(used.length > 0);
    for (const { file, uses } of used) assert.match(uses ?? "", /^[\w./-]+@[0-9a-f]{40}$/, file);
    for (const { file } of workflows) {
      for (const line of readFileSync(join(folder, file), "utf8").split("\n")) {
        if (line.includes("uses:")) assert.match(line, / # v\d+\.\d+\.\d+$/, file);
      }
    }
  });

  it("have no permission but those that a job asks for; only the pull request's comment writes", () => {
    for (const { file, permissions, jobs } of workflows) {
      assert.deepEqual(permissions, {}, file);
      for (const job of Object.values(jobs)) {
        const writes = Object.entries(job.permissions).filter(([, access]) => access === "write");
        assert.deepEqual(
          writes.map(([scope]) => scope),
          file === "pull-request.yml" ? ["pull-requests"] : [],
        );
      }
    }
  });

  it("run npm scripts that exist, so that the same steps run anywhere", () => {
    const scripts = steps.flatMap(({ run = "" }) =>
      [...run.matchAll(/npm run (?:--silent )?([\w:]+)/g)].map(([, name]) => name),
    );
    assert.ok(scripts.length > 5);
    for (const name of scripts) assert.ok(name && name in npmPackage.scripts, name);
  });

  it("look first at what stops the update, and apply with --refresh, without which it sees no drift", () => {
    assert.match(npmPackage.scripts["ci:up"], /^npm run --silent ci:preflight && pulumi up .*--refresh /);
  });

  it("run the quick tests on a pull request", () => {
    const run = steps.filter(({ file }) => file === "pull-request.yml").map(({ run }) => run);
    assert.ok(run.includes("npm run test:quick"), run.join("\n"));
  });
});
