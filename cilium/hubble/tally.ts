/**
 * What was added up of a record: plain data, so that threads can give theirs to each other, of which several make one
 * (`sums.ts`) and from which the record follows.
 */
import { ByEnds } from "./between.ts";
import { type Answer, type Judgeable, replies, type Seen } from "./connection.ts";
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
  arrived: 0,
  passed: 0,
  dropped: 0,
  "verdict dropped": 0,
});
const ways = ["left", "arrived", "passed", "dropped", "verdict dropped"] as const satisfies readonly Seen[];

function connectionOfSightings({ seen, decisions = noDecisions, ...connection }: Sightings): Connection {
  const stopped = stoppedOnTheWay(seen, decisions);
  const left = seen.left + seen.passed;
  return {
    ...connection,
    passed: seen.arrived + left - stopped,
    dropped: seen.dropped + seen["verdict dropped"] + stopped,
    reached: seen.arrived > 0 ? "arrived" : left > 0 ? "left" : "nowhere",
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
 * Both ends enforce: what left its source and was dropped at its destination was not let through. Each attempt that is
 * dropped is seen as a verdict and as a packet.
 */
function stoppedOnTheWay(seen: Sightings["seen"], decisions: Decisions): number {
  const ends = [...decisions.keys()].flatMap(({ outcome, direction }) => (outcome === "denied" ? [direction] : []));
  const isFarEnd = ends.length === 0 || ends.includes("ingress");
  return isFarEnd ? Math.min(seen.left, Math.max(seen.dropped, seen["verdict dropped"])) : 0;
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

export const connectionKey = ({ source, destination, protocol, port }: Key): string =>
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
