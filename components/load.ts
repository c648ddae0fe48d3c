/** Loading a project's cluster: what is wrong with its files is told by its place, not by Node's stack trace. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Cluster } from "../cilium/model/cluster.ts";
import { Faults } from "../cilium/model/faults.ts";
import { faultsThrown } from "../cilium/model/place.ts";
import { type FileExports, readCluster } from "../cilium/model/read.ts";

/** Where a project says what its cluster is; the file exports it as `cluster`. */
export const clusterFile = "cluster/cluster.ts";

/**
 * The cluster of a project, the folder that holds `cluster/`: all of its files are loaded, and then read.
 * @throws Faults with a line for everything that is wrong in any of them.
 */
export async function loadCluster(project: string): Promise<Cluster> {
  const files = await loadFiles(project);
  const { cluster } = files.get(clusterFile) ?? {};
  if (cluster === undefined) throw new Faults([`${clusterFile} exports no cluster; write export const cluster = …`]);
  return readCluster(cluster, files);
}

/** What the files of `cluster/` export, by file. */
async function loadFiles(project: string): Promise<Map<string, FileExports>> {
  const files = readdirSync(join(project, "cluster")).filter((name) => /^[\w-]+\.ts$/.test(name));
  const loading = files.map(async (name): Promise<[string, FileExports]> => {
    const url = pathToFileURL(join(project, "cluster", name));
    return [`cluster/${name}`, await import(url.href)];
  });
  const settled = await Promise.allSettled(loading);
  const failed = settled.flatMap((one) => (one.status === "rejected" ? faultsThrown(one.reason) : []));
  // A file that imports one with a fault fails by the same.
  if (failed.length > 0) throw new Faults([...new Set(failed)]);
  return new Map(settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : [])));
}
