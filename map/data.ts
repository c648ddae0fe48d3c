/** What the page's script knows: the graph by numbers, without how it looks. */
import type { Line, LineKind } from "./graph.ts";
import type { Change, Peer } from "./picture.ts";

export interface PageData {
  readonly peers: readonly PeerData[];
  readonly lines: readonly LineData[];
}

export interface PeerData {
  readonly id: string;
  readonly label: string;
  readonly kind: Peer["kind"];
  readonly change: Change;
  /** What a search looks at, in lower case. */
  readonly text: string;
}

export interface LineData {
  /** Numbers of its peers. */
  readonly from: number;
  readonly to: number;
  readonly kind: LineKind;
  readonly change: Line["change"];
  /** `8080/TCP` and the like. */
  readonly ports: readonly string[];
}

export function dataOf(peers: readonly Peer[], lines: readonly Line[]): PageData {
  const numbers = new Map(peers.map(({ id }, number) => [id, number]));
  return {
    peers: peers.map(({ id, label, kind, change, names }) => ({
      id,
      label,
      kind,
      change,
      text: [id, label, ...names].join(" ").toLowerCase(),
    })),
    lines: lines.map(({ from, to, kind, change, flows }) => ({
      from: numbers.get(from) ?? -1,
      to: numbers.get(to) ?? -1,
      kind,
      change,
      ports: [...new Set(flows.flatMap(({ ports }) => ports))],
    })),
  };
}
