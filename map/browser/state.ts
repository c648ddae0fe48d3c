/** What the reader has chosen, and which lines and peers that brings forward. */
import type { LineData, PageData } from "../data.ts";
import { type Reached, reached, type Trace } from "./reach.ts";

export const scopes = ["all", "across", "outside"] as const;

export interface State {
  readonly scope: (typeof scopes)[number];
  /** `8080/TCP`, or empty for any. */
  readonly port: string;
  readonly hubLines: boolean;
  readonly changesOnly: boolean;
  readonly query: string;
  readonly selected: number | undefined;
  readonly trace: Trace;
  /** Under the pointer. */
  readonly hovered: number | undefined;
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
};

/** Whether the filters leave a line. */
export function passes({ scope, port, changesOnly }: State, line: LineData): boolean {
  return (
    (scope === "all" || line.kind === scope) &&
    (port === "" || line.ports.includes(port)) &&
    (!changesOnly || line.change !== "same")
  );
}

/** The numbers of the peers that a search finds; all of its words must occur. */
export function found({ query }: State, { peers }: PageData): number[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  return [...peers.entries()].filter(([, { text }]) => words.every((word) => text.includes(word))).map(([i]) => i);
}

/** What the selected peer, or else the one under the pointer, is joined with; undefined when there is none. */
export function focusOf(state: State, data: PageData): (Reached & { readonly start: number }) | undefined {
  const start = state.selected ?? state.hovered;
  if (start === undefined) return undefined;
  // What was closed is shown where the reader looks, but nothing goes on along it.
  const isGiven = (number: number): boolean => {
    const line = data.lines[number];
    return line !== undefined && passes(state, line) && (line.change !== "gone" || state.trace === "direct");
  };
  return { start, ...reached(data, start, state.selected === undefined ? "direct" : state.trace, isGiven) };
}
