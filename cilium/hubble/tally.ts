/**
 * What was added up of a record: plain data, so that threads can give theirs to each other, of which several make one
 * (`sums.ts`) and from which the record follows.
 */
import { ByEnds } from "./between.ts";
import { type Answer, type Judgeable, replies, type Seen, seenLeaving } from "./connection.ts";
import type { Decision, Decisions } from "./decision.ts";
import type { End, Inside } from "./end.ts";
import { lookupsOf, type SeenLookup } from "./lookups.ts";
import type { Connection, FlowRecord } from "./record.ts";
import type { Request } from "./requests.ts";
import { isBefore, type Times, widen } from "./times.ts";

export type Tally = Times &
  Pick<FlowRecord, "flows" | "otherLines" | "lostEvents" | "duplicates"> &
  Pick<FlowRecord, "names" | "leftOut" | "notJudged" | "unread" | "missingNodes" | "days" | "nodes"> & {
    /** Who stands at ends within the cluster, by what tells them apart. */
    readonly ends: ReadonlyMap<string, Inside>;
    readonly connections: readonly Sightings[];
    readonly answers: readonly Answers[];
    readonly lookups: readonly SeenLookup[];
    readonly requests: readonly Request[];
  };

/** What was seen of a connection. */
export type Sightings = Omit<Connection, "passed" | "dropped" | "reached" | "decisions" | "example"> & {
  readonly seen: Record<Seen, number>;
  decisions: Map<Decision, number> | undefined;
  /** The earliest of the flows. */
  example: Connection["example"];
};

export type Answers = Answer & { readonly count: number };

export const noneSeen = (): Record<Seen, number> => ({
  left: 0,
  "verdict left": 0,
  TO_OVERLAY: 0,
  TO_NETWORK: 0,
  TO_CRYPTO: 0,
  arrived: 0,
  passed: 0,
  dropped: 0,
  "verdict dropped": 0,
});
const ways = [...seenLeaving, "arrived", "passed", "dropped", "verdict dropped"] as const satisfies readonly Seen[];

function connectionOfSightings({ seen, decisions = noDecisions, ...connection }: Sightings): Connection {
  const leaving = seenLeaving.map((way) => seen[way]);
  const left = leaving.reduce((sum, count) => sum + count, 0);
  const stopped = Math.round(left * stoppedShare(seen, Math.max(...leaving), decisions));
  return {
    ...connection,
    passed: seen.arrived + left + seen.passed - stopped,
    dropped: seen.dropped + seen["verdict dropped"] + stopped,
    reached: seen.arrived > 0 ? "arrived" : left + seen.passed > 0 ? "left" : "nowhere",
    decisions,
  };
}

/** Adds what was seen of a connection elsewhere. */
export function addSightings(to: Sightings, { seen, decisions, example, ...times }: Sightings): void {
  for (const way of ways) to.seen[way] += seen[way];
  if (decisions !== undefined) {
    to.decisions ??= new Map();
    for (const [decision, count] of decisions) increment(to.decisions, decision, count);
  }
  if (isBefore(example.time, to.example.time)) to.example = example;
  widen(to, times);
}

const noDecisions: Map<Decision, number> = new Map();

/**
 * Both ends enforce: what left its source and was dropped at its destination was not let through. Each attempt that leaves
 * is seen once in each of several ways, and each that is dropped as a verdict and as a packet.
 * @param attempts how many left
 */
function stoppedShare(seen: Sightings["seen"], attempts: number, decisions: Decisions): number {
  const ends = [...decisions.keys()].flatMap(({ outcome, direction }) => (outcome === "denied" ? [direction] : []));
  const isFarEnd = ends.length === 0 || ends.includes("ingress");
  if (attempts === 0 || !isFarEnd) return 0;
  return Math.min(attempts, Math.max(seen.dropped, seen["verdict dropped"])) / attempts;
}

/** Connections by their ends and ports. */
export function connectionStore() {
  const known = new ByEnds<End, Sightings>();
  const all: Sightings[] = [];
  return {
    all,
    find: (key: Key): Sightings | undefined => known.get(key),
    add: (one: Sightings): void => {
      known.set(one, one);
      all.push(one);
    },
  };
}

type Key = Pick<Judgeable, "source" | "destination" | "protocol" | "port">;

const connectionKey = ({ source, destination, protocol, port }: Key): string =>
  `${source.key} ${destination.key} ${protocol} ${port}`;

export function addAnswers(to: Map<string, Answers>, answers: Answers): void {
  const key = connectionKey(answers);
  to.set(key, { ...answers, count: (to.get(key)?.count ?? 0) + answers.count });
}

/** The record, once all of it is added up. */
export function recordOf({ ends, answers, ...tally }: Tally): FlowRecord {
  const connections = new Set(answers.length === 0 ? [] : tally.connections.map(connectionKey));
  const leftOut = new Map(tally.leftOut);
  const notJudged = new Map(tally.notJudged);
  for (const { source, destination, protocol, port, count } of answers) {
    const isAnswer = connections.has(connectionKey({ source: destination, destination: source, protocol, port }));
    if (isAnswer) increment(leftOut, replies.reason, count);
    else increment(notJudged, "dropped packets to a client's port, which may be answers", count);
  }
  return {
    ...tally,
    connections: tally.connections.map(connectionOfSightings).sort(byTime),
    lookups: lookupsOf(tally.lookups).sort(byTime),
    requests: tally.requests.toSorted(byTime),
    leftOut: mostFirst(leftOut),
    notJudged: mostFirst(notJudged),
    unread: mostFirst(tally.unread),
  };
}

const byTime = (one: Times, other: Times): number => (one.first < other.first ? -1 : Number(one.first > other.first));

const mostFirst = (counts: ReadonlyMap<string, number>): Map<string, number> =>
  new Map([...counts].sort(([one, count], [other, more]) => more - count || (one < other ? -1 : 1)));

export function increment<K>(counts: Map<K, number>, key: K, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}
