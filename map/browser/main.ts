/** The page's script: what the reader does → the state → what the page shows. */
import type { PageData } from "../data.ts";
import { camera } from "./camera.ts";
import { bindControls } from "./controls.ts";
import { bindMap } from "./map.ts";
import { element, numberAt, numbered } from "./page.ts";
import { painter } from "./paint.ts";
import { panel } from "./panel.ts";
import type { Reader } from "./reader.ts";
import { bindSearch } from "./search.ts";
import { initialState, type State } from "./state.ts";

export function start(data: PageData): void {
  let state: State = initialState;
  const cards = new Map(
    [...numbered("peer", SVGGElement)].flatMap(([number, [card]]) => (card ? [[number, card] as const] : [])),
  );
  const paint = painter(data);
  const view = camera();
  const side = panel(data, (trace) => {
    change({ trace });
    frame();
  });

  function change(changes: Partial<State>): void {
    state = { ...state, ...changes };
    paint.paint(state);
    side.open(state);
  }

  /** Shows what stands out; without a selection, all. */
  function frame(): void {
    if (state.selected === undefined) view.showAll(side.free());
    else view.show(paint.lit(), side.free());
  }

  /** The address names what is selected, so that it can be handed on, and Back goes back. */
  function select(number: number | undefined): void {
    if (number === state.selected) return;
    location.hash = number === undefined ? "" : encodeURIComponent(data.peers[number]?.id ?? "");
    show(number);
  }

  function show(number: number | undefined): void {
    if (number === state.selected) return;
    change({ selected: number, trace: "direct", hovered: undefined });
    if (number !== undefined) rove(number);
    const card = number === undefined ? undefined : cards.get(number);
    say(card === undefined ? "" : `Selected ${card.getAttribute("aria-label")}`);
    frame();
  }

  function followAddress(): void {
    const id = decodeURIComponent(location.hash.slice(1));
    const number = data.peers.findIndex((peer) => peer.id === id);
    show(number === -1 ? undefined : number);
  }

  function rove(number: number): void {
    for (const [other, card] of cards) card.setAttribute("tabindex", other === number ? "0" : "-1");
  }

  function say(text: string): void {
    element("status", HTMLElement).textContent = text;
  }

  const reader: Reader = { data, cards, state: () => state, change, select, rove, say };
  bindMap(reader, view, side);
  bindSearch(reader);
  bindControls(reader);
  element("close", HTMLButtonElement).addEventListener("click", () => select(undefined));
  document.addEventListener("click", (event) => {
    const number = numberAt(event, "goto");
    if (number !== undefined) select(number);
  });
  addEventListener("hashchange", followAddress);

  const first = data.peers.findIndex(({ kind }) => kind === "workload");
  if (first !== -1) rove(first);
  change({});
  followAddress();
}
