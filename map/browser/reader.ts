import type { ShownSheet } from "./sheet.ts";
import type { State } from "./state.ts";

/** What the parts of the page can do to the whole. */
export interface Reader {
  state(): State;
  shown(): ShownSheet;
  change(changes: Partial<State>): void;
  /** Selects a peer, on the sheet where it is to be seen, or nothing; a namespace's card is opened. */
  select(id: string | undefined): void;
  /** The ids of the peers that the search finds. */
  found(): readonly string[];
  /** Leaves what is selected, then the open namespace. */
  leave(): void;
  /** Makes a card the one that the Tab key comes to; the arrow keys lead on from it. */
  rove(id: string): void;
  /** Says something to those who hear the page. */
  say(text: string): void;
}
