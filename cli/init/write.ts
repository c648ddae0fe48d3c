/** Writing a new folder whole or not at all, and nothing over what is there. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { reasonOf } from "../../components/reason.ts";
import { Failure } from "../failure.ts";

/**
 * Has `work` write into a temporary folder beside the one that is wanted, and moves it there when it is done.
 * @throws Failure when something is there already that would be overwritten, or nothing can be written
 */
export async function inNewFolder<T>(folder: string, work: (temporary: string) => Promise<T>): Promise<T> {
  const target = resolve(folder);
  const temporary = attempt(folder, () => {
    mkdirSync(dirname(target), { recursive: true });
    return mkdtempSync(join(dirname(target), `.${basename(target)}-`));
  });
  const remove = () => rmSync(temporary, { recursive: true, force: true });
  const interrupted = (signal: "SIGINT" | "SIGTERM") => process.exit(128 + constants.signals[signal]);
  process.once("exit", remove).once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    const result = await work(temporary);
    // Temporary folders are for their owner alone.
    attempt(folder, () => chmodSync(temporary, 0o777 & ~process.umask()));
    attempt(folder, () => move(temporary, target, folder));
    return result;
  } finally {
    process.off("exit", remove).off("SIGINT", interrupted).off("SIGTERM", interrupted);
    remove();
  }
}

/** @throws Failure when one of these entries is there already */
export function requireNothing(folder: string, entries: readonly string[]): void {
  const present = entries.filter((entry) => existsSync(join(folder, entry)));
  if (present.length > 0) {
    throw new Failure(`${folder} has ${present.join(", ")} already, and nothing is overwritten; name another folder`);
  }
}

function move(temporary: string, target: string, folder: string): void {
  if (!existsSync(target)) {
    renameSync(temporary, target);
    return;
  }
  const entries = readdirSync(temporary);
  requireNothing(folder, entries);
  for (const entry of entries) renameSync(join(temporary, entry), join(target, entry));
}

/** Writes files by their paths. */
export function writeFiles(folder: string, files: Iterable<readonly [file: string, text: string]>): void {
  for (const [file, text] of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
}

function attempt<T>(folder: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`${folder} cannot be written: ${reasonOf(error)}`);
  }
}
