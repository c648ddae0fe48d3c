/** Places nodes in given columns and leads lines between them at right angles, by the Eclipse Layout Kernel's layers. */
import Elk, { type ElkNode } from "elkjs/lib/elk.bundled.js";
import type { Point, Rectangle, Size } from "./measures.ts";

export interface Node extends Size {
  readonly id: string;
  /** From the left. */
  readonly column: number;
  /** How far below the node's top the lines of its peers arrive and leave. */
  readonly peers: ReadonlyMap<string, number>;
}

/** Peers of two nodes. */
export interface Link {
  readonly from: string;
  readonly to: string;
}

export interface Routed<C extends Link> extends Size {
  readonly nodes: ReadonlyMap<string, Rectangle>;
  /** Corner points from one node's right edge to another's left edge. */
  readonly routes: ReadonlyMap<C, readonly Point[]>;
}

const elk = new Elk.default();

export async function place<C extends Link>(
  nodes: readonly Node[],
  links: readonly C[],
  way: "around" | "straight",
): Promise<Routed<C>> {
  const graph: ElkNode = {
    id: "map",
    layoutOptions: { ...layoutOptions, ...(way === "straight" && straightOptions) },
    children: nodes.map((node) => elkNode(node, links)),
    // Lines to one peer share a port, so that they join on their way; where they leave, each has a port of its own.
    edges: links.map(({ to }, i) => ({ id: String(i), sources: [`from ${i}`], targets: [`to ${to}`] })),
  };
  const placed = await elk.layout(graph);
  const routes = new Map<C, Point[]>();
  for (const { id, sections } of placed.edges ?? []) {
    const link = links[Number(id)];
    const section = sections?.[0];
    if (link === undefined || section === undefined) continue;
    routes.set(link, [section.startPoint, ...(section.bendPoints ?? []), section.endPoint]);
  }
  return {
    width: placed.width ?? 0,
    height: placed.height ?? 0,
    nodes: new Map(
      (placed.children ?? []).map(({ id, x = 0, y = 0, width = 0, height = 0 }) => [id, { x, y, width, height }]),
    ),
    routes,
  };
}

function elkNode({ id, column, width, height, peers }: Node, links: readonly Link[]): ElkNode {
  const port = (name: string, side: "WEST" | "EAST", y: number) => ({
    id: name,
    x: side === "WEST" ? 0 : width,
    y,
    width: 0,
    height: 0,
    layoutOptions: { "elk.port.side": side },
  });
  const arrivals = [...peers]
    .filter(([peer]) => links.some(({ to }) => to === peer))
    .map(([peer, y]) => port(`to ${peer}`, "WEST", y));
  const departures = links.flatMap(({ from }, i) => {
    const y = peers.get(from);
    return y === undefined ? [] : [port(`from ${i}`, "EAST", y)];
  });
  return {
    id,
    width,
    height,
    ports: [...arrivals, ...departures],
    layoutOptions: {
      "elk.portConstraints": "FIXED_POS",
      "elk.partitioning.partition": String(column),
      "elk.alignment": "LEFT",
    },
  };
}

/** https://eclipse.dev/elk/reference/algorithms/org-eclipse-elk-layered.html */
const layoutOptions = {
  "elk.algorithm": "layered",
  "elk.direction": "RIGHT",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.partitioning.activate": "true",
  "elk.separateConnectedComponents": "false",
  // Columns without gaps: straight lines would cost a third more height.
  "elk.layered.nodePlacement.strategy": "SIMPLE",
  "elk.layered.thoroughness": "20",
  "elk.randomSeed": "1",
  "elk.spacing.nodeNode": "18",
  "elk.spacing.edgeNode": "9",
  "elk.spacing.edgeEdge": "6",
  "elk.layered.spacing.nodeNodeBetweenLayers": "22",
  "elk.layered.spacing.edgeNodeBetweenLayers": "10",
  "elk.layered.spacing.edgeEdgeBetweenLayers": "6",
  "elk.padding": "[top=0,left=0,bottom=0,right=0]",
};

/** Nothing is kept free for lines that run over what stands in their way. */
const straightOptions = {
  "elk.edgeRouting": "POLYLINE",
  "elk.spacing.edgeNode": "3",
  "elk.spacing.edgeEdge": "0",
  "elk.layered.spacing.nodeNodeBetweenLayers": "48",
  "elk.layered.spacing.edgeNodeBetweenLayers": "0",
  "elk.layered.spacing.edgeEdgeBetweenLayers": "0",
};
