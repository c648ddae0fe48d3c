// Pulumi loads this file. The source runs as it is, but not below node_modules, where Node strips no types: there stands
// the bundle that `npm pack` makes.
import { existsSync } from "node:fs";

import(existsSync(new URL("pack.ts", import.meta.url)) ? "./pack.ts" : "./dist/pack.js");
