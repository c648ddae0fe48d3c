/** The page's script: what the reader does → the state → what the page shows. */
import { type PageData, unpacked } from "../data.ts";
import { graphOf } from "../graph.ts";
import { namespaceId, wholeSheet } from "../sheets.ts";
import { camera } from "./camera.ts";
import { bindControls } from "./controls.ts";
import { bindMap } from "./map.ts";
import { element, textAt } from "./page.ts";
import { litCards, paint } from "./paint.ts";
import { panel } from "./panel.ts";
import { waysOf } from "./reach.ts";
import type { Reader } from "./reader.ts";
import { bindSearch } from "./search.ts";
import { type ShownSheet, sheetsOn } from "./sheet.ts";
import { finder, initialState, type State } from "./state.ts";

export function start(): void {
  const data: PageData = JSON.parse(element("data", HTMLScriptElement).text);
  const picture = unpacked(data.picture);
  const peers = new Map(picture.peers.map((peer) => [peer.id, peer]));
  const ways = waysOf(picture.peers, graphOf(wholeSheet(picture)).lines);
  const sheets = sheetsOn(picture, data.layouts);
  const find = finder(picture.peers);
  let state: State = initialState;
  let shown: ShownSheet = sheets.show(undefined);
  const view = camera();
  const side = panel(picture, ways, (trace) => {
    change({ trace });
    frame();
  });

  function change(changes: Partial<State>): void {
    state = { ...state, ...changes };
    paint(shown, state, ways, state.query.trim() === "" ? undefined : new Set(found()));
    side.open(state, shown);
  }

  const found = (): readonly string[] => find(state.query);

  /** Shows what stands out; without a selection, all. */
  function frame(): void {
    if (state.selected === undefined) view.showAll(side.free());
    else view.show(litCards(shown), side.free());
  }

  /** The address names what is selected or open, so that it can be handed on, and Back goes back. */
  function go(id: string | undefined): void {
    location.hash = id === undefined ? "" : encodeURIComponent(id);
    follow(id);
  }

  function select(id: string | undefined): void {
    if (id === state.selected && id !== undefined) return;
    const { open } = shown.sheet;
    go(id ?? (open === undefined ? undefined : namespaceId(open)));
  }

  function leave(): void {
    if (state.selected !== undefined) select(undefined);
    else if (shown.sheet.open !== undefined) go(undefined);
  }

  /** Shows what an address names: a peer, a namespace, or nothing. */
  function follow(id: string | undefined): void {
    const namespace = id?.endsWith("/") ? id.slice(0, -1) : undefined;
    if (namespace !== undefined && sheets.isNamespace(namespace)) show(namespace, undefined);
    else if (id === undefined) show(undefined, undefined);
    else if (peers.has(id) || shown.cards.has(id)) {
      const isHere = shown.cards.has(id);
      show(sheets.namespaceOf(id) ?? (isHere ? shown.sheet.open : undefined), id);
    } else show(undefined, undefined);
  }

  function show(open: string | undefined, selected: string | undefined): void {
    if (open === shown.sheet.open && selected === state.selected) return;
    if (open !== shown.sheet.open) turn(open);
    change({ selected, trace: "direct", hovered: undefined, hoveredLine: undefined });
    if (selected !== undefined) rove(shown.sheet.cardOf(selected));
    const card = selected === undefined ? undefined : shown.cards.get(shown.sheet.cardOf(selected));
    say(
      card === undefined ? (open === undefined ? "" : `Opened ${open}`) : `Selected ${card.getAttribute("aria-label")}`,
    );
    frame();
  }

  /** Turns to another sheet. */
  function turn(open: string | undefined): void {
    shown = sheets.show(open);
    const way = element("way-back", HTMLElement);
    way.hidden = open === undefined;
    element("opened", HTMLElement).textContent = open ?? "";
    rove([...shown.cards.keys()][0]);
  }

  const followAddress = (): void => follow(decodeURIComponent(location.hash.slice(1)) || undefined);

  function rove(id: string | undefined): void {
    for (const [other, card] of shown.cards) card.setAttribute("tabindex", other === id ? "0" : "-1");
  }

  function say(text: string): void {
    element("status", HTMLElement).textContent = text;
  }

  const reader: Reader = { state: () => state, shown: () => shown, change, select, found, leave, rove, say };
  bindMap(reader, view, side);
  bindSearch(reader);
  bindControls(reader);
  element("close", HTMLButtonElement).addEventListener("click", () => select(undefined));
  element("all-namespaces", HTMLButtonElement).addEventListener("click", () => go(undefined));
  document.addEventListener("click", (event) => {
    const id = textAt(event, "goto");
    if (id !== undefined) select(id);
  });
  addEventListener("hashchange", followAddress);

  rove([...shown.cards.keys()][0]);
  change({});
  followAddress();
}
