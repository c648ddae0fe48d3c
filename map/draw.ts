/** The map as SVG. Cards carry their ids and lines their numbers; how they look is the style sheet's matter. */
import type { Graph, Line } from "./graph.ts";
import { linePorts, lineText } from "./graph.ts";
import { html, type Markup } from "./html.ts";
import { type Mark, markSlots, slots } from "./marks.ts";
import {
  boldness,
  cardHeight,
  cardPadding,
  closedText,
  fontSize,
  markWidth,
  podsText,
  podsWidth,
  type Rectangle,
} from "./measures.ts";
import { arrowhead, curve, rounded } from "./paths.ts";
import type { Peer } from "./picture.ts";
import type { Layout } from "./places.ts";
import type { Card, NamespaceCard } from "./sheets.ts";
import { fitted, textWidth } from "./text.ts";

/** Around the picture: room for what is drawn at its edges. */
const margin = 22;
/** Baselines of a card's text and of a heading, from the top. */
const cardBaseline = cardHeight / 2 + 4.5;
const headingBaseline = 19;
/** Of a closed namespace. */
const nameBaseline = 18;
const contentBaseline = 34;
/** Ports are cut where they would cover too much of the picture. */
const roomForPorts = 84;

/** The whole drawing, for a page that shows it from the start. */
export const drawing = (graph: Graph, layout: Layout, cards: readonly Card[], title: string): Markup =>
  html`<svg id="map" viewBox="${viewBox(layout)}" role="listbox" aria-label="${title}">
<g id="camera" role="presentation">
${scene(graph, layout, cards)}
</g>
</svg>`;

/** The part of the drawing's plane that is to be seen. */
export const viewBox = ({ bounds: { x, y, width, height } }: Layout): string =>
  [x - margin, y - margin, width + 2 * margin, height + 2 * margin].join(" ");

/** What is drawn. */
export function scene(graph: Graph, layout: Layout, cards: readonly Card[]): Markup {
  const drawn = { graph, layout, cards: new Map(cards.map((card) => [card.id, card])) };
  // What differs is drawn last, over the other lines.
  const inOrder = [...graph.lines.entries()].sort(
    ([, a], [, b]) => Number(a.change !== "same") - Number(b.change !== "same"),
  );
  const leaving = Map.groupBy(graph.lines, ({ from }) => from);
  const arriving = Map.groupBy(graph.lines, ({ to }) => to);
  const pairs = new Set(graph.lines.map(({ from, to }) => JSON.stringify([from, to])));
  const isMutual = ({ from, to }: Line): boolean => pairs.has(JSON.stringify([to, from]));
  return html`<g aria-hidden="true">${boxes(graph, layout)}</g>
<g aria-hidden="true">${inOrder.map(([number, line]) => way(line, number, drawn))}</g>
${cards.map((one) => card(one, layout, leaving.get(one.id) ?? [], arriving.get(one.id) ?? []))}<g aria-hidden="true">${graph.lines.map((line, number) => lineLabels(line, number, drawn, isMutual(line)))}</g>`;
}

interface Drawn {
  readonly graph: Graph;
  readonly layout: Layout;
  /** By id. */
  readonly cards: ReadonlyMap<string, Card>;
}

function boxes({ namespaces }: Graph, layout: Layout): (Markup | undefined)[] {
  return [
    box("hubs", "API server and nodes", "", layout.hubs),
    box("hubs", "On the host’s network", "", layout.hostNetwork),
    box("hubs", "Only in the comparison", "", layout.added),
    ...namespaces.map(({ name, workloads }) =>
      box("namespace", name, String(workloads.length), layout.namespaces.get(name)),
    ),
  ];
}

function box(kind: string, title: string, count: string, place: Rectangle | undefined): Markup | undefined {
  if (place === undefined) return undefined;
  const { x, y, width, height } = place;
  const baseline = y + headingBaseline;
  return html`<g class="box ${kind}"><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="7"/><text x="${x + 11}" y="${baseline}">${title}</text><text class="count" x="${x + width - 11}" y="${baseline}">${count}</text></g>
`;
}

