/** A record of flows, as those who judge it take it. */
import type { FlowProtocol } from "../reach/compile/inventory.ts";
import type { Decisions } from "./decision.ts";
import type { End } from "./end.ts";
import type { Lookup } from "./lookups.ts";
import type { Request } from "./requests.ts";
import type { Times } from "./times.ts";

/** Everything that was seen between two ends on one port. */
export type Connection = Times & {
  readonly source: End;
  readonly destination: End;
  readonly protocol: FlowProtocol;
  readonly port: number;
  /** How many flows the cluster's policies let through at both ends, and dropped at one, when they were recorded. */
  readonly passed: number;
  readonly dropped: number;
  /** The furthest that one of them got: past its source's end at least, or past its destination's. */
  readonly reached: "nowhere" | "left" | "arrived";
  /** What the cluster decided at each end, as far as that was recorded as such. */
  readonly decisions: Decisions;
  /** One of the flows. */
  readonly example: Example;
};

export type Example = {
  readonly time: string;
  readonly source: string;
  readonly destination: string;
  readonly node: string;
};

export type FlowRecord = Times & {
  /** In the order in which they began. */
  readonly connections: readonly Connection[];
  readonly lookups: readonly Lookup[];
  readonly requests: readonly Request[];
  /** The names of addresses outside the cluster: from DNS answers, the flows themselves, and the labels of identities. */
  readonly names: ReadonlyMap<string, ReadonlySet<string>>;
  /** How many flows were seen; a line of an aggregating exporter stands for several. */
  readonly flows: number;
  /** Flows that are no connections to judge, by reason, the most first. */
  readonly leftOut: ReadonlyMap<string, number>;
  /** Flows that the record says too little about, by reason. */
  readonly notJudged: ReadonlyMap<string, number>;
  /** Events and lines about something else than flows. */
  readonly otherLines: number;
  /** What could not be read, by reason. */
  readonly unread: ReadonlyMap<string, number>;
  /** Events that happened and are not in the record. */
  readonly lostEvents: number;
  /** Events that were read before, told by their uuid. */
  readonly duplicates: number;
  /** Nodes that the record misses flows of. */
  readonly missingNodes: ReadonlySet<string>;
  /** The days of which there is something, as `2026-11-24`, by the namespaces of the pods; under none all of them. */
  readonly days: ReadonlyMap<string, ReadonlySet<string>>;
  /** The nodes that recorded: `cluster/name`, without a cluster in one that is called `default`. */
  readonly nodes: ReadonlySet<string>;
};

/** Whoever stands at an end of a connection, or looked a name up. */
export function recordedEnds({ connections, lookups }: Pick<FlowRecord, "connections" | "lookups">): ReadonlySet<End> {
  const ends = new Set<End>();
  for (const { source, destination } of connections) ends.add(source).add(destination);
  for (const { pod } of lookups) ends.add(pod);
  return ends;
}
