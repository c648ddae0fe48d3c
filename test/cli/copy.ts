/** A copy of this project that a test may change, and the command run in it. */
import { spawnSync } from "node:child_process";
import { cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../toolchain/lifetime.ts";

/** The project itself, for commands that change nothing. */
export const repository = join(import.meta.dirname, "../..");

/** What the command needs of the project. */
const parts = [
  "cilium",
  "cli",
  "components",
  "docs",
  "map",
  "policypack",
  "config.ts",
  "index.ts",
  "package.json",
  "Pulumi.yaml",
  "Pulumi.prod.yaml",
] as const;

/** The folder of a new copy of the project as it stands, with the same node_modules. */
export function copyOfProject(): string {
  const folder = temporaryFolder("network-policies");
  for (const part of parts) cpSync(join(repository, part), join(folder, part), { recursive: true });
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  return folder;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `netpol` of the project in a folder, with the folder as the place to work in. */
export const netpol = (folder: string, ...args: string[]): Ended => netpolWith({}, folder, ...args);

/** The same with something on standard input, or with other variables of the environment. */
export function netpolWith(
  { input = "", env = {} }: { readonly input?: string | Buffer; readonly env?: NodeJS.ProcessEnv },
  folder: string,
  ...args: string[]
): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, "cli/netpol.ts"), ...args], {
    cwd: folder,
    encoding: "utf8",
    input,
    env: { ...process.env, ...env },
    maxBuffer: 256 * 1024 * 1024,
  });
  return { code: status, stdout, stderr };
}
