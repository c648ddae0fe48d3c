/** Runs what `netpol` is asked for, and ends with 0, 1 (found something) or 2 (wrong use). */
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { CommanderError } from "commander";
import { UnreadableObjects } from "../cilium/kubernetes/unreadable.ts";
import { Faults } from "../cilium/model/faults.ts";
import { cacheFolder } from "./cache.ts";
import { Failure } from "./failure.ts";

// Compiling takes longer than most commands. In the environment, so that processes which this one starts share the cache;
// not in Node's usual place, since in a folder for everybody anybody could plant code.
process.env.NODE_COMPILE_CACHE ||= join(cacheFolder, "compiled");
enableCompileCache(process.env.NODE_COMPILE_CACHE);

// Whoever reads the output may have seen enough (`| head`).
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

try {
  const { netpol } = await import("./commands.ts");
  await netpol.parseAsync();
} catch (error) {
  process.exitCode = exitCode(error);
}

/** Says what went wrong, unless commander has, and gives the code to end with. */
function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof Failure || error instanceof Faults || error instanceof UnreadableObjects) {
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  throw error;
}
