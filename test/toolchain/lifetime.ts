/** What must not outlive this process: temporary folders, and services that are stopped on SIGINT and SIGTERM. */
import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";

type Stop = () => Promise<void>;

const folders: string[] = [];
const services = new Set<Stop>();

/** A new folder that is removed when this process exits. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  folders.push(folder);
  return folder;
}

/**
 * Has a service stopped when this process is interrupted.
 * @returns the way to stop it sooner; stopping twice is harmless.
 */
export function stoppedOnInterrupt(stop: Stop): Stop {
  let stopped: Promise<void> | undefined;
  const once: Stop = () => {
    services.delete(once);
    stopped ??= stop();
    return stopped;
  };
  services.add(once);
  return once;
}

process.on("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

let interrupted = false;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, async () => {
    // Whoever sends a second signal does not want to wait.
    if (!interrupted) {
      interrupted = true;
      await Promise.allSettled([...services].reverse().map((stop) => stop()));
    }
    process.exit(128 + constants.signals[signal]);
  });
}
