/** Where everything stands, whoever laid it out. */
import type { Graph, Line } from "./graph.ts";
import type { Mark } from "./marks.ts";
import type { Point, Rectangle } from "./measures.ts";

export interface Layout {
  readonly bounds: Rectangle;
  readonly namespaces: ReadonlyMap<string, Rectangle>;
  /** Around the hubs, and around the pods on the host's network; undefined where there are none. */
  readonly hubs: Rectangle | undefined;
  readonly hostNetwork: Rectangle | undefined;
  /** By id of the peer, and the box that it stands in, where it stands in one. */
  readonly cards: ReadonlyMap<string, Rectangle>;
  readonly surroundings: ReadonlyMap<string, Rectangle>;
  /** Corner points from card to card. A hub's line has only its ends, for a curve between them. */
  readonly routes: ReadonlyMap<Line, readonly Point[]>;
  /** By id of the workload. */
  readonly marks: ReadonlyMap<string, readonly Mark[]>;
}

/** The box that each card stands in. */
export const surroundingsOf = (
  graph: Graph,
  { namespaces, hubs, hostNetwork }: Pick<Layout, "namespaces" | "hubs" | "hostNetwork">,
): Map<string, Rectangle> =>
  new Map([
    ...graph.hubs.flatMap(({ id }) => found(id, hubs)),
    ...graph.hostNetwork.flatMap(({ id }) => found(id, hostNetwork)),
    ...graph.namespaces.flatMap(({ name, workloads }) =>
      workloads.flatMap(({ id }) => found(id, namespaces.get(name))),
    ),
  ]);

/** A key with its value, or nothing without one. */
export const found = <T>(key: string, value: T | undefined): [string, T][] =>
  value === undefined ? [] : [[key, value]];
