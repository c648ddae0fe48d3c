/** The `netpol` command of this repository, run in a folder of another project, as an installed one would be. */
import { join } from "node:path";
import { repository } from "../project.ts";
import { type Ended, netpolWith } from "./command.ts";

export const netpolHere = (folder: string, ...args: string[]): Ended =>
  netpolWith({ command: join(repository, "cli/netpol.js") }, folder, ...args);
