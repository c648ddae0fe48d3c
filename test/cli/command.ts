/** The `netpol` command, run in a folder of the project. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { compileCache } from "../project.ts";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** An answer for people without the lines that say what it rests on. */
export const withoutBasis = (stdout: string): string => stdout.replace(/\n(- |Before: )?Rests on [\s\S]*$/, "");

/** Runs `netpol` of the project in a folder, with the folder as the place to work in. */
export const netpol = (folder: string, ...args: string[]): Ended => netpolWith({}, folder, ...args);

/** The same with something on standard input, with other variables of the environment, or by another copy of the command. */
export function netpolWith(
  {
    input = "",
    env = {},
    command,
  }: { readonly input?: string | Buffer; readonly env?: NodeJS.ProcessEnv; readonly command?: string },
  folder: string,
  ...args: string[]
): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command ?? join(folder, "cli/netpol.js"), ...args], {
    cwd: folder,
    encoding: "utf8",
    input,
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache, ...env },
    maxBuffer: 256 * 1024 * 1024,
  });
  return { code: status, stdout, stderr };
}
