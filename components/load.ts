/** Loading a project's cluster: what is wrong with its files is told by its place, not by Node's stack trace. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Cluster } from "../cilium/model/cluster.ts";
import { Faults } from "../cilium/model/faults.ts";
import { faultsThrown } from "../cilium/model/place.ts";
import { type FileExports, readCluster } from "../cilium/model/read.ts";
import type { Verbatim } from "../cilium/model/verbatim.ts";
import { type SourceFile, sourceFile } from "../cilium/write/file.ts";

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
  return readCluster(cluster, files, await loadVerbatim(project));
}

/** Where a project keeps policies that are taken as they are, in YAML files. */
const verbatimFolder = "cluster/verbatim";

/** @throws Faults with a line for everything there that is no policy. */
async function loadVerbatim(project: string): Promise<readonly Verbatim[]> {
  const folder = join(project, verbatimFolder);
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.ya?ml$/.test(name));
  // Loaded only here: most clusters have no such policy, and so no need of the schemas.
  const { readVerbatim } = await import("../cilium/kubernetes/verbatim.ts");
  const { policies, faults } = readVerbatim(
    names.sort().map((name) => [`${verbatimFolder}/${name}`, readFileSync(join(folder, name), "utf8")]),
  );
  if (faults.length > 0) throw new Faults(faults);
  return policies;
}

/**
 * The files of a project's namespaces, for who writes into them. `loadCluster` has found no fault in them.
 * @throws Faults as that does.
 */
export async function loadSourceFiles(project: string): Promise<SourceFile[]> {
  return [...(await loadFiles(project))].flatMap(
    ([file, exported]) => sourceFile(file, exported, readFileSync(join(project, file), "utf8")) ?? [],
  );
}

/** What the files of `cluster/` export, by file. Each is loaded by itself, so that the faults of all of them are told. */
async function loadFiles(project: string): Promise<Map<string, FileExports>> {
  if (!existsSync(join(project, clusterFile))) throw new Faults([`there is no ${clusterFile} in ${project}`]);
  const others = readdirSync(join(project, "cluster")).filter((name) => /^[\w-][\w.-]*(?<!\.d|\.test)\.ts$/.test(name));
  const files = new Map<string, FileExports>();
  const faults = new Set<string>();
  // One after the other, so that files which import each other always run in the same order.
  for (const file of new Set([clusterFile, ...others.sort().map((name) => `cluster/${name}`)])) {
    try {
      files.set(file, await import(pathToFileURL(join(project, file)).href));
    } catch (error) {
      // A file that imports one with a fault fails by the same.
      for (const fault of faultsThrown(error)) faults.add(fault);
    }
  }
  if (faults.size > 0) throw new Faults([...faults]);
  return files;
}
