/** The drawing: what clicks, the pointer, keys and the zoom's buttons do. */
import type { Camera } from "./camera.ts";
import { isArrow, neighbour } from "./keys.ts";
import { element, numberAt } from "./page.ts";
import type { Panel } from "./panel.ts";
import type { Reader } from "./reader.ts";

export function bindMap({ cards, state, change, select, rove }: Reader, view: Camera, side: Panel): void {
  const map = element("map", SVGSVGElement);

  map.addEventListener("click", (event) => select(numberAt(event, "peer")));
  map.addEventListener("pointerover", (event) => {
    const hovered = numberAt(event, "peer");
    if (state().selected === undefined && hovered !== state().hovered) change({ hovered });
  });
  map.addEventListener("pointerleave", () => state().hovered !== undefined && change({ hovered: undefined }));

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

  document.addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof HTMLInputElement && event.target.type === "search";
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping) return;
    const { selected } = state();
    if (event.key === "Escape" && selected !== undefined) {
      select(undefined);
      cards.get(selected)?.focus({ preventScroll: true });
    } else if (event.key === "+") view.zoom("in");
    else if (event.key === "-") view.zoom("out");
    else if (event.key === "0") view.showAll(side.free());
  });

  for (const button of document.querySelectorAll<HTMLElement>("[data-zoom]")) {
    button.addEventListener("click", () => {
      const { zoom } = button.dataset;
      if (zoom === "in" || zoom === "out") view.zoom(zoom);
      else view.showAll(side.free());
    });
  }
}
