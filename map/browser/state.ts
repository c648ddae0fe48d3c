/** What the reader has chosen, and which lines and cards that brings forward. */
import type { Line } from "../graph.ts";
import type { Peer } from "../picture.ts";
import { type Reach, reached, type Trace, type Ways } from "./reach.ts";
import type { ShownSheet } from "./sheet.ts";

export const scopes = ["all", "across", "outside"] as const;

export interface State {
  readonly scope: (typeof scopes)[number];
  /** `8080/TCP`, or empty for any. */
  readonly port: string;
  readonly hubLines: boolean;
  readonly changesOnly: boolean;
  readonly query: string;
  /** The id of a peer, or of a card that stands for several. */
  readonly selected: string | undefined;
  readonly trace: Trace;
  /** The card under the pointer, by id, or the line, by number. */
  readonly hovered: string | undefined;
  readonly hoveredLine: number | undefined;
}

export const initialState: State = {
  scope: "all",
  port: "",
  hubLines: false,
  changesOnly: false,
  query: "",
  selected: undefined,
  trace: "direct",
  hovered: undefined,
  hoveredLine: undefined,
};

/** Whether the filters leave a line. */
export function passes({ scope, port, changesOnly }: State, line: Line): boolean {
  return (
    (scope === "all" || line.kind === scope) &&
    (port === "" || line.flows.some(({ ports }) => ports.includes(port))) &&
    (!changesOnly || line.change !== "same")
  );
}

/** Finds the peers whose names have all words of a search. */
export function finder(peers: readonly Peer[]): (query: string) => string[] {
  const texts = peers.map(({ id, label, names }) => ({ id, text: [id, label, ...names].join(" ").toLowerCase() }));
  return (query) => {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0) return [];
    return texts.flatMap(({ id, text }) => (words.every((word) => text.includes(word)) ? [id] : []));
  };
}

export interface Focus extends Reach {
  /** The card that it starts from. */
  readonly start: string;
}

/** What the selected peer, or else the card under the pointer, is joined with; undefined when there is none. */
export function focusOf(state: State, { sheet, members }: ShownSheet, ways: Ways): Focus | undefined {
  const start = state.selected ?? state.hovered;
  if (start === undefined) return undefined;
  // What was closed is shown where the reader looks, but nothing goes on along it.
  const isGiven = (line: Line): boolean => passes(state, line) && (line.change !== "gone" || state.trace === "direct");
  const trace = state.selected === undefined ? "direct" : state.trace;
  return { start: sheet.cardOf(start), ...reached(ways, members.get(start) ?? [start], trace, isGiven) };
}
