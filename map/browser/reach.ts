/** Who can reach whom over several flows: what the page follows, on the peers themselves, wherever their cards are. */
import type { Line } from "../graph.ts";
import type { Peer } from "../picture.ts";

export type Trace = "direct" | "reaches" | "reached-by";

/** The lines between peers, at hand from both ends. */
export interface Ways {
  readonly leaving: ReadonlyMap<string, readonly Line[]>;
  readonly arriving: ReadonlyMap<string, readonly Line[]>;
  readonly isWorkload: (id: string) => boolean;
}

export function waysOf(peers: readonly Peer[], lines: readonly Line[]): Ways {
  const workloads = new Set(peers.flatMap(({ kind, id }) => (kind === "workload" ? [id] : [])));
  return {
    leaving: Map.groupBy(lines, ({ from }) => from),
    arriving: Map.groupBy(lines, ({ to }) => to),
    isWorkload: (id) => workloads.has(id),
  };
}

export interface Reach {
  /** How many flows away each peer is, by id; 0 is a start. */
  readonly distance: ReadonlyMap<string, number>;
  readonly lines: ReadonlySet<Line>;
}

/**
 * What peers reach, or are reached by, along the lines that are given. Ways go on through pods only: what the API
 * server, a node or the outside connects to does not follow from who can connect to them.
 */
export function reached(
  { leaving, arriving, isWorkload }: Ways,
  starts: readonly string[],
  trace: Trace,
  isGiven: (line: Line) => boolean,
): Reach {
  const distance = new Map(starts.map((start) => [start, 0]));
  const walked = new Set<Line>();
  for (const [peer, steps] of distance) {
    if (steps > 0 && (trace === "direct" || !isWorkload(peer))) continue;
    const walk = (lines: readonly Line[] = [], next: (line: Line) => string): void => {
      for (const line of lines.filter(isGiven)) {
        walked.add(line);
        if (!distance.has(next(line))) distance.set(next(line), steps + 1);
      }
    };
    if (trace !== "reached-by") walk(leaving.get(peer), ({ to }) => to);
    if (trace !== "reaches") walk(arriving.get(peer), ({ from }) => from);
  }
  return { distance, lines: walked };
}
