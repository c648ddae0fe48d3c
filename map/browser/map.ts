/** The drawing: what clicks, the pointer, keys and the zoom's buttons do. */
import { namespaceId } from "../sheets.ts";
import type { Camera } from "./camera.ts";
import { isArrow, neighbour } from "./keys.ts";
import { element, textAt } from "./page.ts";
import type { Panel } from "./panel.ts";
import type { Reader } from "./reader.ts";

export function bindMap({ shown, state, change, select, leave, rove }: Reader, view: Camera, side: Panel): void {
  const map = element("map", SVGSVGElement);

  map.addEventListener("click", (event) => select(textAt(event, "peer")));
  map.addEventListener("pointerover", (event) => {
    const hovered = state().selected === undefined ? textAt(event, "peer") : undefined;
    const line = textAt(event, "line");
    const hoveredLine = line === undefined ? undefined : Number(line);
    if (hovered !== state().hovered || hoveredLine !== state().hoveredLine) change({ hovered, hoveredLine });
  });
  map.addEventListener("pointerleave", () => {
    const { hovered, hoveredLine } = state();
    if (hovered !== undefined || hoveredLine !== undefined) change({ hovered: undefined, hoveredLine: undefined });
  });

  map.addEventListener("keydown", (event) => {
    const id = textAt(event, "peer");
    const { cards } = shown();
    const card = id === undefined ? undefined : cards.get(id);
    if (card === undefined) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      select(id);
    } else if (isArrow(event.key)) {
      event.preventDefault();
      const next = neighbour(card, event.key, [...cards.values()]);
      if (next === undefined) return;
      rove(next.dataset.peer ?? "");
      next.focus({ preventScroll: true });
      view.reveal(next, side.free());
    }
  });

  document.addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof HTMLInputElement && event.target.type === "search";
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping) return;
    if (event.key === "Escape") {
      const { selected } = state();
      const { open } = shown().sheet;
      leave();
      // Where the reader came from: the card that was selected, or that of the namespace that was open.
      const from = selected ?? (open === undefined ? undefined : namespaceId(open));
      if (from !== undefined) shown().cards.get(shown().sheet.cardOf(from))?.focus({ preventScroll: true });
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
