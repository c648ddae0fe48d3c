/** Loading the files that people edit: what is wrong with one of them is told by its place, not by Node's stack trace. */
import { Faults } from "../cilium/model/faults.ts";

/**
 * What importing the program, or something that imports it, gives.
 * @throws Faults when a file of this folder is no valid TypeScript, imports what is not there or uses what it does not import.
 */
export async function loaded<Module>(importing: Promise<Module>): Promise<Module> {
  try {
    return await importing;
  } catch (error) {
    if (!(error instanceof Error) || error instanceof Faults) throw error;
    // Node has the place in the first line of the trace, or in that of the first function.
    const place = /\bcluster\/[\w-]+\.ts(:\d+)?/.exec(error.stack ?? "")?.[0];
    if (place === undefined && !(error instanceof SyntaxError)) throw error;
    throw new Faults([`${place ?? "a file in cluster/"}: ${error.message}; \`npm run check\` says more`]);
  }
}
