/** What the ends of a connection are called where people read about them. */
import type { End } from "./end.ts";
import { onceEach } from "./once.ts";
import type { Connection, FlowRecord } from "./record.ts";
import { endName, type FindWorkload } from "./workload.ts";

export type Ends = Pick<Connection, "source" | "destination">;

export type NameEnds = (ends: Ends) => { readonly source: string; readonly destination: string };

/** @param cluster the cluster whose policies are judged */
export function endNames(record: FlowRecord, find: FindWorkload, cluster: string): NameEnds {
  const namesOf = destinationNames(record);
  const nameOf = onceEach((end: End) => endName(end, find, [], cluster));
  return ({ source, destination }) => ({
    source: source.kind === "outside" && !source.isApiServer ? "outside" : nameOf(source),
    destination:
      destination.kind === "outside"
        ? endName(destination, find, namesOf({ source, destination }), cluster)
        : nameOf(destination),
  });
}

/**
 * The names of the address that a connection goes to, if it is outside the cluster: those that its pod looked up, if the
 * record has such lookups, else all that are known.
 */
export function destinationNames({ names, lookups }: FlowRecord): (ends: Ends) => readonly string[] {
  const lookedUp = new Map<End, Map<string, string[]>>();
  for (const { pod, name, inCluster, addresses } of lookups) {
    if (inCluster) continue;
    const ofPod = lookedUp.get(pod) ?? new Map<string, string[]>();
    lookedUp.set(pod, ofPod);
    for (const address of addresses) {
      const known = ofPod.get(address);
      if (known === undefined) ofPod.set(address, [name]);
      else known.push(name);
    }
  }
  return ({ source, destination }) => {
    if (destination.kind !== "outside") return [];
    const own = lookedUp.get(source)?.get(destination.address);
    return (own ?? [...(names.get(destination.address) ?? [])]).toSorted();
  };
}
