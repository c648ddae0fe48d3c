/** A record of flows, added up as it is read: each connection once, however often it was seen. */
import { type FlowProtocol, flowProtocols } from "../reach/compile/inventory.ts";
import type { ClassOf } from "./addresses.ts";
import { type Answer, connectionOf, type Judgeable, replies, type Seen } from "./connection.ts";
import { type Decision, type Decisions, decisionReader } from "./decision.ts";
import { type End, endReader, type FindEndpoint } from "./end.ts";
import { type HubbleFlow, readEvent } from "./event.ts";
import { lineReader } from "./line.ts";
import { type Lookup, lookupReader } from "./lookups.ts";
import { outsideReader } from "./outside.ts";
import { type Request, requestOf } from "./requests.ts";
import { type Times, widen } from "./times.ts";
import { repeats } from "./uuids.ts";
import { valueReader } from "./values.ts";

/** Everything that was seen between two ends on one port. */
export type Connection = Times & {
  readonly source: End;
  readonly destination: End;
  readonly protocol: FlowProtocol;
  readonly port: number;
  /** How many flows the cluster's policies let through at both ends, and dropped at one, when they were recorded. */
  readonly passed: number;
  readonly dropped: number;
  /** The furthest that one of them got: past its source's end at least, or past its destination's. */
  readonly reached: "nowhere" | "left" | "arrived";
  /** What the cluster decided at each end, as far as that was recorded as such. */
  readonly decisions: Decisions;
  /** One of the flows. */
  readonly example: Example;
};

export type Example = {
  readonly time: string;
  readonly source: string;
  readonly destination: string;
  readonly node: string;
};

export type FlowRecord = Times & {
  readonly connections: readonly Connection[];
  readonly lookups: readonly Lookup[];
  readonly requests: readonly Request[];
  /** The names of addresses outside the cluster: from DNS answers, the flows themselves, and the labels of identities. */
  readonly names: ReadonlyMap<string, ReadonlySet<string>>;
  /** How many flows were seen; a line of an aggregating exporter stands for several. */
  readonly flows: number;
  /** Flows that are no connections to judge, by reason. */
  readonly leftOut: ReadonlyMap<string, number>;
  /** Flows that the record says too little about, by reason. */
  readonly notJudged: ReadonlyMap<string, number>;
  /** Events and lines about something else than flows. */
  readonly otherLines: number;
  /** What could not be read, by reason. */
  readonly unread: ReadonlyMap<string, number>;
  /** Events that happened and are not in the record. */
  readonly lostEvents: number;
  /** Events that were read before, told by their uuid. */
  readonly duplicates: number;
  /** Nodes that the record misses flows of. */
  readonly missingNodes: ReadonlySet<string>;
  /** The days of which there is something, as `2026-11-24`, by the namespaces of the pods; under none all of them. */
  readonly days: ReadonlyMap<string, ReadonlySet<string>>;
  /** The nodes that recorded: `cluster/name`, without a cluster in one that is called `default`. */
  readonly nodes: ReadonlySet<string>;
};

/** Which flows of a record count, and who its pods are. */
export type Reading = {
  /** In milliseconds since 1970; the flows without a time count. */
  readonly since?: number;
  readonly until?: number;
  /** Only flows from or to pods of this namespace. */
  readonly namespace?: string;
  /** Finds the pods whose labels a field mask left out. */
  readonly findEndpoint?: FindEndpoint;
  /** What the policies see of addresses outside, so that a record of very many needs no memory for each. */
  readonly classOf?: ClassOf;
};

export type RecordReader = {
  /** Takes one line, without its end. An empty line is none. */
  readonly add: (line: string) => void;
  /** Ends one input of several; gives whether it ends within a value. */
  readonly end: () => boolean;
  /** What was read so far. */
  readonly record: () => FlowRecord;
};

