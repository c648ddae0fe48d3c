// Pulumi loads this file. The source runs as it is, but not below node_modules, where Node strips no types: there stands
// the bundle that `npm pack` makes. Either is compiled once and kept, since Pulumi starts the pack for every command.
import { existsSync } from "node:fs";
import { enableCompileCache, flushCompileCache } from "node:module";

enableCompileCache();
import(existsSync(new URL("pack.ts", import.meta.url)) ? "./pack.ts" : "./dist/pack.js").then(() =>
  flushCompileCache(),
);
