import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { temporaryFolder } from "./lifetime.ts";

describe("The cache of built programs", () => {
  let home: string;

  beforeEach(() => {
    home = temporaryFolder("cache");
  });

  const entries = () => readdirSync(join(home, "cilium-network-policies"));

  /** Runs code with `cached` in another process, in which the cache lies in the home of this test. */
  const elsewhere = (code: string) =>
    promisify(execFile)(
      process.execPath,
      ["--input-type=module", "--eval", `import { cached } from "${import.meta.dirname}/cache.ts";\n${code}`],
      {
        env: { ...process.env, XDG_CACHE_HOME: home },
      },
    );
  const countedMake = (log: string, content = "whole") => `
    import { appendFileSync, writeFileSync } from "node:fs";
    import { setTimeout as pause } from "node:timers/promises";
    const folder = await cached("program", async (folder) => {
      appendFileSync("${log}", "start ");
      await pause(100);
      writeFileSync(folder + "/content", "${content}");
      appendFileSync("${log}", "end ");
    });
    console.log(folder);`;

  it("makes what is missing, once, however many processes ask for it at the same time", async () => {
    const log = join(home, "log");
    const answers = await Promise.all(Array.from({ length: 4 }, () => elsewhere(countedMake(log))));
    assert.equal(readFileSync(log, "utf8"), "start end ");
    assert.deepEqual(
      [...new Set(answers.map(({ stdout }) => stdout.trim()))],
      [join(home, "cilium-network-policies", "program")],
    );
    assert.deepEqual(entries(), ["program"]);
  });

  it("keeps nothing of what failed half-way, and tries again", async () => {
    const failing = `import { writeFileSync } from "node:fs";
      await cached("program", async (folder) => { writeFileSync(folder + "/content", "half"); throw new Error("no compiler"); });`;
    await assert.rejects(elsewhere(failing), /no compiler/);
    assert.deepEqual(entries(), []);
    const { stdout } = await elsewhere(countedMake(join(home, "log")));
    assert.equal(readFileSync(join(stdout.trim(), "content"), "utf8"), "whole");
  });

  it("is neither blocked nor filled by a process that was killed", async () => {
    const dying = `await cached("program", async () => process.kill(process.pid, "SIGKILL"));`;
    await assert.rejects(elsewhere(dying));
    assert.ok(existsSync(join(home, "cilium-network-policies", "lock")), "the dead process left its lock");
    await elsewhere(countedMake(join(home, "log")));
    assert.deepEqual(entries(), ["program"]);
  });
});

describe("A Go program", () => {
  it("asks for Go in one line when it has to be built and Go is not there", async () => {
    const module = temporaryFolder("module");
    writeFileSync(join(module, "go.mod"), "module example\n\ngo 1.26\n");
    writeFileSync(join(module, "main.go"), "package main\n\nfunc main() {}\n");
    const build = `import { goProgram } from "${import.meta.dirname}/go.ts";
      await goProgram("${module}").catch(({ message }) => { console.error(message); process.exitCode = 1; });`;
    const env = { PATH: "/nowhere", XDG_CACHE_HOME: temporaryFolder("cache") };
    await assert.rejects(
      promisify(execFile)(process.execPath, ["--input-type=module", "--eval", build], { env }),
      /Go is needed to build module-\w+ and is not on the PATH: install Go 1.26 or newer.\n/,
    );
  });
});
