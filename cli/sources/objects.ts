/** Policies, and what they are judged against, that are read as objects: from files, a revision or a live cluster. */
import { basisOf } from "../../cilium/kubernetes/basis.ts";
import { completed, inventoryOfObjects } from "../../cilium/kubernetes/inventory.ts";
import { isLoss, leftOutText } from "../../cilium/kubernetes/left-out.ts";
import { noObjects } from "../../cilium/kubernetes/nothing.ts";
import { type Objects, readObjects } from "../../cilium/kubernetes/read.ts";
import { Failure } from "../failure.ts";
import { projectFolder } from "../project.ts";
import { readCluster } from "./cluster.ts";
import { configured } from "./configuration.ts";
import { readFiles } from "./files.ts";
import { readPathAt, readRevision } from "./git.ts";
import type { Source, SourceOptions } from "./source.ts";

/** What a program rendered at a revision: its policies and its workloads. */
export async function readProgramAt(ref: string, stack: string): Promise<Pick<Source, "policies" | "inventory">> {
  const objects = readObjects(await readRevision(ref, stack, projectFolder()));
  return { policies: objects.policies.map(({ policy }) => policy), inventory: inventoryOfObjects(objects).inventory };
}

export async function manifestsSource(path: string, ref: string | undefined, options: SourceOptions): Promise<Source> {
  const name = path === "-" ? "standard input" : path;
  if (ref !== undefined && path === "-") throw new Failure("standard input has no revisions; leave out --git");
  const read = ref === undefined ? readFiles(path, options) : await readPathAt(path, ref, options);
  const objects = await configured(readObjects(read, options), options);
  const title = ref === undefined ? name : `${name} at ${ref}`;
  const same = options.inventory === path && ref === undefined;
  if (options.inventory === undefined || same) return sourceOf(title, objects, objects, options);
  const inventory = await configured(readInventory(options.inventory, options), options);
  const source = sourceOf(title, objects, completed(inventory, objects), options);
  const unused = objects.pods.length + objects.workloads.length + objects.jobs.length + objects.cronJobs.length;
  const note = `${unused} Pods and workloads of ${title} are not used: --inventory names others`;
  const notes = unused > 0 ? [...source.basis.notes, note] : source.basis.notes;
  return { ...source, basis: { ...source.basis, notes } };
}

export async function clusterSource(context: string, options: SourceOptions): Promise<Source> {
  const objects = await configured(readObjects(await readCluster(context), options), options);
  return sourceOf(`context ${context}`, objects, objects, options);
}

/** What stands around a program's policies besides its own workloads: other pods and a configuration, as far as they are named. */
export const readSurroundings = (options: SourceOptions): Promise<Objects> =>
  configured(options.inventory === undefined ? noObjects : readInventory(options.inventory, options), options);

/**
 * Reads the cluster that policies are judged against from a file, a folder or standard input.
 * @throws Failure when nothing can be read, or there is no pod in it.
 */
function readInventory(path: string, options: Partial<SourceOptions>): Objects {
  const objects = readObjects(readFiles(path, options), options);
  if (inventoryOfObjects(objects).inventory.endpoints.length === 0) {
    const broken = objects.leftOut.filter(isLoss).map(leftOutText);
    const instead = broken.length === 0 ? "" : ` (${broken.slice(0, 3).join("; ")})`;
    throw new Failure(
      `${path} holds no Pod${instead}; write what kubectl get pods,namespaces,nodes,services -A -o yaml prints into it`,
    );
  }
  return objects;
}

const sourceOf = (title: string, objects: Objects, cluster: Objects, { verbose = false }: SourceOptions): Source => ({
  title,
  policies: objects.policies.map(({ policy }) => policy),
  places: new Map(objects.policies.map(({ policy, place }) => [policy, place])),
  objects,
  cluster,
  ...inventoryOfObjects(cluster),
  basis: basisOf(objects, cluster, verbose),
  program: undefined,
});
