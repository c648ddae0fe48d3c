#!/usr/bin/env node
/**
 * The `netpol` command. JavaScript that any Node.js can read, so that one that is too old says so instead of failing, and a
 * new one has its compile cache on before it meets the first types: to strip them once more takes as long as most answers.
 */
import module from "node:module";
import { join } from "node:path";
import { cacheFolder } from "./cache.js";

/** What runs a cluster's TypeScript files without a compiler. */
const needed = { major: 22, minor: 18 };

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major > needed.major || (major === needed.major && minor >= needed.minor)) {
  // In the environment, so that processes which this one starts share the cache; not in Node's usual place, since in a
  // folder for everybody anybody could plant code.
  process.env.NODE_COMPILE_CACHE ||= join(cacheFolder, "compiled");
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
  await import("./main.ts");
} else {
  process.stderr.write(
    `netpol needs Node.js ${needed.major}.${needed.minor} or newer, and this is ${process.versions.node}\n`,
  );
  process.exitCode = 2;
}
