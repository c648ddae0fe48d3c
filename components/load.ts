/** Loading the files that people edit: what is wrong with one of them is told by its place, not by Node's stack trace. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Cluster } from "../cilium/model/cluster.ts";
import { Faults } from "../cilium/model/faults.ts";

/** Where a project says what its cluster is; the file exports it as `cluster`. */
export const clusterFile = "cluster/cluster.ts";

/**
 * The cluster of a project, the folder that holds `cluster/`.
 * @throws Faults likewise.
 */
export async function loadCluster(project: string): Promise<Cluster> {
  const { cluster } = await loaded<{ cluster?: Cluster }>(import(pathToFileURL(join(project, clusterFile)).href));
  if (cluster === undefined) throw new Faults([`${clusterFile} exports no cluster; write export const cluster = …`]);
  return cluster;
}

/**
 * What importing the cluster's files, or something that imports them, gives.
 * @throws Faults when one of them is no valid TypeScript, imports what is not there or uses what it does not import.
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
