/** Where everything stands, whoever laid it out. */
import type { Graph, Line } from "./graph.ts";
import type { Mark } from "./marks.ts";
import { middle, type Point, type Rectangle } from "./measures.ts";
import type { Sheet } from "./sheets.ts";

export interface Layout {
  readonly bounds: Rectangle;
  readonly namespaces: ReadonlyMap<string, Rectangle>;
  /** Around the hubs, and around the pods on the host's network; undefined where there are none. */
  readonly hubs: Rectangle | undefined;
  readonly hostNetwork: Rectangle | undefined;
  /** Around what only a comparison shows. */
  readonly added: Rectangle | undefined;
  /** By id of the peer, and the box that it stands in, where it stands in one. */
  readonly cards: ReadonlyMap<string, Rectangle>;
  readonly surroundings: ReadonlyMap<string, Rectangle>;
  /** Corner points from card to card. A line that runs straight has only its ends, for a curve between them. */
  readonly routes: ReadonlyMap<Line, readonly Point[]>;
  /** By id of the workload. */
  readonly marks: ReadonlyMap<string, readonly Mark[]>;
}

export interface LaidOut {
  readonly sheet: Sheet;
  readonly graph: Graph;
  readonly layout: Layout;
}

/** The box that each card stands in, where it stands in one. */
export function surroundingsOf(
  graph: Graph,
  { namespaces, hubs, hostNetwork, added, cards }: Omit<Layout, "bounds" | "surroundings" | "routes" | "marks">,
): Map<string, Rectangle> {
  const isAdded = (id: string): boolean => added !== undefined && (cards.get(id)?.y ?? added.y) > added.y;
  return new Map([
    ...graph.hubs.flatMap(({ id }) => found(id, hubs)),
    ...graph.hostNetwork.flatMap(({ id }) => found(id, hostNetwork)),
    ...graph.namespaces.flatMap(({ name, workloads }) =>
      workloads.flatMap(({ id }) => found(id, namespaces.get(name))),
    ),
    ...[...cards.keys()].filter(isAdded).flatMap((id) => found(id, added)),
  ]);
}

/** The ends of a line that is not led around anything. */
export function straight(from: Rectangle, to: Rectangle): Point[] {
  return [middle(from, from.x > to.x ? "left" : "right"), middle(to, from.x < to.x ? "left" : "right")];
}

/** A key with its value, or nothing without one. */
export const found = <T>(key: string, value: T | undefined): [string, T][] =>
  value === undefined ? [] : [[key, value]];
