import type { PageData } from "../data.ts";
import type { State } from "./state.ts";

/** What the parts of the page can do to the whole. */
export interface Reader {
  readonly data: PageData;
  /** By the number of the peer. */
  readonly cards: ReadonlyMap<number, SVGGElement>;
  state(): State;
  change(changes: Partial<State>): void;
  /** Selects a peer, or nothing. */
  select(number: number | undefined): void;
  /** Makes a card the one that the Tab key comes to; the arrow keys lead on from it. */
  rove(number: number): void;
  /** Says something to those who hear the page. */
  say(text: string): void;
}
