/**
 * The lines of a Hubble record: what `hubble observe -o jsonpb` prints and what Hubble's exporter writes, one JSON object
 * a line (`api/v1/flow/flow.proto`, `api/v1/observer/observer.proto`, in protobuf's JSON with the names of the fields).
 * Fields that nothing here reads may be there or not; zero values are left out by protobuf.
 */
import { z } from "zod";

/** A name of an enum; a value that the writer knew no name for is a number. */
const enumeration = z.union([z.string(), z.number()]).nullish();
const text = z.string().nullish();
const count = z.number().nullish();
const texts = z.array(z.string()).nullish();

const endpoint = z.object({
  identity: count,
  namespace: text,
  labels: texts,
  pod_name: text,
  workloads: z.array(z.object({ name: text })).nullish(),
});

const ports = z.object({ source_port: count, destination_port: count });
const typed = z.object({ type: count });

const layer4 = z.object({
  TCP: ports
    .extend({ flags: z.object({ SYN: z.boolean().nullish(), ACK: z.boolean().nullish() }).nullish() })
    .nullish(),
  UDP: ports.nullish(),
  SCTP: ports.nullish(),
  ICMPv4: typed.nullish(),
  ICMPv6: typed.nullish(),
  VRRP: typed.nullish(),
  IGMP: typed.nullish(),
});

const service = z.object({ name: text, namespace: text });

const flow = z.object({
  time: text,
  node_name: text,
  verdict: enumeration,
  drop_reason_desc: enumeration,
  IP: z.object({ source: text, destination: text }).nullish(),
  l4: layer4.nullish(),
  source: endpoint.nullish(),
  destination: endpoint.nullish(),
  destination_names: texts,
  destination_service: service.nullish(),
  Type: enumeration,
  is_reply: z.boolean().nullish(),
  trace_observation_point: enumeration,
  trace_reason: enumeration,
  aggregate: z
    .object({ ingress_flow_count: count, egress_flow_count: count, unknown_direction_flow_count: count })
    .nullish(),
  l7: z.object({ type: enumeration, dns: z.object({ query: text, ips: texts, rcode: count }).nullish() }).nullish(),
});

/** protobuf writes 64-bit integers as strings. */
const int64 = z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]);
const lostEvents = z.object({ num_events_lost: int64.nullish() });
const nodeStatus = z.object({ state_change: enumeration, node_names: texts });

const wrapped = z.object({
  flow: flow.nullish(),
  lost_events: lostEvents.nullish(),
  node_status: nodeStatus.nullish(),
});

export type HubbleFlow = z.infer<typeof flow>;
export type HubbleEndpoint = z.infer<typeof endpoint>;

export type HubbleEvent =
  | { readonly kind: "flow"; readonly flow: HubbleFlow }
  /** Events that happened and are not in the record. */
  | { readonly kind: "lost-events"; readonly lost: number }
  /** Nodes that the record has nothing from, from here on. */
  | { readonly kind: "nodes-missing"; readonly nodes: readonly string[] }
  /** Events of the agent, nodes that joined, and whatever later versions write. */
  | { readonly kind: "other" }
  | { readonly kind: "malformed" };

const malformed: HubbleEvent = { kind: "malformed" };
const other: HubbleEvent = { kind: "other" };

/** Reads one line. Never throws: what is no JSON object, or has a field of the wrong type, is `malformed`. */
export function parseEvent(line: string): HubbleEvent {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return malformed;
  }
  const parsed = wrapped.safeParse(value);
  if (!parsed.success) return malformed;
  const { flow, lost_events, node_status } = parsed.data;
  if (flow) return { kind: "flow", flow };
  if (lost_events) return { kind: "lost-events", lost: lost_events.num_events_lost ?? 1 };
  if (node_status) return nodeStatusEvent(node_status);
  return typeof value === "object" && value !== null ? parseBare(value) : malformed;
}

/** `hubble observe -o json` prints the flow, the loss or the status without a wrapper. */
function parseBare(value: object): HubbleEvent {
  if ("num_events_lost" in value) {
    const parsed = lostEvents.safeParse(value);
    return parsed.success ? { kind: "lost-events", lost: parsed.data.num_events_lost ?? 1 } : malformed;
  }
  if ("state_change" in value) {
    const parsed = nodeStatus.safeParse(value);
    return parsed.success ? nodeStatusEvent(parsed.data) : malformed;
  }
  if (!("source" in value || "destination" in value || "IP" in value)) return other;
  const parsed = flow.safeParse(value);
  return parsed.success ? { kind: "flow", flow: parsed.data } : malformed;
}

const nodeStatusEvent = ({ state_change, node_names }: z.infer<typeof nodeStatus>): HubbleEvent =>
  state_change === "NODE_UNAVAILABLE" || state_change === "NODE_ERROR"
    ? { kind: "nodes-missing", nodes: node_names ?? [] }
    : other;
