/** The project that the command is run in: a Pulumi program with the cluster's files beside it. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { clusterFile } from "../components/load.ts";
import { Failure } from "./failure.ts";

/**
 * The folder of the project: the working folder, or the nearest one above it, that has `Pulumi.yaml` and `cluster/cluster.ts`.
 * @param instead what else may be named, for who needs no project: `, or name …`
 * @throws Failure when there is none.
 */
export function projectFolder(instead = ""): string {
  const folder = findProject();
  if (folder !== undefined) return folder;
  throw new Failure(
    `${process.cwd()} is in no project (a folder with Pulumi.yaml and ${clusterFile}); run it in one${instead}`,
  );
}

/** The same; undefined when there is none. */
export function findProject(folder = process.cwd()): string | undefined {
  if (existsSync(join(folder, "Pulumi.yaml")) && existsSync(join(folder, clusterFile))) return folder;
  return dirname(folder) === folder ? undefined : findProject(dirname(folder));
}
