/** Go programs of this repository, built when they are needed. */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { builtOf, filesIn } from "./cache.ts";
import { stoppedOnInterrupt } from "./lifetime.ts";
import { progress } from "./progress.ts";

/**
 * The path of a Go program's executable. It is built when its sources or its modules have changed.
 * @param directory the absolute path of its module, the folder of its go.mod
 * @param pkg the main package: a path in the module, or the import path of one of its dependencies
 * @param stamps Go variables to set to the version of a module that go.mod requires, as variable → module
 * @throws Error with what to do, when Go is not installed, or with the compiler's output
 */
export async function goProgram(
  directory: string,
  pkg = ".",
  stamps: Readonly<Record<string, string>> = {},
): Promise<string> {
  const name = basename(pkg === "." ? directory : pkg);
  const gomod = await readFile(join(directory, "go.mod"), "utf8");
  const flags = Object.entries(stamps).map(([variable, path]) => `-X ${variable}=${requiredVersion(gomod, path)}`);
  const files = (await filesIn(directory)).filter((file) => !file.endsWith(".ts"));
  const settings = [process.platform, process.arch, pkg, ...flags];
  const folder = await builtOf({ name, directory, files, settings }, async (folder) => {
    await build(directory, pkg, ["-s", "-w", ...flags].join(" "), join(folder, "bin", name));
  });
  return join(folder, "bin", name);
}

/** The version of a module that the text of a go.mod requires. */
export function requiredVersion(gomod: string, module: string): string {
  const lines = gomod.split("\n").map((line) => line.trim().split(" "));
  const version = lines.find(([path]) => path === module)?.[1];
  if (version === undefined) throw new Error(`go.mod does not require ${module}`);
  return version;
}

async function build(directory: string, pkg: string, ldflags: string, output: string): Promise<void> {
  const shown = progress(`Building ${basename(output)} with Go (minutes at the first time, then it is kept)`);
  const args = ["build", "-v", "-trimpath", "-buildvcs=false", "-ldflags", ldflags, "-o", output, pkg];
  const go = spawn("go", args, {
    cwd: directory,
    env: { ...process.env, GOWORK: "off" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = new Promise<number | null>((resolve, reject) => go.once("error", reject).once("exit", resolve));
  const stop = stoppedOnInterrupt(async () => {
    go.kill();
  });
  const errors: string[] = [];
  let downloaded = 0;
  let compiled = 0;
  const follow = async () => {
    for await (const line of createInterface(go.stderr)) {
      if (line.startsWith("go: downloading ")) downloaded++;
      else if (/^[\w.~/-]+$/.test(line)) compiled++;
      else errors.push(line);
      shown.detail(`${downloaded} modules downloaded, ${compiled} packages compiled`);
    }
  };
  try {
    const [code] = await Promise.all([exited, follow()]);
    if (code !== 0) throw new Error(`go build ${pkg} in ${directory} failed:\n${errors.join("\n")}`);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    throw new Error(`Go is needed to build ${basename(output)} and is not on the PATH: install Go 1.26 or newer.`);
  } finally {
    shown.end();
    await stop();
  }
}
