/** What the ends of a connection are called where people read about them. */
import type { Connection, FlowRecord } from "./record.ts";
import { endName, type FindWorkload } from "./workload.ts";

export type Ends = Pick<Connection, "source" | "destination">;

export type NameEnds = (ends: Ends) => { readonly source: string; readonly destination: string };

/** @param cluster the cluster whose policies are judged */
export function endNames(record: FlowRecord, find: FindWorkload, cluster: string): NameEnds {
  const namesOf = destinationNames(record);
  return ({ source, destination }) => ({
    source: source.kind === "outside" && !source.isApiServer ? "outside" : endName(source, find, [], cluster),
    destination: endName(destination, find, namesOf({ source, destination }), cluster),
  });
}

/**
 * The names of the address that a connection goes to, if it is outside the cluster: those that its pod looked up, if the
 * record has such lookups, else all that are known.
 */
export function destinationNames({ names, lookups }: FlowRecord): (ends: Ends) => readonly string[] {
  const lookedUp = new Map<string, string[]>();
  for (const { pod, name, inCluster, addresses } of lookups) {
    if (inCluster) continue;
    for (const address of addresses) {
      const key = `${pod.key} ${address}`;
      lookedUp.set(key, [...(lookedUp.get(key) ?? []), name]);
    }
  }
  return ({ source, destination }) => {
    if (destination.kind !== "outside") return [];
    const own = lookedUp.get(`${source.key} ${destination.address}`);
    return (own ?? [...(names.get(destination.address) ?? [])]).toSorted();
  };
}
