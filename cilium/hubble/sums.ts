/** What one reader adds up of a record, and what others have added up of theirs. */
import type { HttpRule } from "../policy/schema.ts";
import { type AddressDistinctions, addressClass } from "./addresses.ts";
import { oneForEqual } from "./decision.ts";
import { type End, endReader, type RecordedPod } from "./end.ts";
import { addLookup, addServer, lookupStore } from "./lookups.ts";
import { outsideReader } from "./outside.ts";
import { type KnownPods, podFinder } from "./pods.ts";
import { addRequest, requestStore } from "./requests.ts";
import { type Answers, addAnswers, addSightings, connectionStore, increment, type Tally } from "./tally.ts";
import { type Times, widen } from "./times.ts";

/** Which flows of a record count, and who its pods are: plain data. */
export type Reading = {
  /** In milliseconds since 1970; the flows without a time count. */
  readonly since?: number;
  readonly until?: number;
  /** Only flows from or to pods of this namespace. */
  readonly namespace?: string;
  /** The pods of an inventory: their labels stand in where a field mask left them out. */
  readonly pods?: KnownPods;
  /** What the policies tell apart: a record of very many addresses and paths needs no memory for each. */
  readonly distinctions?: Distinctions;
};

export type Distinctions = AddressDistinctions & { readonly requests: readonly HttpRule[] };

/** Policies that tell nothing apart. */
export const nothingApart: Distinctions = { prefixes: [], selectors: [], requests: [] };

export type Sums = ReturnType<typeof sums>;

/** Nothing yet. */
export function sums({ pods, distinctions = nothingApart }: Reading) {
  const outside = outsideReader(addressClass(distinctions));
  const times: Times = { first: "", last: "" };
  return {
    outside,
    times,
    ends: endReader(pods === undefined ? () => undefined : podFinder(pods), outside),
    connections: connectionStore(),
    answers: new Map<string, Answers>(),
    lookups: lookupStore(),
    requests: requestStore(distinctions.requests),
    decision: oneForEqual(),
    counts: { flows: 0, otherLines: 0, lostEvents: 0, duplicates: 0 },
    reasons: {
      leftOut: new Map<string, number>(),
      notJudged: new Map<string, number>(),
      unread: new Map<string, number>(),
    },
    nodes: new Set<string>(),
    missingNodes: new Set<string>(),
    days: new Map<string, Set<string>>(),
  };
}

export const tallyOf = ({ outside, times, ends, connections, answers, lookups, requests, ...more }: Sums): Tally => ({
  ...{ ...more.counts, ...more.reasons, ...times },
  ...{ nodes: more.nodes, missingNodes: more.missingNodes, days: more.days },
  ends: ends.known(),
  connections: connections.all,
  answers: [...answers.values()],
  lookups: lookups.all(),
  requests: requests.all(),
  names: outside.names,
});

/** Adds what another reader has added up, of the same record and by the same reading. */
export function include(sums: Sums, tally: Tally): void {
  const { outside, ends, connections, answers, lookups, requests, decision, counts, reasons, days } = sums;
  const inside = new Map<End, End>();
  for (const [tellingApart, end] of tally.ends) inside.set(end, ends.same(tellingApart, end));
  const podOf = (pod: RecordedPod): RecordedPod => {
    const known = inside.get(pod);
    return known?.kind === "pod" ? known : pod;
  };
  const endOf = (end: End): End => {
    if (end.kind !== "outside") return inside.get(end) ?? end;
    outside.learn(end.address, [...(tally.names.get(end.address) ?? [])]);
    return outside.same(end);
  };
  const betweenEnds = <T extends Ends>(one: T): T => ({
    ...one,
    source: endOf(one.source),
    destination: endOf(one.destination),
  });

  for (const connection of tally.connections) {
    const decisions =
      connection.decisions && new Map(Array.from(connection.decisions, ([one, count]) => [decision(one), count]));
    const sightings = { ...betweenEnds(connection), decisions };
    const known = connections.find(sightings);
    if (known === undefined) connections.add(sightings);
    else addSightings(known, sightings);
  }
  for (const answer of tally.answers.map(betweenEnds)) addAnswers(answers, answer);
  for (const lookup of tally.lookups) {
    const known = lookups.of(podOf(lookup.pod), lookup.name, lookup);
    addLookup(known, lookup);
    for (const server of lookup.servers) addServer(known, { ...server, end: endOf(server.end) });
  }
  for (const request of tally.requests.map(betweenEnds)) addRequest(requests.of(request), request);
  for (const [address, names] of tally.names) outside.learn(address, [...names]);
  for (const node of tally.nodes) sums.nodes.add(node);
  for (const node of tally.missingNodes) sums.missingNodes.add(node);
  for (const [namespace, seen] of tally.days) days.set(namespace, new Set([...(days.get(namespace) ?? []), ...seen]));
  for (const kind of ["leftOut", "notJudged", "unread"] as const) {
    for (const [reason, count] of tally[kind]) increment(reasons[kind], reason, count);
  }
  for (const kind of ["flows", "otherLines", "lostEvents", "duplicates"] as const) counts[kind] += tally[kind];
  widen(sums.times, tally);
}

type Ends = { readonly source: End; readonly destination: End };
