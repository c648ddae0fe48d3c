/** A namespace's box: its cards under each other, and the lines between them on tracks at their right. */
import type { Line, NamespaceBox } from "./graph.ts";
import { boxHeight, boxPadding, cardWidth, type Point } from "./measures.ts";
import type { WorkloadPeer } from "./picture.ts";

export interface Box {
  readonly name: string;
  readonly workloads: readonly WorkloadPeer[];
  readonly height: number;
  readonly cardWidth: number;
  readonly tracks: readonly Track[];
}

/** All lines inside the namespace that end at one card; position 0 is next to the cards. */
export interface Track {
  readonly position: number;
  readonly lines: readonly Line[];
}

/** Between neighbouring tracks. */
const trackGap = 6;
/** Between the cards and the first track: room for an arrowhead. */
const trackStart = 9;
/** How far from a card's middle the lines on tracks leave (above) and arrive (below). */
const trackOffset = 5;

/** `marks` tells how many marks a workload's card shows. */
export function boxOf({ name, workloads }: NamespaceBox, lines: readonly Line[], marks: (id: string) => number): Box {
  const rows = new Map(workloads.map(({ id }, row) => [id, row]));
  const inside = lines.filter(({ kind, from }) => kind === "inside" && rows.has(from));
  return {
    name,
    workloads,
    height: boxHeight(workloads.length),
    cardWidth: Math.max(...workloads.map((peer) => cardWidth(peer, marks(peer.id)))),
    tracks: tracksOf(inside, (id) => rows.get(id) ?? 0),
  };
}

/** The width of a box beside its cards. */
export function besideCards({ tracks }: Box): number {
  const count = Math.max(0, ...tracks.map(({ position }) => position + 1));
  return 2 * boxPadding + (count === 0 ? 0 : trackStart + (count - 1) * trackGap);
}

/** Gives each destination's lines the innermost track that is free along all their rows, short ones first. */
function tracksOf(lines: readonly Line[], rowOf: (id: string) => number): Track[] {
  const wanted = [...Map.groupBy(lines, ({ to }) => to).values()]
    .map((together) => {
      const rows = together.flatMap(({ from, to }) => [rowOf(from), rowOf(to)]);
      return { lines: together, first: Math.min(...rows), last: Math.max(...rows) };
    })
    .sort((a, b) => a.last - a.first - (b.last - b.first));
  const taken: (typeof wanted)[] = [];
  return wanted.map((track) => {
    const free = taken.findIndex((others) => others.every((o) => o.last < track.first || track.last < o.first));
    const position = free === -1 ? taken.length : free;
    taken[position] = [...(taken[position] ?? []), track];
    return { position, lines: track.lines };
  });
}

/** The corner points of a line on a track, between the middles of two cards' right edges. */
export function trackRoute({ position }: Track, from: Point, to: Point): Point[] {
  const x = from.x + trackStart + position * trackGap;
  const start = { x: from.x, y: from.y - trackOffset };
  const end = { x: to.x, y: to.y + trackOffset };
  return [start, { x, y: start.y }, { x, y: end.y }, end];
}
