/** The map as SVG. Peers and lines carry their numbers in the page's data; how they look is the style sheet's matter. */
import type { Graph, Line } from "./graph.ts";
import { linePorts } from "./graph.ts";
import { html, type Markup } from "./html.ts";
import type { Layout } from "./layout.ts";
import { type Mark, markSlots, slots } from "./marks.ts";
import { cardHeight, cardPadding, fontSize, markWidth, type Rectangle } from "./measures.ts";
import { arrowhead, curve, rounded } from "./paths.ts";
import type { Peer } from "./picture.ts";
import { fitted, textWidth } from "./text.ts";

/** Around the picture: room for what is drawn at its edges. */
const margin = 22;
/** Baselines of a card's text and of a heading, from the top. */
const cardBaseline = cardHeight / 2 + 4.5;
const headingBaseline = 19;
/** Ports are cut where they would cover too much of the picture. */
const roomForPorts = 84;

/** `peers` in the order of their numbers. */
export function drawing(graph: Graph, layout: Layout, peers: readonly Peer[], title: string): Markup {
  const { x, y, width, height } = layout.bounds;
  const viewBox = [x - margin, y - margin, width + 2 * margin, height + 2 * margin].join(" ");
  // What differs is drawn last, over the other lines.
  const inOrder = [...graph.lines.entries()].sort(
    ([, a], [, b]) => Number(a.change !== "same") - Number(b.change !== "same"),
  );
  return html`<svg id="map" viewBox="${viewBox}" role="listbox" aria-label="${title}">
<g id="camera" role="presentation">
<g aria-hidden="true">${boxes(graph, layout)}</g>
<g aria-hidden="true">${inOrder.map(([number, line]) => way(line, number, layout, peers))}</g>
${peers.map((peer, number) => card(peer, number, layout, graph.lines))}<g aria-hidden="true">${graph.lines.map((line, number) => portLabels(line, number, layout, graph))}</g>
</g>
</svg>`;
}

function boxes({ namespaces }: Graph, layout: Layout): (Markup | undefined)[] {
  return [
    box("hubs", "API server and nodes", "", layout.hubs),
    box("hubs", "On the host’s network", "", layout.hostNetwork),
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

function card(peer: Peer, number: number, layout: Layout, lines: readonly Line[]): Markup | undefined {
  const place = layout.cards.get(peer.id);
  if (place === undefined) return undefined;
  const { x, y, width, height } = place;
  const hub = hubMark(peer);
  const marks = hub === undefined ? (layout.marks.get(peer.id) ?? []) : [hub];
  const touching = lines.filter(({ from, to }) => from === peer.id || to === peer.id).length;
  const ownChange = lines.find(({ kind, from }) => kind === "self" && from === peer.id)?.change ?? "same";
  const end = width - cardPadding - slots(marks) * markWidth;
  return html`<g class="card ${peer.kind} ${peer.change}" data-peer="${number}" role="option" aria-selected="false" tabindex="-1" aria-label="${spoken(peer, lines)}" transform="translate(${x} ${y})"><title>${[peer.id, ...peer.names, peer.note].filter(Boolean).join("\n")}</title><rect class="plate" width="${width}" height="${height}" rx="4"/><text x="${cardPadding}" y="${cardBaseline}">${fitted(peer.label, fontSize, end - cardPadding)}</text>${
    hub !== undefined && html`<text class="count" x="${end - 4}" y="${cardBaseline}">${touching}</text>`
  }${marks.map((mark) => markShape(mark, width, ownChange))}</g>
`;
}

/** The mark that stands for a peer on the cards of those that it talks to. */
function hubMark({ kind }: Peer): Mark | undefined {
  switch (kind) {
    case "api-server":
      return "api-server";
    case "nodes":
    case "host-network":
      return "nodes";
    case "workload":
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

function way(line: Line, number: number, layout: Layout, peers: readonly Peer[]): Markup | undefined {
  const points = layout.routes.get(line);
  if (points === undefined) return undefined;
  const path = line.kind === "hub" ? curve(points) : rounded(points);
  const label = (id: string) => peers.find((peer) => peer.id === id)?.label ?? id;
  const purposes = new Set(line.flows.flatMap(({ purpose }) => purpose ?? []));
  const words = [`${label(line.from)} → ${label(line.to)}: ${linePorts(line)}`, ...purposes];
  return html`<g class="line ${line.kind} ${line.change}" data-line="${number}"><title>${words.join("\n")}</title><path class="near" d="${path}"/><path class="way" d="${path}"/><path class="head" d="${arrowhead(points)}"/></g>
`;
}

/**
 * The ports, written once for the reader who looks at the source, beside the destination, and once the other way round.
 * Inside a namespace the lines are too close for text, so it stands on the other side of the box.
 */
function portLabels(
  line: Line,
  number: number,
  layout: Layout,
  { lines, hubs, hostNetwork }: Graph,
): Markup | undefined {
  const [from, to] = [layout.cards.get(line.from), layout.cards.get(line.to)];
  if (from === undefined || to === undefined || line.kind === "self") return undefined;
  const [source, destination] = [layout.surroundings.get(line.from) ?? from, layout.surroundings.get(line.to) ?? to];
  const label = (end: "at-from" | "at-to", x: number, y: number, anchor: "start" | "end", room = roomForPorts) => {
    const ports = fitted(linePorts(line), fontSize, room);
    return html`<text class="ports ${end}" data-line="${number}" x="${x}" y="${y}" text-anchor="${anchor}">${ports}</text>`;
  };
  const leftOf = (end: "at-from" | "at-to", around: Rectangle, card: Rectangle, dy: number) =>
    label(end, around.x - 6, card.y + card.height / 2 + dy, "end");
  const rightOf = (end: "at-from" | "at-to", around: Rectangle, card: Rectangle) =>
    label(end, around.x + around.width + 6, card.y + card.height / 2 - 4, "start");

  if (line.kind === "inside") {
    const isMutual = lines.some((other) => other.from === line.to && other.to === line.from);
    return html`${leftOf("at-from", source, from, isMutual ? 11 : 4)}${leftOf("at-to", destination, to, isMutual ? -2 : 4)}
`;
  }
  if (line.kind !== "hub")
    return html`${rightOf("at-from", source, from)}${leftOf("at-to", destination, to, -4)}
`;
  // A hub says the port in its own card, for whoever looks at a workload.
  const hub = (id: string) => [...hubs, ...hostNetwork].find((one) => one.id === id);
  if (hub(line.from) !== undefined) return rightOf("at-from", source, from);
  const name = hub(line.to)?.label;
  return name !== undefined
    ? label(
        "at-to",
        to.x + to.width - cardPadding,
        to.y + cardBaseline,
        "end",
        to.width - 3 * cardPadding - textWidth(name, fontSize),
      )
    : leftOf("at-to", destination, to, -4);
}

function spoken(peer: Peer, lines: readonly Line[]): string {
  const others = (count: number) => `${count} ${count === 1 ? "peer" : "peers"}`;
  const out = lines.filter(({ from }) => from === peer.id).length;
  const into = lines.filter(({ to }) => to === peer.id).length;
  return `${peer.id}: connects to ${others(out)}, reached by ${others(into)}`;
}