/** Adds up the lines of one record, from one file or several. */
export function recordReader(reading: Reading = {}): RecordReader {
  const { since, until, namespace, findEndpoint = () => undefined, classOf = (address) => address } = reading;
  const outside = outsideReader(classOf);
  const readEnd = endReader(findEndpoint, outside);
  const readDecision = decisionReader();
  const connections = connectionStore();
  const requests = new Map<string, Request>();
  const answers = new Map<string, Answer & { count: number }>();
  const leftOut = new Map<string, number>();
  const notJudged = new Map<string, number>();
  const unread = new Map<string, number>();
  const missingNodes = new Set<string>();
  const nodes = new Set<string>();
  const days = new Map<string, Set<string>>();
  const isRepeated = repeats();
  const times: Times = { first: "", last: "" };
  const counts = { flows: 0, otherLines: 0, lostEvents: 0, duplicates: 0 };
  const lookups = lookupReader(readEnd, (address, name) => outside.learn(address, [name]));

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
    lookups.add(flow, span, weight);
    const read = connectionOf(flow, readEnd);
    switch (read.kind) {
      case "left-out":
        increment(leftOut, read.reason, weight);
        return;
      case "not-judged":
        increment(notJudged, read.reason, weight);
        return;
      case "answer": {
        const key = connectionKey(read);
        answers.set(key, { ...read, count: (answers.get(key)?.count ?? 0) + weight });
        return;
      }
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
      sightings.decisions.set(decision, (sightings.decisions.get(decision) ?? 0) + weight);
    }
    widen(sightings, span);
  };

  const addRequest = (read: Judgeable, flow: HubbleFlow, span: Times, weight: number): void => {
    const request = requestOf(flow);
    if (request === undefined) return;
    const { source, destination, port } = read;
    const key = JSON.stringify([connectionKey(read), request.method, request.host, request.path]);
    const found = requests.get(key) ?? {
      ...{ source, destination, port, ...request },
      ...{ passed: 0, refused: 0, ...span },
    };
    requests.set(key, found);
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
    record: () => {
      const known = new Map(leftOut);
      const unknown = new Map(notJudged);
      for (const { source, destination, protocol, port, count } of answers.values()) {
        const isAnswer = connections.find({ source: destination, destination: source, protocol, port }) !== undefined;
        if (isAnswer) increment(known, replies.reason, count);
        else increment(unknown, "dropped packets to a client's port, which may be answers", count);
      }
      return {
        ...counts,
        ...times,
        connections: connections.all.map(connectionOfSightings),
        lookups: lookups.lookups(),
        requests: [...requests.values()],
        names: outside.names,
        leftOut: known,
        notJudged: unknown,
        unread,
        missingNodes,
        days,
        nodes,
      };
    },
  };
}

type Sightings = Omit<Connection, "passed" | "dropped" | "reached" | "decisions"> & {
  readonly seen: Record<Seen, number>;
  decisions: Map<Decision, number> | undefined;
};

const noneSeen = (): Record<Seen, number> => ({ left: 0, arrived: 0, passed: 0, dropped: 0, "verdict dropped": 0 });

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

/** Connections by their ends and ports. Ends are one object each, which finds faster than a text made of them. */
function connectionStore() {
  const bySource = new Map<End, Map<End, Map<number, Sightings>>>();
  const all: Sightings[] = [];
  return {
    all,
    find: ({ source, destination, protocol, port }: Key): Sightings | undefined =>
      bySource.get(source)?.get(destination)?.get(portNumber(protocol, port)),
    add: (one: Sightings): void => {
      const byDestination = bySource.get(one.source) ?? new Map<End, Map<number, Sightings>>();
      bySource.set(one.source, byDestination);
      const byPort = byDestination.get(one.destination) ?? new Map<number, Sightings>();
      byDestination.set(one.destination, byPort);
      byPort.set(portNumber(one.protocol, one.port), one);
      all.push(one);
    },
  };
}

const portNumber = (protocol: FlowProtocol, port: number): number =>
  port * flowProtocols.length + flowProtocols.indexOf(protocol);

type Key = Pick<Judgeable, "source" | "destination" | "protocol" | "port">;

const connectionKey = ({ source, destination, protocol, port }: Key): string =>
  `${source.key} ${destination.key} ${protocol} ${port}`;

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
    return `${pod}${address?.includes(":") ? `[${address}]` : (address ?? "")}${port ? `:${port}` : ""}`;
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

function increment(counts: Map<string, number>, reason: string, by: number): void {
  counts.set(reason, (counts.get(reason) ?? 0) + by);
}
