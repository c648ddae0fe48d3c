/** What the page's script knows: the picture and how its sheets are laid out, written so that a large one stays small. */
import type { Graph } from "./graph.ts";
import { marksOf } from "./marks.ts";
import type { Point, Rectangle } from "./measures.ts";
import type { Picture, PictureFlow } from "./picture.ts";
import { type LaidOut, type Layout, surroundingsOf } from "./places.ts";
import type { Sheet } from "./sheets.ts";

export interface PageData {
  readonly picture: PackedPicture;
  /** Of the sheets after the first, which is drawn already. */
  readonly layouts: readonly PackedLayout[];
}

/** The flows by numbers: what they have in common is written once. */
export interface PackedPicture extends Omit<Picture, "flows" | "comparison"> {
  readonly comparison?: Picture["comparison"];
  readonly flows: readonly PackedFlow[];
  /** Lists of ports and of conditions. */
  readonly lists: readonly (readonly string[])[];
  readonly purposes: readonly (string | null)[];
}

type PackedFlow = readonly [
  from: number,
  to: number,
  ports: number,
  conditions: number,
  purpose: number,
  change: PictureFlow["change"],
];

export function packed({ flows, comparison, ...picture }: Picture): PackedPicture {
  const peers = new Map(picture.peers.map(({ id }, number) => [id, number]));
  const lists = numbering<readonly string[]>();
  const purposes = numbering<string | null>();
  const numbered = flows.map(
    ({ from, to, ports, conditions, purpose = null, change }): PackedFlow => [
      peers.get(from) ?? -1,
      peers.get(to) ?? -1,
      lists.numberOf(JSON.stringify(ports), ports),
      lists.numberOf(JSON.stringify(conditions), conditions),
      purposes.numberOf(JSON.stringify(purpose), purpose),
      change,
    ],
  );
  return {
    ...picture,
    ...(comparison && { comparison }),
    flows: numbered,
    lists: lists.values(),
    purposes: purposes.values(),
  };
}

export function unpacked({ lists, purposes, flows, comparison, ...picture }: PackedPicture): Picture {
  return {
    ...picture,
    comparison,
    flows: flows.map(([from, to, ports, conditions, purpose, change]) => ({
      from: picture.peers[from]?.id ?? "",
      to: picture.peers[to]?.id ?? "",
      ports: lists[ports] ?? [],
      conditions: lists[conditions] ?? [],
      purpose: purposes[purpose] ?? undefined,
      change,
    })),
  };
}

/** Gives each key a number, in the order in which they come. */
function numbering<T>() {
  const numbers = new Map<string, number>();
  const values: T[] = [];
  return {
    numberOf: (key: string, value: T): number => {
      const known = numbers.get(key);
      if (known !== undefined) return known;
      numbers.set(key, values.length);
      return values.push(value) - 1;
    },
    values: (): readonly T[] => values,
  };
}

/** A layout in the order of its sheet's cards and its graph's boxes and lines, in tenths of a pixel; 0 for what has no place. */
export interface PackedLayout {
  readonly bounds: PackedRectangle;
  readonly namespaces: readonly (PackedRectangle | 0)[];
  readonly hubs: PackedRectangle | 0;
  readonly hostNetwork: PackedRectangle | 0;
  readonly added: PackedRectangle | 0;
  readonly cards: readonly (PackedRectangle | 0)[];
  /** x and y of each corner. */
  readonly routes: readonly (readonly number[] | 0)[];
}

type PackedRectangle = readonly [x: number, y: number, width: number, height: number];

const tenths = (pixels: number): number => Math.round(pixels * 10);

const packedRectangle = (place: Rectangle | undefined): PackedRectangle | 0 =>
  place === undefined ? 0 : [tenths(place.x), tenths(place.y), tenths(place.width), tenths(place.height)];

function rectangle(place: PackedRectangle | 0): Rectangle | undefined {
  if (place === 0) return undefined;
  const [x, y, width, height] = place;
  return { x: x / 10, y: y / 10, width: width / 10, height: height / 10 };
}

export function packedLayout({ sheet: { cards }, graph: { namespaces, lines }, layout }: LaidOut): PackedLayout {
  return {
    bounds: packedRectangle(layout.bounds) || [0, 0, 0, 0],
    namespaces: namespaces.map(({ name }) => packedRectangle(layout.namespaces.get(name))),
    hubs: packedRectangle(layout.hubs),
    hostNetwork: packedRectangle(layout.hostNetwork),
    added: packedRectangle(layout.added),
    cards: cards.map(({ id }) => packedRectangle(layout.cards.get(id))),
    routes: lines.map((line) => layout.routes.get(line)?.flatMap(({ x, y }) => [tenths(x), tenths(y)]) ?? 0),
  };
}

export function unpackedLayout(layout: PackedLayout, sheet: Sheet, graph: Graph): Layout {
  const boxes = {
    namespaces: new Map(placed(graph.namespaces, layout.namespaces.map(rectangle), ({ name }) => name)),
    hubs: rectangle(layout.hubs),
    hostNetwork: rectangle(layout.hostNetwork),
    added: rectangle(layout.added),
    cards: new Map(placed(sheet.cards, layout.cards.map(rectangle), ({ id }) => id)),
  };
  return {
    ...boxes,
    bounds: rectangle(layout.bounds) ?? { x: 0, y: 0, width: 0, height: 0 },
    surroundings: surroundingsOf(graph, boxes),
    routes: new Map(placed(graph.lines, layout.routes.map(points), (line) => line)),
    marks: marksOf(graph),
  };
}

const points = (corners: readonly number[] | 0): Point[] | undefined =>
  corners === 0
    ? undefined
    : Array.from({ length: corners.length / 2 }, (_, i) => ({
        x: (corners[2 * i] ?? 0) / 10,
        y: (corners[2 * i + 1] ?? 0) / 10,
      }));

/** Each of some things by its key, with its place, where it has one. */
const placed = <T, K, P>(things: readonly T[], places: readonly (P | undefined)[], key: (thing: T) => K): [K, P][] =>
  things.flatMap((thing, number): [K, P][] => {
    const place = places[number];
    return place === undefined ? [] : [[key(thing), place]];
  });
