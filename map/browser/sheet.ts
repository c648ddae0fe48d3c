/** The sheet that is shown: what is drawn of it, and how it is drawn when it is opened. */
import { type PackedLayout, type PageData, unpackedLayout } from "../data.ts";
import { scene, viewBox } from "../draw.ts";
import { type Graph, graphOf, type Line } from "../graph.ts";
import { flowList } from "../list.ts";
import type { Picture } from "../picture.ts";
import { namespacesToOpen, type Sheet, sheetOf } from "../sheets.ts";
import { element, numbered } from "./page.ts";

export interface ShownSheet {
  readonly sheet: Sheet;
  readonly graph: Graph;
  /** What stands on its cards, by id. */
  readonly cards: ReadonlyMap<string, SVGGElement>;
  readonly lines: ReadonlyMap<number, readonly SVGElement[]>;
  readonly rows: ReadonlyMap<number, readonly HTMLTableRowElement[]>;
  /** Of cards that stand for several peers: the ids of these. */
  readonly members: ReadonlyMap<string, readonly string[]>;
  /** The number of the line that shows another one, between peers. */
  readonly lineOf: (line: Line) => number | undefined;
}

export interface Sheets {
  /** Whether there are several. */
  readonly areSeveral: boolean;
  /** The namespace whose sheet shows a peer, where there are several. */
  namespaceOf(id: string): string | undefined;
  isNamespace(name: string): boolean;
  /** Puts the sheet onto the page that opens a namespace, or the first one. */
  show(open: string | undefined): ShownSheet;
}

/** A sheet that was shown once, with what it put onto the page. */
interface Kept {
  readonly shown: ShownSheet;
  readonly viewBox: string;
  readonly drawn: readonly Node[];
  readonly list: readonly Node[];
}

export function sheetsOn(picture: Picture, layouts: PageData["layouts"]): Sheets {
  const map = element("map", SVGSVGElement);
  const camera = element("camera", SVGGElement);
  const list = element("flows", HTMLElement);
  const names = namespacesToOpen(picture);
  const namespaces = new Map(
    names.length === 0
      ? []
      : picture.peers.flatMap((peer) => ("namespace" in peer ? [[peer.id, peer.namespace] as const] : [])),
  );
  const kept = new Map<string | undefined, Kept>();

  const draw = (sheet: Sheet, graph: Graph, packed: PackedLayout): void => {
    const layout = unpackedLayout(packed, sheet, graph);
    map.setAttribute("viewBox", viewBox(layout));
    camera.innerHTML = scene(graph, layout, sheet.cards).markup;
    list.innerHTML = flowList(graph, sheet, picture.peers).markup;
  };

  const show = (open: string | undefined): ShownSheet => {
    const known = kept.get(open);
    if (known !== undefined) {
      map.setAttribute("viewBox", known.viewBox);
      camera.replaceChildren(...known.drawn);
      list.replaceChildren(...known.list);
      return known.shown;
    }
    const sheet = sheetOf(picture, open);
    const graph = graphOf(sheet);
    const layout = open === undefined ? undefined : layouts[names.indexOf(open)];
    if (layout !== undefined) draw(sheet, graph, layout);
    const shown = shownOf(sheet, graph, picture);
    kept.set(open, {
      shown,
      viewBox: map.getAttribute("viewBox") ?? "",
      drawn: [...camera.childNodes],
      list: [...list.childNodes],
    });
    return shown;
  };
  return {
    areSeveral: names.length > 0,
    namespaceOf: (id) => namespaces.get(id),
    isNamespace: (name) => names.includes(name),
    show,
  };
}

function shownOf(sheet: Sheet, graph: Graph, { peers }: Picture): ShownSheet {
  const drawn = [...document.querySelectorAll<SVGGElement>("#camera [data-peer]")];
  const folded = peers.flatMap(({ id }) => (sheet.cardOf(id) === id ? [] : [id]));
  const key = (from: string, to: string) => JSON.stringify([from, to]);
  const numbers = new Map(graph.lines.map(({ from, to }, number) => [key(from, to), number]));
  return {
    sheet,
    graph,
    cards: new Map(drawn.map((card) => [card.dataset.peer ?? "", card])),
    lines: numbered("line", SVGElement),
    rows: numbered("row", HTMLTableRowElement),
    members: Map.groupBy(folded, sheet.cardOf),
    lineOf: ({ from, to }) => numbers.get(key(sheet.cardOf(from), sheet.cardOf(to))),
  };
}
