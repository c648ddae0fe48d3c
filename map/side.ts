/** The left side: the Gateway where its lines need it, above it the hubs, and below it the pods on the host's network. */
import type { Graph } from "./graph.ts";
import { boxHeight, boxPadding, cardHeight, cardTop, cardWidth, type Rectangle } from "./measures.ts";
import type { Routed } from "./routing.ts";
import type { Card } from "./sheets.ts";

export interface LeftSide {
  readonly hubs: Rectangle | undefined;
  readonly hostNetwork: Rectangle | undefined;
  readonly boxes: readonly Rectangle[];
  readonly cards: ReadonlyMap<string, Rectangle>;
}

const gap = 22;
/** Between the side and the first column where no Gateway stands between them. */
const distance = 48;
/** Room for the number at the end of a card, in marks. */
const countMarks = 4;

/** The width of everything on the left side. */
export const sideWidth = ({ gateways, hubs, hostNetwork }: Graph): number =>
  Math.max(
    0,
    ...gateways.map((peer) => cardWidth(peer, countMarks)),
    ...[...hubs, ...hostNetwork].map((peer) => cardWidth(peer, countMarks) + 2 * boxPadding),
  );

export function sideOf(graph: Graph, { nodes, height }: Pick<Routed<never>, "nodes" | "height">): LeftSide {
  const gateways = graph.gateways.flatMap(({ id }) => nodes.get(id) ?? []);
  const width = sideWidth(graph);
  const x = gateways.length > 0 ? Math.min(...gateways.map((r) => r.x)) : -width - distance;
  const top = Math.min(height / 2, ...gateways.map((r) => r.y));
  const bottom = Math.max(height / 2, ...gateways.map((r) => r.y + r.height));
  const hubs = boxAround(graph.hubs, (boxed) => ({ x, y: top - gap - boxed, width, height: boxed }));
  const hostNetwork = boxAround(graph.hostNetwork, (boxed) => ({ x, y: bottom + gap, width, height: boxed }));
  return {
    hubs,
    hostNetwork,
    boxes: [hubs, hostNetwork].filter((box) => box !== undefined),
    cards: new Map([...cardsIn(hubs, graph.hubs), ...cardsIn(hostNetwork, graph.hostNetwork)]),
  };
}

const boxAround = (peers: readonly Card[], box: (height: number) => Rectangle): Rectangle | undefined =>
  peers.length === 0 ? undefined : box(boxHeight(peers.length));

const cardsIn = (box: Rectangle | undefined, peers: readonly Card[]): [string, Rectangle][] =>
  box === undefined
    ? []
    : peers.map(({ id }, row) => [
        id,
        {
          x: box.x + boxPadding,
          y: box.y + cardTop(row),
          width: box.width - 2 * boxPadding,
          height: cardHeight,
        },
      ]);
