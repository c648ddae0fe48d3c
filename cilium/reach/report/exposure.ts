/** Who can get to an endpoint and where it can get to, directly and by way of other endpoints: its blast radius. */
import type { Connection } from "./connections.ts";
import { peerText } from "./explain.ts";

/** Connections one after the other, each from where the last one arrived. */
export type Path = readonly [Connection, ...Connection[]];

export type Exposure = {
  /** The shortest path from everybody who can reach it, nearest first. */
  readonly inbound: readonly Path[];
  /** The shortest path to everything that it can reach, nearest first. */
  readonly outbound: readonly Path[];
};

/**
 * Follows connections from endpoint to endpoint: whoever controls one may use what it may reach. Names, addresses, nodes
 * and Cilium's own endpoints are where paths start and end; nothing leads through them.
 * @param endpoint as `namespace/name`
 */
export function exposure(connections: readonly Connection[], endpoint: string): Exposure {
  const from = Map.groupBy(connections, ({ source }) => peerText(source.peer));
  const to = Map.groupBy(connections, ({ destination }) => peerText(destination.peer));
  return {
    outbound: walk(
      endpoint,
      (name) => from.get(name) ?? [],
      ({ destination }) => destination,
      (path, next) => [...path, next],
    ),
    inbound: walk(
      endpoint,
      (name) => to.get(name) ?? [],
      ({ source }) => source,
      (path, next) => [next, ...path],
    ),
  };
}

type Party = Connection["source"];

/** Breadth first, so that the first path to an end is a shortest one. */
function walk(
  start: string,
  next: (name: string) => readonly Connection[],
  end: (connection: Connection) => Party,
  extend: (path: readonly Connection[], connection: Connection) => Path | Connection[],
): Path[] {
  const found: Path[] = [];
  const seen = new Set([start]);
  let frontier: { name: string; path: readonly Connection[] }[] = [{ name: start, path: [] }];
  while (frontier.length > 0) {
    const reached: typeof frontier = [];
    for (const { name, path } of frontier) {
      for (const connection of next(name)) {
        const { peer } = end(connection);
        const text = peerText(peer);
        if (seen.has(text)) continue;
        seen.add(text);
        const [first, ...more] = extend(path, connection);
        if (first === undefined) continue;
        found.push([first, ...more]);
        if (peer.kind === "endpoint") reached.push({ name: text, path: [first, ...more] });
      }
    }
    frontier = reached;
  }
  return found;
}
