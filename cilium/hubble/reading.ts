/** Reads a record, and adds it up as it is read: each connection once, however often it was seen. */
import { connectionOf, type Judgeable } from "./connection.ts";
import { decisionReader } from "./decision.ts";
import { type HubbleFlow, readEvent } from "./event.ts";
import { lineReader } from "./line.ts";
import { lookupReader } from "./lookups.ts";
import type { Example, FlowRecord } from "./record.ts";
import { requestOf } from "./requests.ts";
import { include, type Reading, sums, tallyOf } from "./sums.ts";
import { addAnswers, increment, noneSeen, recordOf, type Tally } from "./tally.ts";
import { type Times, widen } from "./times.ts";
import { repeats } from "./uuids.ts";
import { valueReader } from "./values.ts";

/** Takes the lines of a record. */
export type Lines = {
  /** Takes one line, without its end. An empty line is none. */
  readonly add: (line: string) => void;
  /** Ends one input of several; gives whether it ends within a value. */
  readonly end: () => boolean;
};

export type RecordReader = Lines & {
  /** Takes a value that a line held: an event, or the text of a line that is no JSON. */
  readonly take: (value: unknown) => void;
  /** Adds what another reader has read of the same record. */
  readonly include: (tally: Tally) => void;
  /** What was read so far. */
  readonly tally: () => Tally;
  readonly record: () => FlowRecord;
};

/**
 * Adds up the lines of one record, from one file or several.
 * @param repeats whether an event was read before, here or by another reader
 */
export function recordReader(reading: Reading = {}, { isRepeated } = repeats()): RecordReader {
  const { since, until, namespace } = reading;
  const all = sums(reading);
  const { outside, connections, requests, answers, missingNodes, nodes, days, times, counts } = all;
  const { leftOut, notJudged, unread } = all.reasons;
  const readEnd = all.ends.read;
  const readDecision = decisionReader(all.decision);
  const addLookup = lookupReader(all.lookups, readEnd, (address, name) => outside.learn(address, [name]));

  const addFlow = (flow: HubbleFlow): void => {
    const weight = weightOf(flow);
    counts.flows += weight;
    const time = flow.time ?? "";
    if (!isWithin(time, since, until)) {
      increment(leftOut, "flows outside --since and --until", weight);
      return;
    }
    const span: Times = { first: time, last: flow.aggregate?.last_time || time };
    widen(times, span);
    if (flow.node_name) nodes.add(flow.node_name);
    addDays(flow, span.first);
    if (span.last !== span.first) addDays(flow, span.last);
    if (flow.destination_names) outside.learn(flow.IP?.destination, flow.destination_names);
    outside.learn(flow.IP?.destination, namesOf(flow.destination));
    if (namespace !== undefined && flow.source?.namespace !== namespace && flow.destination?.namespace !== namespace) {
      increment(leftOut, "flows of other namespaces", weight);
      return;
    }
    addLookup(flow, span, weight);
    const read = connectionOf(flow, readEnd);
    switch (read.kind) {
      case "left-out":
        increment(leftOut, read.reason, weight);
        return;
      case "not-judged":
        increment(notJudged, read.reason, weight);
        return;
      case "answer":
        addAnswers(answers, { ...read, count: weight });
        return;
      case "connection":
        addConnection(read, flow, span, weight);
        addRequest(read, flow, span, weight);
    }
  };

  /** Flows come in order of time, more or less: who was seen on the day of the last one. */
  let today = { day: "", namespaces: new Set<string>() };
  const addDays = ({ source, destination }: HubbleFlow, time: string): void => {
    if (time === "") return;
    if (today.day === "" || !time.startsWith(today.day))
      today = { day: time.slice(0, "2026-11-24".length), namespaces: new Set() };
    addDay("");
    if (source?.namespace) addDay(source.namespace);
    if (destination?.namespace) addDay(destination.namespace);
  };
  const addDay = (namespace: string): void => {
    if (today.namespaces.has(namespace)) return;
    today.namespaces.add(namespace);
    days.set(namespace, (days.get(namespace) ?? new Set()).add(today.day));
  };

  const addConnection = (read: Judgeable, flow: HubbleFlow, span: Times, weight: number): void => {
    let sightings = connections.find(read);
    if (sightings === undefined) {
      const { source, destination, protocol, port } = read;
      const example = exampleOf(flow, span.first);
      const seen = { seen: noneSeen(), decisions: undefined };
      sightings = { source, destination, protocol, port, ...seen, example, ...span };
      connections.add(sightings);
    }
    sightings.seen[read.seen] += weight;
    const decision = readDecision(flow);
    if (decision !== undefined) {
      sightings.decisions ??= new Map();
      increment(sightings.decisions, decision, weight);
    }
    const { first } = sightings;
    widen(sightings, span);
    if (sightings.first !== first) sightings.example = exampleOf(flow, span.first);
  };

  const addRequest = (
    { source, destination, port }: Judgeable,
    flow: HubbleFlow,
    span: Times,
    weight: number,
  ): void => {
    const request = requestOf(flow);
    if (request === undefined) return;
    const found = requests.of({ source, destination, port, ...request, standsForMore: false, ...span });
    if (flow.verdict === "DROPPED") found.refused += weight;
    else found.passed += weight;
    widen(found, span);
  };

  const addOnce = (flow: HubbleFlow): void => {
    if (isRepeated(flow.uuid)) counts.duplicates++;
    else addFlow(flow);
  };

  const take = (value: unknown): void => {
    if (typeof value === "string") {
      if (isLogLine(value)) counts.otherLines++;
      else increment(unread, isCompactFlow(value) ? compactFlow : "lines that are no JSON", 1);
      return;
    }
    const event = readEvent(value);
    switch (event.kind) {
      case "flow":
        addOnce(event.flow);
        return;
      case "lost-events":
        counts.lostEvents += event.lost;
        counts.otherLines++;
        return;
      case "nodes-missing":
        for (const node of event.nodes) missingNodes.add(node);
        counts.otherLines++;
        return;
      case "other":
        counts.otherLines++;
        return;
      case "malformed":
        increment(unread, "JSON that is no event of Hubble", 1);
    }
  };
  const readLine = lineReader();
  const values = valueReader(take);

  return {
    add: (line) => {
      const flow = readLine(line);
      if (flow === undefined) values.add(line);
      else addOnce(flow);
    },
    end: values.end,
    take,
    include: (tally) => include(all, tally),
    tally: () => tallyOf(all),
    record: () => recordOf(tallyOf(all)),
  };
}

