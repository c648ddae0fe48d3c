/** `npm run build`: the package's JavaScript and types in dist/, which `npm pack` takes. Nothing in the repository runs it. */
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { writeBundle } from "./map/bundle.ts";

const dist = join(import.meta.dirname, "dist");
rmSync(dist, { recursive: true, force: true });
execFileSync("tsc", ["-p", "tsconfig.build.json"], { cwd: import.meta.dirname, stdio: "inherit" });
await writeBundle(join(dist, "map/bundle.json"));
