/** Folders that exist only while something is done in them, also when the command is interrupted. */
import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";

/** Does something in a new folder, which is gone afterwards. */
export async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const created: string[] = [];
  const remove = () => {
    for (const folder of created) rmSync(folder, { recursive: true, force: true });
  };
  const interrupted = (signal: "SIGINT" | "SIGTERM") => process.exit(128 + constants.signals[signal]);
  // Before there is a folder, so that no signal finds one and nobody to remove it.
  process.once("exit", remove).once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    const folder = mkdtempSync(join(tmpdir(), "netpol-"));
    created.push(folder);
    return await work(folder);
  } finally {
    process.off("exit", remove).off("SIGINT", interrupted).off("SIGTERM", interrupted);
    remove();
  }
}
