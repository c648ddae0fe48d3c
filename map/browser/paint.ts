/** Puts the state onto the page: classes on cards, lines and rows. */
import type { Line } from "../graph.ts";
import type { Ways } from "./reach.ts";
import type { ShownSheet } from "./sheet.ts";
import { focusOf, passes, type State } from "./state.ts";

/** @param matches ids of the peers that a search finds; undefined without a search. */
export function paint(shown: ShownSheet, state: State, ways: Ways, matches: ReadonlySet<string> | undefined): void {
  const { sheet, graph, cards, lines, rows, members, lineOf } = shown;
  const focus = focusOf(state, shown, ways);
  const litIds = new Set([...(focus?.distance.keys() ?? [])].map(sheet.cardOf));
  const litLines = new Set([...(focus?.lines ?? [])].flatMap((line) => lineOf(line) ?? []));
  const found = matches && new Set([...matches].map(sheet.cardOf));
  const passing = graph.lines.map((line) => passes(state, line));
  const isFiltered = state.scope !== "all" || state.port !== "" || state.changesOnly;
  const touched = new Set(graph.lines.flatMap(({ from, to }, i) => (passing[i] ? [from, to] : [])));
  const isDirect = state.trace === "direct";
  const isAhead = (line: Line): boolean => (isDirect ? line.from === focus?.start : state.trace === "reaches");
  const lit = [...litLines].flatMap((number) => graph.lines[number] ?? []);
  const ahead = new Set(lit.flatMap((line) => (isAhead(line) ? [line.to] : [])));
  const behind = new Set(lit.flatMap((line) => (isAhead(line) ? [] : [line.from])));
  const start = state.selected === undefined ? undefined : sheet.cardOf(state.selected);

  for (const [id, card] of cards) {
    const isLit = litIds.has(id);
    const isOff =
      (found !== undefined && !found.has(id)) || (start === undefined ? isFiltered && !touched.has(id) : !isLit);
    card.classList.toggle("off", isOff);
    card.classList.toggle("lit", isLit);
    card.classList.toggle("ahead", ahead.has(id) && !behind.has(id));
    card.classList.toggle("behind", behind.has(id) && !ahead.has(id));
    card.classList.toggle("ported", isDirect && ahead.has(id));
    card.classList.toggle("match", found?.has(id) ?? false);
    card.classList.toggle("start", start === id);
    card.setAttribute("aria-selected", String(start === id));
  }
  for (const [number, elements] of lines) {
    const line = graph.lines[number];
    if (line === undefined) continue;
    const isLit = litLines.has(number);
    const isWanted = line.kind !== "hub" || line.change !== "same" || state.hubLines || state.port !== "";
    const isShown = passing[number] === true && isWanted;
    for (const drawn of elements) {
      drawn.classList.toggle("shown", isShown);
      drawn.classList.toggle("off", !isLit && (start !== undefined || found !== undefined));
      drawn.classList.toggle("ahead", isLit && isAhead(line));
      drawn.classList.toggle("behind", isLit && !isAhead(line));
      drawn.classList.toggle("direct", isLit && isDirect);
      drawn.classList.toggle("pointed", state.hoveredLine === number);
      // What stands out is drawn last, over the other lines.
      if (isLit) drawn.parentNode?.append(drawn);
    }
  }
  const isMatch = (card: string): boolean =>
    matches === undefined || (members.get(card) ?? [card]).some((id) => matches.has(id));
  for (const [number, elements] of rows) {
    const line = graph.lines[number];
    if (line === undefined) continue;
    const isFound = isMatch(line.from) || isMatch(line.to);
    for (const row of elements) row.hidden = !(passing[number] && isFound);
  }
}

/** The cards that stand out, with the selected one. */
export const litCards = ({ cards }: ShownSheet): Element[] =>
  [...cards.values()].filter((card) => card.classList.contains("lit"));
