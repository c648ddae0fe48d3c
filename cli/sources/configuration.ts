/** The agent's configuration that somebody names, in place of the one that stands among the objects. */
import { existsSync } from "node:fs";
import { type Objects, readObjects } from "../../cilium/kubernetes/read.ts";
import { Failure } from "../failure.ts";
import { currentContext, readCluster } from "./cluster.ts";
import { readFiles } from "./files.ts";
import type { SourceOptions } from "./source.ts";

/**
 * Objects under the configuration of the place that the options name, if they name one.
 * @throws Failure when there is no `cilium-config` at that place.
 */
export async function configured(objects: Objects, options: Partial<SourceOptions>): Promise<Objects> {
  const place = options.configuration;
  if (place === undefined) return objects;
  const { ciliumConfigs } = readObjects(await objectsAt(place), options);
  if (ciliumConfigs.length === 0) throw new Failure(`${place} holds no ConfigMap cilium-config`);
  return { ...objects, ciliumConfigs, known: new Set([...objects.known, "cilium-config"]) };
}

async function objectsAt(place: string): Promise<Parameters<typeof readObjects>[0]> {
  if (place === "live") return readCluster(await currentContext());
  const [, context] = /^context:(.+)$/.exec(place) ?? [];
  if (context !== undefined) return readCluster(context);
  if (!existsSync(place)) {
    throw new Failure(`there is no file or folder ${place} with a cilium-config; a cluster's is live or context:NAME`);
  }
  return readFiles(place);
}
