/** Puts the state onto the page: classes on cards, lines and rows. */
import type { LineData, PageData } from "../data.ts";
import { numbered } from "./page.ts";
import { focusOf, found, passes, type State } from "./state.ts";

export interface Painter {
  paint(state: State): void;
  /** The cards that stand out, with the selected one. */
  lit(): Element[];
}

export function painter(data: PageData): Painter {
  const cards = numbered("peer", SVGGElement);
  const lines = numbered("line", SVGElement);
  const rows = numbered("row", HTMLTableRowElement);

  const paint = (state: State): void => {
    const focus = focusOf(state, data);
    const matches = state.query.trim() === "" ? undefined : new Set(found(state, data));
    const passing = data.lines.map((line) => passes(state, line));
    const isFiltered = state.scope !== "all" || state.port !== "" || state.changesOnly;
    const touched = new Set(data.lines.flatMap(({ from, to }, i) => (passing[i] ? [from, to] : [])));
    const litLines = [...(focus?.lines ?? [])].flatMap((number) => data.lines[number] ?? []);
    const isDirect = state.trace === "direct";
    const isAhead = (line: LineData): boolean => (isDirect ? line.from === focus?.start : state.trace === "reaches");
    const ahead = new Set(litLines.flatMap((line) => (isAhead(line) ? [line.to] : [])));
    const behind = new Set(litLines.flatMap((line) => (isAhead(line) ? [] : [line.from])));

    for (const [number, elements] of cards) {
      const isLit = focus?.distance.has(number) ?? false;
      const isOff =
        (matches !== undefined && !matches.has(number)) ||
        (state.selected === undefined ? isFiltered && !touched.has(number) : !isLit);
      for (const card of elements) {
        card.classList.toggle("off", isOff);
        card.classList.toggle("lit", isLit);
        card.classList.toggle("ahead", ahead.has(number) && !behind.has(number));
        card.classList.toggle("behind", behind.has(number) && !ahead.has(number));
        card.classList.toggle("ported", isDirect && ahead.has(number));
        card.classList.toggle("match", matches?.has(number) ?? false);
        card.classList.toggle("start", state.selected === number);
        card.setAttribute("aria-selected", String(state.selected === number));
      }
    }
    for (const [number, elements] of lines) {
      const line = data.lines[number];
      if (line === undefined) continue;
      const isLit = focus?.lines.has(number) ?? false;
      const isWanted = line.kind !== "hub" || line.change !== "same" || state.hubLines || state.port !== "";
      const isShown = passing[number] === true && isWanted;
      for (const drawn of elements) {
        drawn.classList.toggle("shown", isShown);
        drawn.classList.toggle("off", !isLit && (state.selected !== undefined || matches !== undefined));
        drawn.classList.toggle("ahead", isLit && isAhead(line));
        drawn.classList.toggle("behind", isLit && !isAhead(line));
        drawn.classList.toggle("direct", isLit && isDirect);
        // What stands out is drawn last, over the other lines.
        if (isLit) drawn.parentNode?.append(drawn);
      }
    }
    for (const [number, elements] of rows) {
      const line = data.lines[number];
      if (line === undefined) continue;
      const isFound = matches === undefined || matches.has(line.from) || matches.has(line.to);
      for (const row of elements) row.hidden = !(passing[number] && isFound);
    }
  };

  return { paint, lit: () => [...document.querySelectorAll(".card.lit")] };
}
