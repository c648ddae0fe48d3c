import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { compileCache, repository, sample } from "../project.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";
import { netpol } from "./command.ts";

describe("the start of netpol", function () {
  this.timeout(60_000);

  it("loads commander alone for the list of commands", () => {
    const files = loadedBy("--help");
    assert.ok(files.includes("cli/commands.ts"));
    assert.deepEqual(
      files.filter((file) => !/^cli\/[a-z]+\.[jt]s$|^package\.json$|^node_modules\/commander\//.test(file)),
      [],
    );
  });

  for (const words of [
    ["list", "--help"],
    ["help", "list"],
  ]) {
    it(`loads no other command for netpol ${words.join(" ")}`, () => {
      assert.deepEqual(filesIn("cli/commands/", loadedBy(...words)), ["cli/commands/list.ts"]);
    });
  }

  it("loads for a question about the program what answers it, and neither readers of objects nor any picture", () => {
    const files = loadedBy("explain", "argocd/server", "argocd/redis", "6379");
    assert.ok(files.includes("cluster/argocd.ts") && files.includes("cilium/reach/decide/verdict.ts"));
    const unneeded = [
      "map/",
      "policypack/",
      "cilium/hubble/",
      "cilium/stored/",
      "cilium/kubernetes/read.ts",
      "cilium/policy/schema.ts",
      "cli/sources/objects.ts",
      ...["@kubernetes", "@pulumi", "elkjs", "esbuild", "@dagrejs", "diff"].map((name) => `node_modules/${name}/`),
    ];
    assert.deepEqual(
      unneeded.flatMap((place) => filesIn(place, files)),
      [],
    );
  });
});

describe("the commands of netpol", function () {
  this.timeout(60_000);

  it("are the files of cli/commands", () => {
    const { stdout } = netpol(sample, "--help");
    const [list = ""] = /^Commands:\n[\s\S]*?^ {2}help /m.exec(stdout) ?? [];
    const listed = [...list.matchAll(/^ {2}([a-z]+) {2}/gm)].map(([, name]) => `${name}.ts`);
    assert.deepEqual(listed.sort(), readdirSync(join(repository, "cli/commands")).sort());
  });

  it("stand in the table of exit codes if they can end with 1", () => {
    const [, table = ""] = /^ {2}1 {2}([\s\S]*?)^ {2}2 {2}/m.exec(netpol(sample, "--help").stdout) ?? [];
    const told = [...table.matchAll(/^ *([a-z]+) {2}/gm)].map(([, name]) => name);
    const folder = join(repository, "cli/commands");
    const endWithOne = readdirSync(folder).filter((file) =>
      /exitCode = .*\b1\b/.test(readFileSync(join(folder, file), "utf8")),
    );
    assert.deepEqual(told.map((name) => `${name}.ts`).sort(), endWithOne.sort());
  });

  it("have the same help by either word", () => {
    assert.deepEqual(netpol(sample, "help", "explain"), netpol(sample, "explain", "--help"));
  });

  it("are suggested for a slip of the pen", () => {
    const { code, stderr } = netpol(sample, "lst");
    assert.equal(code, 2);
    assert.match(stderr, /^error: unknown command 'lst'\n\(Did you mean list\?\)/);
  });
});

const filesIn = (place: string, files: readonly string[]): string[] => files.filter((file) => file.startsWith(place));

/** The files that a command loads, as paths in the project; its packages may be linked from anywhere. */
function loadedBy(...args: string[]): string[] {
  const list = join(temporaryFolder("loaded"), "files");
  const recorder = join(import.meta.dirname, "recorder.ts");
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--import", recorder, join(sample, "cli/netpol.js"), ...args],
    { cwd: sample, encoding: "utf8", env: { ...process.env, NODE_COMPILE_CACHE: compileCache, LOADED: list } },
  );
  assert.equal(status, 0, stderr);
  return readFileSync(list, "utf8")
    .split("\n")
    .filter((url) => url.startsWith("file:"))
    .map((url) => /node_modules\/.*/.exec(url)?.[0] ?? relative(sample, fileURLToPath(url)));
}