function isWithin(time: string, since: number | undefined, until: number | undefined): boolean {
  if ((since === undefined && until === undefined) || time === "") return true;
  const at = Date.parse(time);
  return !(at < (since ?? at)) && !(at > (until ?? at));
}

/** `fqdn:api.example.org`: the agent labels the addresses of a name that a selector covers (`pkg/policy/api/fqdn.go`). */
const fqdnLabel = "fqdn:";

function namesOf(endpoint: HubbleFlow["destination"]): readonly string[] {
  // Nearly no end has one, and each flow is asked.
  if (!endpoint?.labels?.some((label) => label.startsWith(fqdnLabel))) return none;
  return endpoint.labels.flatMap((label) => (label.startsWith(fqdnLabel) ? [label.slice(fqdnLabel.length)] : []));
}

const none: readonly string[] = [];

/** What programs log beside the flows. */
const isLogLine = (line: string): boolean => /(^|\s)level=\w+|^[IWEF]\d{4} /.test(line);

/** `hubble observe` without `-o`: what it prints says too little. */
const isCompactFlow = (line: string): boolean =>
  /(->|<-|<>) .*\b(FORWARDED|DROPPED|REDIRECTED|AUDIT|TRACED)\b/.test(line);
const compactFlow = "flows in Hubble's text form, which holds no labels (write hubble observe -o jsonpb)";

function exampleOf({ source, destination, IP, l4, node_name }: HubbleFlow, time: string): Example {
  const ports = l4?.TCP ?? l4?.UDP ?? l4?.SCTP;
  const end = (endpoint: HubbleFlow["source"], address?: string | null, port?: number | null): string => {
    const pod = endpoint?.pod_name ? `${endpoint.namespace}/${endpoint.pod_name} ` : "";
    // Joined to one text: one that is added up keeps all of its parts.
    return [pod, address?.includes(":") ? `[${address}]` : address, port ? `:${port}` : ""].join("");
  };
  return {
    time,
    source: end(source, IP?.source, ports?.source_port),
    destination: end(destination, IP?.destination, ports?.destination_port),
    node: node_name ?? "",
  };
}

/** An exporter that aggregates writes one flow for many alike (`pkg/hubble/exporter/aggregator.go`). */
function weightOf({ aggregate }: HubbleFlow): number {
  if (!aggregate) return 1;
  const { ingress_flow_count, egress_flow_count, unknown_direction_flow_count } = aggregate;
  return (ingress_flow_count ?? 0) + (egress_flow_count ?? 0) + (unknown_direction_flow_count ?? 0) || 1;
}
