/** Who can reach whom over several flows, computed on the page's numbers. */
import type { PageData } from "../data.ts";

export type Trace = "direct" | "reaches" | "reached-by";

export interface Reached {
  /** How many flows away each peer is; 0 is the start. */
  readonly distance: ReadonlyMap<number, number>;
  readonly lines: ReadonlySet<number>;
}

/**
 * What a peer reaches, or is reached by, along the lines that are given. Ways go on through pods only: what the API
 * server, a node or the outside connects to does not follow from who can connect to them.
 */
export function reached(
  { peers, lines }: PageData,
  start: number,
  trace: Trace,
  isGiven: (line: number) => boolean,
): Reached {
  const distance = new Map([[start, 0]]);
  const walked = new Set<number>();
  const goesOn = (peer: number): boolean => peer === start || (trace !== "direct" && peers[peer]?.kind === "workload");
  for (const [peer, steps] of distance) {
    if (!goesOn(peer)) continue;
    for (const [number, { from, to }] of lines.entries()) {
      const forwards = from === peer && trace !== "reached-by";
      const backwards = to === peer && trace !== "reaches";
      if (!isGiven(number) || !(forwards || backwards)) continue;
      walked.add(number);
      const next = forwards ? to : from;
      if (!distance.has(next)) distance.set(next, steps + 1);
    }
  }
  return { distance, lines: walked };
}
