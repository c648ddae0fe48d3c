/** Which cluster a record is from, as its lines tell it. */
import { type FlowRecord, recordedEnds } from "./record.ts";

/**
 * The names of the clusters that a record may be from: one if it is certain, none if nothing tells. Hubble names a node
 * with its cluster, unless that is called `default` (`GetAbsoluteNodeName` in `pkg/node/types/nodename.go`), and every pod
 * has the label of its own.
 */
export function clustersOf(record: FlowRecord): readonly string[] {
  const nodes = [...record.nodes].map((node) => node.split("/"));
  const named = new Set(nodes.map(([cluster = "", name]) => (name === undefined ? byDefault : cluster)));
  if (nodes.some(([, name]) => name !== undefined)) return [...named];
  const pods = podClusters(record);
  return nodes.length > 0 && pods.includes(byDefault) ? [byDefault] : pods;
}

const byDefault = "default";

/** The clusters that the recorded pods are in. */
export const podClusters = (record: Pick<FlowRecord, "connections" | "lookups">): string[] => [
  ...new Set([...recordedEnds(record)].flatMap((end) => (end.kind === "pod" ? (end.cluster ?? []) : []))),
];
