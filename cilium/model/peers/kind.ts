/** What a kind of peer says of itself, once for everybody: a new kind is a file beside this one, and a row in `peers.ts`. */
import type { Selection } from "../selection.ts";

export interface PeerKind<P> {
  /** As faults, outputs and the map call it: `namespace/name` of pods. */
  name(peer: P): string;
  /** As the tables call it. */
  inTables(peer: P): TableName;
  /** As the reachability engine calls what it stands for. */
  inVerdicts(peer: P): readonly string[];
  /** Whether it lies outside the cluster. */
  isOutside(peer: P): boolean;
  /** What selects it in a policy. */
  selection(peer: P): Selection;
}

/** The names of a peer, and what tells it apart from others of these names: its namespace, or its address. */
export interface TableName {
  readonly names: readonly string[];
  readonly place?: string;
}
