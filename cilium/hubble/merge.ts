/** Several tallies of one record as one, whoever read which of its lines. */
import { addressClass } from "./addresses.ts";
import { oneForEqual } from "./decision.ts";
import { type End, type Inside, type RecordedPod, rename } from "./end.ts";
import { addLookup, addServer, lookupStore } from "./lookups.ts";
import { outsideReader } from "./outside.ts";
import { nothingApart, type Reading } from "./reading.ts";
import { addRequest, requestStore } from "./requests.ts";
import { type Answers, addAnswers, addSightings, connectionStore, increment, type Tally } from "./tally.ts";
import { type Times, widen } from "./times.ts";

/** @param reading the one by which all of them were read */
export function merged(tallies: readonly Tally[], { distinctions = nothingApart }: Reading): Tally {
  const outside = outsideReader(addressClass(distinctions));
  const ends = new Map<string, Inside>();
  const connections = connectionStore();
  const answers = new Map<string, Answers>();
  const lookups = lookupStore();
  const requests = requestStore(distinctions.requests);
  const equal = oneForEqual();
  const counts = { flows: 0, otherLines: 0, lostEvents: 0, duplicates: 0 };
  const reasons: Reasons = { leftOut: new Map(), notJudged: new Map(), unread: new Map() };
  const nodes = new Set<string>();
  const missingNodes = new Set<string>();
  const days = new Map<string, ReadonlySet<string>>();
  const times: Times = { first: "", last: "" };

  for (const tally of tallies) {
    const podsAndEntities = new Map<Inside, Inside>();
    for (const [tellingApart, end] of tally.ends) podsAndEntities.set(end, insideOf(tellingApart, end));
    const podOf = (pod: RecordedPod): RecordedPod => {
      const known = podsAndEntities.get(pod);
      return known?.kind === "pod" ? known : pod;
    };
    const endOf = (end: End): End => {
      if (end.kind !== "outside") return podsAndEntities.get(end) ?? end;
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
        connection.decisions && new Map(Array.from(connection.decisions, ([one, count]) => [equal(one), count]));
      const sightings = { ...betweenEnds(connection), decisions };
      const known = connections.find(sightings);
      if (known === undefined) connections.add(sightings);
      else addSightings(known, sightings);
    }
    for (const answer of tally.answers.map(betweenEnds)) addAnswers(answers, answer);
    for (const lookup of tally.lookups) {
      const known = lookups.of(podOf(lookup.pod), lookup.name, lookup);
      addLookup(known, lookup);
      for (const { end, port } of lookup.servers.values()) addServer(known, endOf(end), port);
    }
    for (const request of tally.requests.map(betweenEnds)) addRequest(requests.of(request), request);
    for (const [address, names] of tally.names) outside.learn(address, [...names]);
    for (const node of tally.nodes) nodes.add(node);
    for (const node of tally.missingNodes) missingNodes.add(node);
    for (const [namespace, seen] of tally.days) days.set(namespace, new Set([...seen, ...(days.get(namespace) ?? [])]));
    for (const kind of ["leftOut", "notJudged", "unread"] as const) {
      for (const [reason, count] of tally[kind]) increment(reasons[kind], reason, count);
    }
    for (const kind of ["flows", "otherLines", "lostEvents", "duplicates"] as const) counts[kind] += tally[kind];
    widen(times, tally);
  }
  return {
    ...{ ...counts, ...reasons, ...times, nodes, missingNodes, days, ends, names: outside.names },
    connections: connections.all,
    answers: [...answers.values()],
    lookups: lookups.all(),
    requests: requests.all(),
  };

  function insideOf(tellingApart: string, end: Inside): Inside {
    const known = ends.get(tellingApart) ?? { ...end, key: `#${ends.size}` };
    ends.set(tellingApart, known);
    if (known.kind === "pod" && end.kind === "pod") rename(known, end);
    return known;
  }
}

type Reasons = Record<"leftOut" | "notJudged" | "unread", Map<string, number>>;
type Ends = { readonly source: End; readonly destination: End };
