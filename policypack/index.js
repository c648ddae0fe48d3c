// Pulumi loads this file. The source runs as it is, but not below node_modules, where Node strips no types: there stands
// what the package was built with. Either is compiled once and kept, since Pulumi starts the pack for every command; not
// in Node's usual place, since in a folder for everybody anybody could plant code.
import { existsSync } from "node:fs";
import { enableCompileCache, flushCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

const caches = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
enableCompileCache(join(caches, "cilium-network-policy-pack"));
import(existsSync(new URL("pack.ts", import.meta.url)) ? "./pack.ts" : "../dist/policypack/pack.js").then(
  ({ register }) => {
    register(import.meta.dirname);
    flushCompileCache();
  },
);
