/** A layout for a comparison: whatever the picture has without it stands where it stands without it. */
import type { Line } from "./graph.ts";
import { marksOf } from "./marks.ts";
import { boxPadding, cardHeight, cardTop, cardWidth, closedHeight, closedWidth, type Rectangle } from "./measures.ts";
import { found, type LaidOut, type Layout, straight, surroundingsOf } from "./places.ts";
import type { Card } from "./sheets.ts";

const gap = 22;

/**
 * @param plain the sheet without the comparison
 * @returns the layout of the sheet with it: cards and lines of `plain` where they are, other cards in a box below, and
 *   other lines straight over what stands in their way
 */
export function extended(plain: LaidOut, { sheet, graph }: Omit<LaidOut, "layout">): Layout {
  const { layout } = plain;
  const known = new Map(sheet.cards.flatMap(({ id }) => found(id, layout.cards.get(id))));
  const { cards: below, around: added } = boxBelow(
    sheet.cards.filter(({ id }) => !known.has(id)),
    layout.bounds,
  );
  const cards = new Map([...known, ...below]);
  const key = (from: string, to: string) => JSON.stringify([from, to]);
  const routes = new Map(plain.graph.lines.map((line) => [key(line.from, line.to), layout.routes.get(line)]));
  const routeOf = ({ kind, from, to }: Line) => {
    const [start, end] = [cards.get(from), cards.get(to)];
    if (kind === "self" || start === undefined || end === undefined) return undefined;
    return routes.get(key(from, to)) ?? straight(start, end);
  };
  const { namespaces, hubs, hostNetwork } = layout;
  return {
    bounds: added === undefined ? layout.bounds : around(layout.bounds, added),
    ...{ namespaces, hubs, hostNetwork, added, cards },
    surroundings: surroundingsOf(graph, { namespaces, hubs, hostNetwork, added, cards }),
    routes: new Map(
      graph.lines.flatMap((line) => {
        const route = routeOf(line);
        return route === undefined ? [] : [[line, route] as const];
      }),
    ),
    marks: marksOf(graph),
  };
}

/** Cards in rows, in a box below everything else. */
function boxBelow(
  cards: readonly Card[],
  { x, y, width, height }: Rectangle,
): { readonly cards: ReadonlyMap<string, Rectangle>; readonly around: Rectangle | undefined } {
  if (cards.length === 0) return { cards: new Map(), around: undefined };
  const top = y + height + gap;
  const rowHeight = Math.max(...cards.map(heightOf)) + boxPadding;
  const places = new Map<string, Rectangle>();
  let [left, row, right] = [x + boxPadding, 0, x];
  for (const card of cards) {
    const size = { width: widthOf(card), height: heightOf(card) };
    if (left > x + boxPadding && left + size.width + boxPadding > x + width) {
      left = x + boxPadding;
      row++;
    }
    places.set(card.id, { x: left, y: top + cardTop(0) + row * rowHeight, ...size });
    left += size.width + boxPadding;
    right = Math.max(right, left);
  }
  return {
    cards: places,
    around: { x, y: top, width: Math.max(right - x, narrowest), height: cardTop(0) + (row + 1) * rowHeight },
  };
}

/** Room for the heading. */
const narrowest = 170;
/** Room for the marks of a card. */
const marks = 3;

const heightOf = ({ kind }: Card): number => (kind === "namespace" ? closedHeight : cardHeight);
const widthOf = (card: Card): number => (card.kind === "namespace" ? closedWidth(card) : cardWidth(card, marks));

function around(a: Rectangle, b: Rectangle): Rectangle {
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  return {
    x,
    y,
    width: Math.max(a.x + a.width, b.x + b.width) - x,
    height: Math.max(a.y + a.height, b.y + b.height) - y,
  };
}
