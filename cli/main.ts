/** Runs what `netpol` is asked for, and ends with 0, 1 (found something) or 2 (wrong use). */
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { cacheFolder } from "./cache.ts";

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
  await netpol(process.argv.slice(2));
} catch (error) {
  const { isForTheUser } = await import("./failure.ts");
  if (!isForTheUser(error)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
