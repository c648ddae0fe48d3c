#!/usr/bin/env node
/** The `netpol` command. Any Node.js can read this file, so that one that is too old says so instead of failing. */

/** What runs a cluster's TypeScript files without a compiler. */
const needed = [22, 18] as const;

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major > needed[0] || (major === needed[0] && minor >= needed[1])) await import("./main.ts");
else {
  process.stderr.write(`netpol needs Node.js ${needed.join(".")} or newer, and this is ${process.versions.node}\n`);
  process.exitCode = 2;
}
