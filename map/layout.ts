/** Where everything stands: boxes in columns, cards in boxes, and the way of every line. */
import { type Box, besideCards, boxOf, trackRoute } from "./boxes.ts";
import { type Arc, columnsOf, left, right } from "./columns.ts";
import { type Graph, isCurved, type Line } from "./graph.ts";
import { marksOf, slots } from "./marks.ts";
import {
  boxPadding,
  cardHeight,
  cardTop,
  cardWidth,
  closedHeight,
  closedWidth,
  middle,
  type Point,
  type Rectangle,
} from "./measures.ts";
import { found, type Layout, straight, surroundingsOf } from "./places.ts";
import { type Node, place, type Routed } from "./routing.ts";
import type { Card } from "./sheets.ts";
import { sideOf, sideWidth } from "./side.ts";

/** Lays a graph out; the same graph always the same way. */
export async function layoutOf(graph: Graph): Promise<Layout> {
  const marks = marksOf(graph);
  const boxes = graph.namespaces.map((namespace) => boxOf(namespace, graph.lines, (id) => slots(marks.get(id) ?? [])));
  const nodes = nodesOf(graph, boxes);
  const lines = graph.lines.filter(({ kind }) => kind === "across" || kind === "outside");
  const columns = new Map(nodes.flatMap(({ peers, column }) => [...peers.keys()].map((id) => [id, column] as const)));
  const placement = lines.some(isCurved)
    ? await place(
        nodes,
        lines.filter(({ from, to }) => columns.get(from) !== columns.get(to)),
        "straight",
      )
    : await place(nodes, lines, "around");
  const side = sideOf(graph, placement);
  const namespaces = new Map(boxes.flatMap(({ name }) => found(name, placement.nodes.get(boxId(name)))));
  const cards = new Map([
    ...[...graph.gateways, ...graph.closed, ...graph.outside].flatMap(({ id }) => found(id, placement.nodes.get(id))),
    ...side.cards,
    ...boxes.flatMap((box) => cardsOf(box, namespaces.get(box.name))),
  ]);
  return {
    bounds: boundsOf([...placement.nodes.values(), ...side.boxes], placement),
    namespaces,
    hubs: side.hubs,
    hostNetwork: side.hostNetwork,
    added: undefined,
    cards,
    surroundings: surroundingsOf(graph, {
      namespaces,
      hubs: side.hubs,
      hostNetwork: side.hostNetwork,
      added: undefined,
      cards,
    }),
    routes: routesOf(graph, boxes, placement, cards),
    marks,
  };
}

const boxId = (namespace: string): string => `namespace ${namespace}`;

function nodesOf(graph: Graph, boxes: readonly Box[]): Node[] {
  const blocks = [
    ...boxes.map((box) => ({
      id: boxId(box.name),
      height: box.height,
      width: box.cardWidth + besideCards(box),
      peers: new Map(box.workloads.map(({ id }, row) => [id, cardTop(row) + cardHeight / 2])),
    })),
    ...graph.closed.map((card) => ({
      id: card.id,
      height: closedHeight,
      width: closedWidth(card),
      peers: new Map([[card.id, closedHeight / 2]]),
    })),
  ];
  const columns = columnsOf(blocks, arcsOf(graph));
  const columnOf = (id: string): number => columns.get(id) ?? 0;
  const last = Math.max(0, ...columns.values());
  // What stands under each other is equally wide.
  const widths = Array.from({ length: last + 1 }, (_, column) =>
    Math.max(0, ...blocks.filter(({ id }) => columnOf(id) === column).map(({ width }) => width)),
  );
  const single = ({ id }: Card, column: number, width: number): Node => ({
    id,
    column,
    width,
    height: cardHeight,
    peers: new Map([[id, cardHeight / 2]]),
  });
  const outsideWidth = Math.max(0, ...graph.outside.map((peer) => cardWidth(peer, 0)));
  return [
    ...graph.gateways.map((peer) => single(peer, 0, sideWidth(graph))),
    ...blocks.map((block) => ({
      ...block,
      column: columnOf(block.id) + 1,
      width: widths[columnOf(block.id)] ?? 0,
    })),
    ...graph.outside.map((peer) => single(peer, last + 2, outsideWidth)),
  ];
}

/** Which boxes are joined by lines, each pair as often as there are destinations. */
function arcsOf({ namespaces, closed, gateways, outside, lines }: Graph): Arc[] {
  const places = new Map([
    ...gateways.map(({ id }) => [id, left] as const),
    ...outside.map(({ id }) => [id, right] as const),
    ...closed.map(({ id }) => [id, id] as const),
    ...namespaces.flatMap(({ name, workloads }) => workloads.map(({ id }) => [id, boxId(name)] as const)),
  ]);
  const arcs = new Map<string, Arc>();
  for (const { kind, from, to } of lines) {
    const [start, end] = [places.get(from), places.get(to)];
    if ((kind !== "across" && kind !== "outside") || start === undefined || end === undefined) continue;
    arcs.set(JSON.stringify([start, to]), { from: start, to: end });
  }
  return [...arcs.values()];
}

function cardsOf(box: Box, around: Rectangle | undefined): [string, Rectangle][] {
  if (around === undefined) return [];
  const x = around.x + boxPadding;
  const width = around.width - besideCards(box);
  return box.workloads.map(({ id }, row) => [id, { x, y: around.y + cardTop(row), width, height: cardHeight }]);
}

function routesOf(
  graph: Graph,
  boxes: readonly Box[],
  placement: Routed<Line>,
  cards: ReadonlyMap<string, Rectangle>,
): Map<Line, Point[]> {
  const routes = new Map<Line, Point[]>();
  const route = (line: Line, way: (from: Rectangle, to: Rectangle) => Point[]): void => {
    const [from, to] = [cards.get(line.from), cards.get(line.to)];
    if (from !== undefined && to !== undefined) routes.set(line, way(from, to));
  };
  for (const [line, points] of placement.routes) {
    if (isCurved(line)) continue;
    route(line, (from, to) => [middle(from, "right"), ...points, middle(to, "left")]);
  }
  for (const track of boxes.flatMap(({ tracks }) => tracks)) {
    for (const line of track.lines) {
      route(line, (from, to) => trackRoute(track, middle(from, "right"), middle(to, "right")));
    }
  }
  for (const line of graph.lines.filter(isCurved)) {
    route(line, straight);
  }
  return routes;
}

function boundsOf(rectangles: readonly Rectangle[], { width, height }: Routed<Line>): Rectangle {
  const x = Math.min(0, ...rectangles.map((r) => r.x));
  const y = Math.min(0, ...rectangles.map((r) => r.y));
  const bottom = Math.max(height, ...rectangles.map((r) => r.y + r.height));
  return { x, y, width: width - x, height: bottom - y };
}
