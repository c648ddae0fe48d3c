/** Runs what `netpol` is asked for, and ends with 0, 1 (found something) or 2 (wrong use). */

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
