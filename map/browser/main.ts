/** The page's script: what the reader does → the state → what the page shows. */
import type { PageData } from "../data.ts";
import { camera } from "./camera.ts";
import { isArrow, neighbour } from "./keys.ts";
import { choose, element, numberAt, numbered, prefersDark } from "./page.ts";
import { painter } from "./paint.ts";
import { panel } from "./panel.ts";
import { found, initialState, type State, scopes } from "./state.ts";

export function start(data: PageData): void {
  let state: State = initialState;
  const map = element("map", SVGSVGElement);
  const search = element("search", HTMLInputElement);
  const status = element("status", HTMLElement);
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
    status.textContent = card === undefined ? "" : `Selected ${card.getAttribute("aria-label")}`;
    frame();
  }

  function followAddress(): void {
    const id = decodeURIComponent(location.hash.slice(1));
    const number = data.peers.findIndex((peer) => peer.id === id);
    show(number === -1 ? undefined : number);
  }

  /** One card can be reached with Tab; the arrow keys lead on from it. */
  function rove(number: number): void {
    for (const [other, card] of cards) card.setAttribute("tabindex", other === number ? "0" : "-1");
  }

  function look(): void {
    const matches = found(state, data);
    status.textContent = state.query.trim() === "" ? "" : `${matches.length} found`;
    search.classList.toggle("nothing", state.query.trim() !== "" && matches.length === 0);
  }

  map.addEventListener("click", (event) => select(numberAt(event, "peer")));
  map.addEventListener("pointerover", (event) => {
    const hovered = numberAt(event, "peer");
    if (state.selected === undefined && hovered !== state.hovered) change({ hovered });
  });
  map.addEventListener("pointerleave", () => state.hovered !== undefined && change({ hovered: undefined }));
  map.addEventListener("keydown", (event) => {
    const number = numberAt(event, "peer");
    const card = number === undefined ? undefined : cards.get(number);
    if (card === undefined) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      select(number);
    } else if (isArrow(event.key)) {
      event.preventDefault();
      const next = neighbour(card, event.key, [...cards.values()]);
      if (next === undefined) return;
      rove(Number(next.getAttribute("data-peer")));
      next.focus({ preventScroll: true });
      view.reveal(next, side.free());
    }
  });

  search.addEventListener("input", () => {
    change({ query: search.value });
    look();
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      // Again and again: from each match to the next one.
      const matches = found(state, data);
      const next = matches[(matches.indexOf(state.selected ?? -1) + 1) % matches.length];
      if (next !== undefined) select(next);
    } else if (event.key === "Escape" && search.value !== "") {
      event.stopPropagation();
      search.value = "";
      change({ query: "" });
      look();
    }
  });

  document.addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof HTMLInputElement && event.target.type === "search";
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping) return;
    if (event.key === "/") {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "Escape" && state.selected !== undefined) {
      const card = cards.get(state.selected);
      select(undefined);
      card?.focus({ preventScroll: true });
    } else if (event.key === "+" || event.key === "-") view.zoom(event.key === "+" ? "in" : "out");
    else if (event.key === "0") view.showAll(side.free());
  });
  document.addEventListener("click", (event) => {
    const number = numberAt(event, "goto");
    if (number !== undefined) select(number);
  });

  element("close", HTMLButtonElement).addEventListener("click", () => select(undefined));
  choose(element("scope", HTMLFieldSetElement), (value) => {
    change({ scope: scopes.find((scope) => scope === value) ?? "all" });
  });
  choose(element("view", HTMLFieldSetElement), (value) => {
    document.body.classList.toggle("as-list", value === "list");
    element("list", HTMLElement).hidden = value !== "list";
  });
  const port = element("port", HTMLSelectElement);
  port.addEventListener("change", () => change({ port: port.value }));
  const hubs = element("hubs", HTMLInputElement);
  hubs.addEventListener("change", () => change({ hubLines: hubs.checked }));
  const changes = document.querySelector<HTMLInputElement>("#changes");
  changes?.addEventListener("change", () => change({ changesOnly: changes.checked }));
  element("theme", HTMLButtonElement).addEventListener("click", () => {
    const { dataset } = document.documentElement;
    const isDark = dataset.theme === undefined ? prefersDark() : dataset.theme === "dark";
    dataset.theme = isDark ? "light" : "dark";
  });
  for (const button of document.querySelectorAll<HTMLElement>("[data-zoom]")) {
    button.addEventListener("click", () => {
      const { zoom } = button.dataset;
      if (zoom === "in" || zoom === "out") view.zoom(zoom);
      else view.showAll(side.free());
    });
  }
  addEventListener("hashchange", followAddress);

  const [first] = data.peers.flatMap(({ kind }, number) => (kind === "workload" ? [number] : []));
  if (first !== undefined) rove(first);
  change({});
  followAddress();
}
