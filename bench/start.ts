/**
 * How long `netpol` takes to start, as whole processes against an empty one. Run with `npm run bench:start -- [rounds]`.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { repository } from "../test/project.ts";
import { compare } from "./rounds.ts";

const node = (...args: string[]) => spawnSync(process.execPath, args, { cwd: repository, stdio: "ignore" });
const netpol = join(repository, "cli/netpol.js");

const empty = "node -e 0";
await compare(
  "The start of netpol",
  [
    { name: empty, run: () => node("-e", "0") },
    { name: "netpol --help", run: () => node(netpol, "--help"), to: empty },
    { name: "netpol explain", run: () => node(netpol, "explain", "argocd/server", "argocd/redis", "6379"), to: empty },
    { name: "netpol list", run: () => node(netpol, "list"), to: empty },
  ],
  Number(process.argv[2] ?? 21),
);
