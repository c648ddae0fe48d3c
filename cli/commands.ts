/** The commands of `netpol`, and the words it is given. */
import { Command } from "commander";
import description from "../package.json" with { type: "json" };
import { check } from "./commands/check.ts";
import { coverage } from "./commands/coverage.ts";
import { diff } from "./commands/diff.ts";
import { docs } from "./commands/docs.ts";
import { explain } from "./commands/explain.ts";
import { exposure } from "./commands/exposure.ts";
import { gate } from "./commands/gate.ts";
import { inventory } from "./commands/inventory.ts";
import { list } from "./commands/list.ts";
import { map } from "./commands/map.ts";
import { matrix } from "./commands/matrix.ts";
import { preflight } from "./commands/preflight.ts";
import { render } from "./commands/render.ts";
import { replay } from "./commands/replay.ts";
import { test } from "./commands/test.ts";
import { verify } from "./commands/verify.ts";

const help = `
Policies are the program's, unless --from, --git or --context says otherwise.
Ends with 0, with 1 if it found something, with 2 if it was used wrongly or could not read its input.

Examples:
  npm run netpol -- list
  npx netpol explain argocd/server database/shared-pg 5432
  npx netpol check --from manifests/ --inventory pods.yaml`;

export const netpol = new Command("netpol")
  .description("What the network policies of this program, of YAML files or of a cluster allow")
  .version(description.version, "--version", "print the version of netpol")
  .configureHelp({ showGlobalOptions: true })
  .showHelpAfterError("(netpol --help lists the commands)")
  .addHelpText("after", help)
  .exitOverride();

const commands = [
  // in the order of --help
  list,
  matrix,
  map,
  explain,
  exposure,
  check,
  diff,
  test,
  gate,
  replay,
  coverage,
  preflight,
  verify,
  render,
  inventory,
  docs,
];
for (const register of commands) register(netpol);
