/** Where a new project's npm gets this package from. */
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import description from "../../package.json" with { type: "json" };
import { Failure } from "../failure.ts";

export interface PackageOrigin {
  /** As the project's `package.json` says it. */
  readonly spec: string;
  /** The command that makes what is there, where nothing is yet. */
  readonly made?: string;
}

/**
 * @param folder the project's
 * @param given what the user named: a file, or what npm resolves by itself. By default the version that runs, or the archive
 * that `npm pack` makes of the checkout that runs, since no registry knows that.
 * @throws Failure for a file that is not there
 */
export function packageOrigin(folder: string, given: string | undefined): PackageOrigin {
  if (given !== undefined && existsSync(given)) return { spec: fileSpec(folder, given) };
  if (given !== undefined) {
    if (/^\.{0,2}\/|\.tgz$/.test(given) && !/^\w+:/.test(given))
      throw new Failure(`there is no file or folder ${given}`);
    return { spec: given };
  }
  // What is installed is JavaScript.
  if (!import.meta.filename.endsWith(".ts")) return { spec: description.version };
  const checkout = join(import.meta.dirname, "../..");
  const archive = join(checkout, `${description.name}-${description.version}.tgz`);
  return { spec: fileSpec(folder, archive), made: `(cd ${checkout} && npm pack)` };
}

const fileSpec = (folder: string, file: string): string => `file:${relative(folder, file)}`;
