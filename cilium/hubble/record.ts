/** A record of flows, added up as it is read: each connection once, however often it was seen. */
import type { FlowProtocol } from "../reach/compile/inventory.ts";
import { connectionOf } from "./connection.ts";
import { type End, endReader, type RecordedPod } from "./end.ts";
import { type HubbleFlow, parseEvent } from "./event.ts";

/** Everything that was seen between two ends on one port. */
export type Connection = Times & {
  readonly source: End;
  readonly destination: End;
  readonly protocol: FlowProtocol;
  readonly port: number;
  /** How many flows the cluster's policies let through and dropped when they were recorded. */
  passed: number;
  dropped: number;
  /** One of the flows. */
  readonly example: Example;
};

/** RFC 3339; empty if the record has no times. */
export type Times = { first: string; last: string };

export type Example = {
  readonly time: string;
  readonly source: string;
  readonly destination: string;
  readonly node: string;
};

/** A name that a pod has resolved, with the addresses that it was given. */
export type Lookup = Times & {
  readonly pod: RecordedPod;
  readonly name: string;
  /** Whether it is a name of a Service or pod of the cluster. */
  readonly inCluster: boolean;
  /** Who answered, by whatever key. */
  readonly servers: Map<string, DnsServer>;
  readonly addresses: Set<string>;
  count: number;
};

export type DnsServer = { readonly end: End; readonly port: number };

export type FlowRecord = Times & {
  readonly connections: readonly Connection[];
  readonly lookups: readonly Lookup[];
  /** The names of addresses outside the cluster, from DNS answers and from the flows themselves. */
  readonly names: ReadonlyMap<string, ReadonlySet<string>>;
  /** How many flows were seen; a line of an aggregating exporter stands for several. */
  readonly flows: number;
  /** Flows that are no connections to judge, by reason. */
  readonly leftOut: ReadonlyMap<string, number>;
  /** Flows that the record says too little about, by reason. */
  readonly notJudged: ReadonlyMap<string, number>;
  /** Lines about something else than flows. */
  readonly otherLines: number;
  readonly malformedLines: number;
  /** Events that happened and are not in the record. */
  readonly lostEvents: number;
  /** Nodes that the record misses flows of. */
  readonly missingNodes: ReadonlySet<string>;
};

export type RecordReader = {
  /** Takes one line, without its end. An empty line is none. */
  readonly add: (line: string) => void;
  /** What was read so far. */
  readonly record: () => FlowRecord;
};

/** Adds up the lines of one record, from one file or several. */
export function recordReader(): RecordReader {
  const readEnd = endReader();
  const connections = new Map<string, Connection>();
  const lookups = new Map<string, Lookup>();
  const names = new Map<string, Set<string>>();
  const leftOut = new Map<string, number>();
  const notJudged = new Map<string, number>();
  const missingNodes = new Set<string>();
  const times: Times = { first: "", last: "" };
  const counts = { flows: 0, otherLines: 0, malformedLines: 0, lostEvents: 0 };

  const addFlow = (flow: HubbleFlow): void => {
    const weight = weightOf(flow);
    counts.flows += weight;
    const time = flow.time ?? "";
    extend(times, time);
    addNames(names, flow.IP?.destination, flow.destination_names ?? []);
    addLookup(flow, time);
    const read = connectionOf(flow, readEnd);
    if (read.kind !== "connection") {
      increment(read.kind === "left-out" ? leftOut : notJudged, read.reason, weight);
      return;
    }
    const { source, destination, protocol, port, dropped } = read;
    const key = `${source.key} ${destination.key} ${protocol} ${port}`;
    let connection = connections.get(key);
    if (connection === undefined) {
      const example = exampleOf(flow, time);
      connection = { source, destination, protocol, port, passed: 0, dropped: 0, first: time, last: time, example };
      connections.set(key, connection);
    }
    if (dropped) connection.dropped += weight;
    else connection.passed += weight;
    extend(connection, time);
  };

  /** A DNS answer comes from the DNS server and goes to the pod that asked. */
  const addLookup = ({ l7, l4, is_reply, source, destination, IP }: HubbleFlow, time: string): void => {
    const dns = l7?.dns;
    if (!dns?.query || !is_reply || dns.rcode) return;
    const name = dns.query.replace(/\.$/, "").toLowerCase();
    const inCluster = isClusterName(name);
    const addresses = dns.ips ?? [];
    if (!inCluster) for (const address of addresses) addNames(names, address, [name]);
    const pod = readEnd(destination, IP?.destination);
    if (pod.kind !== "pod" || addresses.length === 0) return;
    const key = `${pod.key} ${name}`;
    let lookup = lookups.get(key);
    if (lookup === undefined) {
      const sets = { servers: new Map(), addresses: new Set<string>() };
      lookup = { pod, name, inCluster, ...sets, count: 0, first: time, last: time };
      lookups.set(key, lookup);
    }
    lookup.count++;
    const server = readEnd(source, IP?.source);
    const port = (l4?.UDP ?? l4?.TCP)?.source_port;
    if (server.kind !== "unknown" && port) lookup.servers.set(`${server.key} ${port}`, { end: server, port });
    for (const address of addresses) lookup.addresses.add(address);
    extend(lookup, time);
  };

  return {
    add: (line) => {
      if (line.trim() === "") return;
      const event = parseEvent(line);
      switch (event.kind) {
        case "flow":
          return addFlow(event.flow);
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
          counts.malformedLines++;
      }
    },
    record: () => ({
      ...counts,
      ...times,
      connections: [...connections.values()],
      lookups: [...lookups.values()],
      names,
      leftOut,
      notJudged,
      missingNodes,
    }),
  };
}

/** Names of Services and pods; the policies' DNS names are about what is outside. */
const isClusterName = (name: string): boolean => /\.(svc|pod)\.|\.cluster\.local$/.test(name);

function addNames(names: Map<string, Set<string>>, address: string | null | undefined, more: readonly string[]): void {
  if (!address) return;
  for (const name of more) {
    const known = names.get(address) ?? new Set();
    names.set(address, known.add(name.replace(/\.$/, "").toLowerCase()));
  }
}

/** Widens a span of time. Without their last letter, the Z, RFC 3339 texts of one zone sort by time. */
export function extend(span: Times, time: string): void {
  if (time === "") return;
  const at = time.slice(0, -1);
  if (span.first === "" || at < span.first.slice(0, -1)) span.first = time;
  if (span.last === "" || at > span.last.slice(0, -1)) span.last = time;
}

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