function card(card: Card, layout: Layout, leaving: readonly Line[], arriving: readonly Line[]): Markup | undefined {
  const place = layout.cards.get(card.id);
  if (place === undefined) return undefined;
  const { x, y, width, height } = place;
  const inside =
    card.kind === "namespace" ? closedContent(card, width) : openContent(card, layout, width, leaving, arriving);
  return html`<g class="card ${card.kind} ${card.change}" data-peer="${card.id}" role="option" aria-selected="false" tabindex="-1" aria-label="${spoken(card, leaving, arriving)}" transform="translate(${x} ${y})"><title>${titleOf(card)}</title><rect class="plate" width="${width}" height="${height}" rx="4"/>${inside}</g>
`;
}

function openContent(
  card: Peer,
  layout: Layout,
  width: number,
  leaving: readonly Line[],
  arriving: readonly Line[],
): Markup {
  const hub = hubMark(card);
  const marks = hub === undefined ? (layout.marks.get(card.id) ?? []) : [hub];
  const touching = leaving.length + arriving.filter(({ from }) => from !== card.id).length;
  const ownChange = leaving.find(({ kind }) => kind === "self")?.change ?? "same";
  const end = width - cardPadding - slots(marks) * markWidth;
  const pods = podsText(card);
  const room = end - cardPadding - podsWidth(card);
  return html`<text x="${cardPadding}" y="${cardBaseline}">${fitted(card.label, fontSize, room)}</text>${
    pods !== "" &&
    html`<text class="count pods" x="${cardPadding + Math.min(room, textWidth(card.label, fontSize)) + podsWidth(card)}" y="${cardBaseline}">${pods}</text>`
  }${
    hub !== undefined && html`<text class="count" x="${end - 4}" y="${cardBaseline}">${touching}</text>`
  }${marks.map((mark) => markShape(mark, width, ownChange))}`;
}

/** A closed namespace: its name, what is in it, and how far it is in default deny. */
function closedContent(card: NamespaceCard, width: number): Markup {
  const room = width - 2 * cardPadding - markWidth;
  return html`<text x="${cardPadding}" y="${nameBaseline}">${fitted(card.label, fontSize * boldness, room)}</text><text class="content" x="${cardPadding}" y="${contentBaseline}">${closedText(card)}</text>${denyMark(denyOf(card), width - cardPadding - 5, nameBaseline - 4.5)}`;
}

/** A square that is as full as the namespace is in default deny. */
export function denyMark(share: "all" | "some" | "none", x: number, y: number): Markup {
  const full = { all: 9, some: 4.5, none: 0 }[share];
  return html`<path class="deny" d="M${x - 4.5} ${y - 4.5}h9v9h-9z"/>${full > 0 && html`<path class="mark" d="M${x - 4.5} ${y + 4.5 - full}h9v${full}h-9z"/>`}`;
}

const denyOf = ({ denying, governed }: NamespaceCard): "all" | "some" | "none" =>
  denying === 0 ? "none" : denying === governed ? "all" : "some";

function titleOf(card: Card): string {
  if (card.kind !== "namespace") {
    const pods = podsText(card) === "" ? "" : `${podsText(card).slice(1)} pods`;
    return [card.id, ...card.names, pods, card.note].filter(Boolean).join("\n");
  }
  return [card.label, closedText(card), denyText(card)].join("\n");
}

function denyText(card: NamespaceCard): string {
  switch (denyOf(card)) {
    case "all":
      return "all in default deny";
    case "some":
      return `${card.denying} of ${card.governed} in default deny in both directions`;
    case "none":
      return "none in default deny in both directions";
  }
}

/** The mark that stands for a peer on the cards of those that it talks to. */
function hubMark({ kind }: Card): Mark | undefined {
  switch (kind) {
    case "api-server":
      return "api-server";
    case "nodes":
    case "host-network":
      return "nodes";
    case "workload":
    case "namespace":
    case "gateway":
    case "outside":
      return undefined;
  }
}

/** `change` is that of the lines to the workload's own pods. */
function markShape(mark: Mark, width: number, change: Line["change"]): Markup {
  const x = width - cardPadding - markSlots[mark] * markWidth - markWidth / 2 + 2;
  const y = cardHeight / 2;
  switch (mark) {
    case "api-server":
      return html`<circle class="mark" cx="${x}" cy="${y}" r="3.2"/>`;
    case "nodes":
      return html`<path class="mark" d="M${x} ${y - 4.2}l4.2 4.2l-4.2 4.2l-4.2 -4.2z"/>`;
    case "self":
      return html`<path class="mark loop ${change}" d="M${x - 1} ${y - 3.4}a3.6 3.6 0 1 0 3.6 1.4m.4 -3v3.2h-3.2"/>`;
  }
}

function way(line: Line, number: number, { layout, cards }: Drawn): Markup | undefined {
  const points = layout.routes.get(line);
  if (points === undefined) return undefined;
  const path = points.length === 2 ? curve(points) : rounded(points);
  const label = (id: string) => cards.get(id)?.label ?? id;
  const purposes = new Set(line.flows.flatMap(({ purpose }) => purpose ?? []));
  const words = line.isSum
    ? [`${label(line.from)} → ${label(line.to)}: ${lineText(line)}`, linePorts(line)]
    : [`${label(line.from)} → ${label(line.to)}: ${linePorts(line)}`, ...purposes];
  return html`<g class="line ${line.kind} ${line.change}${line.isSum && html` sum ${weight(line)}`}" data-line="${number}"><title>${words.join("\n")}</title><path class="near" d="${path}"/><path class="way" d="${path}"/><path class="head" d="${arrowhead(points)}"/></g>
`;
}

/** How broad a line is that stands for many. */
const weight = ({ flows: { length } }: Line): string => (length < 5 ? "few" : length < 25 ? "some" : "many");

/**
 * What flows, written once for the reader who looks at the source, beside the destination, and once the other way round.
 * Inside a namespace the lines are too close for text, so it stands on the other side of the box.
 */
function lineLabels(line: Line, number: number, { layout, cards }: Drawn, isMutual: boolean): Markup | undefined {
  const [from, to] = [layout.cards.get(line.from), layout.cards.get(line.to)];
  if (from === undefined || to === undefined || line.kind === "self") return undefined;
  const [source, destination] = [layout.surroundings.get(line.from) ?? from, layout.surroundings.get(line.to) ?? to];
  const label = (
    end: "at-from" | "at-to",
    x: number,
    y: number,
    anchor: "start" | "end",
    text = lineText(line),
    room = roomForPorts,
  ) =>
    html`<text class="ports ${end}" data-line="${number}" x="${x}" y="${y}" text-anchor="${anchor}">${fitted(text, fontSize, room)}</text>`;
  const leftOf = (end: "at-from" | "at-to", around: Rectangle, card: Rectangle, dy: number) =>
    label(end, around.x - 6, card.y + card.height / 2 + dy, "end");
  const rightOf = (end: "at-from" | "at-to", around: Rectangle, card: Rectangle) =>
    label(end, around.x + around.width + 6, card.y + card.height / 2 - 4, "start");

  if (line.kind === "inside") {
    return html`${leftOf("at-from", source, from, isMutual ? 11 : 4)}${leftOf("at-to", destination, to, isMutual ? -2 : 4)}
`;
  }
  const [client, server] = [line.from, line.to].map((id) => hubAt(cards.get(id)));
  if (line.kind !== "hub" || (line.isSum && client === undefined && server === undefined)) {
    return html`${rightOf("at-from", source, from)}${leftOf("at-to", destination, to, -4)}
`;
  }
  // A hub says the port in its own card, for whoever looks at a workload.
  if (client !== undefined) return rightOf("at-from", source, from);
  if (server === undefined) return leftOf("at-to", destination, to, -4);
  const room = to.width - 3 * cardPadding - textWidth(server.label, fontSize);
  const text = line.isSum ? String(line.flows.length) : linePorts(line);
  return label("at-to", to.x + to.width - cardPadding, to.y + cardBaseline, "end", text, room);
}

const hubAt = (card: Card | undefined): Card | undefined =>
  card === undefined || hubMark(card) === undefined ? undefined : card;

function spoken(card: Card, leaving: readonly Line[], arriving: readonly Line[]): string {
  const others = (count: number) => `${count} ${count === 1 ? "peer" : "peers"}`;
  const flows = `connects to ${others(leaving.length)}, reached by ${others(arriving.length)}`;
  return card.kind === "namespace"
    ? `${card.label}: namespace of ${closedText(card)}, ${denyText(card)}, ${flows}`
    : `${card.id}: ${flows}`;
}
