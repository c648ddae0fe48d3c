/**
 * The events of a Hubble record: what `hubble observe -o jsonpb` prints and what Hubble's exporter writes
 * (`api/v1/flow/flow.proto`, `api/v1/observer/observer.proto`, in protobuf's JSON, with the fields' names in either form).
 * Fields that nothing here reads may be there or not; zero values are left out by protobuf.
 */
import { z } from "zod";
import {
  dropReason,
  flowType,
  layer7Type,
  nodeState,
  observationPoint,
  traceReason,
  trafficDirection,
  verdict,
} from "./enums.ts";

const text = z.string().nullish();
const count = z.number().nullish();
const flag = z.boolean().nullish();
const texts = z.array(z.string()).nullish();

export const endpoint = z.object({
  ID: count,
  identity: count,
  cluster_name: text,
  namespace: text,
  labels: texts,
  pod_name: text,
  workloads: z.array(z.object({ name: text })).nullish(),
});

const ports = z.object({ source_port: count, destination_port: count });
const typed = z.object({ type: count });
export const tcpFlags = z.object({ SYN: flag, ACK: flag });

const layer4 = z.object({
  TCP: ports.extend({ flags: tcpFlags.nullish() }).nullish(),
  UDP: ports.nullish(),
  SCTP: ports.nullish(),
  ICMPv4: typed.nullish(),
  ICMPv6: typed.nullish(),
  VRRP: typed.nullish(),
  IGMP: typed.nullish(),
});

/** A policy that decided; rules of Cilium's own have labels only. */
const policies = z.array(z.object({ kind: text, namespace: text, name: text })).nullish();

const service = z.object({ name: text, namespace: text });

const layer7 = z.object({
  type: layer7Type,
  dns: z.object({ query: text, ips: texts, rcode: count }).nullish(),
  http: z
    .object({
      method: text,
      url: text,
      headers: z.array(z.object({ key: text, value: text })).nullish(),
    })
    .nullish(),
});

/** protobuf writes 64-bit integers as strings. */
const int64 = z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]);

/** Flows that were added up; `time` is that of the first of them. Hubble's own does not say when the last was. */
const aggregate = z.object({
  ingress_flow_count: int64.nullish(),
  egress_flow_count: int64.nullish(),
  unknown_direction_flow_count: int64.nullish(),
  last_time: text,
});

const flow = z.object({
  time: text,
  uuid: text,
  node_name: text,
  verdict,
  drop_reason: dropReason,
  drop_reason_desc: dropReason,
  event_type: typed.nullish(),
  IP: z.object({ source: text, destination: text }).nullish(),
  l4: layer4.nullish(),
  source: endpoint.nullish(),
  destination: endpoint.nullish(),
  destination_names: texts,
  destination_service: service.nullish(),
  Type: flowType,
  traffic_direction: trafficDirection,
  is_reply: flag,
  reply: flag,
  trace_observation_point: observationPoint,
  trace_reason: traceReason,
  policy_match_type: count,
  egress_allowed_by: policies,
  ingress_allowed_by: policies,
  egress_denied_by: policies,
  ingress_denied_by: policies,
  aggregate: aggregate.nullish(),
  l7: layer7.nullish(),
});

/** What became of a packet, and for drops why. */
export const outcome = flow.pick({ verdict: true, drop_reason: true });

const lostEvents = z.object({ num_events_lost: int64.nullish() });
const nodeStatus = z.object({ state_change: nodeState, node_names: texts });

const wrapped = z.object({
  flow: flow.nullish(),
  lost_events: lostEvents.nullish(),
  node_status: nodeStatus.nullish(),
  time: text,
  node_name: text,
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
  /** A field of the wrong type. */
  | { readonly kind: "malformed" };

const malformed: HubbleEvent = { kind: "malformed" };
const other: HubbleEvent = { kind: "other" };

/** Reads a JSON value. Never throws: what is no object, or has a field of the wrong type, is `malformed`. */
export function readEvent(value: unknown): HubbleEvent {
  const named = inSnakeCase(value);
  const parsed = wrapped.safeParse(named);
  if (!parsed.success) return malformed;
  const { flow, lost_events, node_status, time, node_name } = parsed.data;
  if (flow) {
    // The wrapper's are the fields of today; the flow's own are filled in for old clients.
    flow.time ||= time;
    flow.node_name ||= node_name;
    return { kind: "flow", flow };
  }
  if (lost_events) return { kind: "lost-events", lost: lost_events.num_events_lost ?? 1 };
  if (node_status) return nodeStatusEvent(node_status);
  return typeof named === "object" && named !== null ? readBare(named) : malformed;
}

/** `hubble observe -o json` prints the flow, the loss or the status without a wrapper. */
function readBare(value: object): HubbleEvent {
  if ("num_events_lost" in value) {
    const parsed = lostEvents.safeParse(value);
    return parsed.success ? { kind: "lost-events", lost: parsed.data.num_events_lost ?? 1 } : malformed;
  }
  if ("state_change" in value) {
    const parsed = nodeStatus.safeParse(value);
    return parsed.success ? nodeStatusEvent(parsed.data) : malformed;
  }
  if (!("source" in value || "destination" in value || "IP" in value)) return holdsFlow(value) ? malformed : other;
  const parsed = flow.safeParse(value);
  return parsed.success ? { kind: "flow", flow: parsed.data } : malformed;
}

/** Whether something like a flow is somewhere within, as in an envelope that nobody here knows. */
const holdsFlow = (value: object): boolean => /verdict\\*":/i.test(JSON.stringify(value));

const nodeStatusEvent = ({ state_change, node_names }: z.infer<typeof nodeStatus>): HubbleEvent =>
  state_change === "NODE_UNAVAILABLE" || state_change === "NODE_ERROR"
    ? { kind: "nodes-missing", nodes: node_names ?? [] }
    : other;

/** The names of all fields that are read and have more than one word. */
const snakeCase = [
  ...[wrapped, flow, endpoint, ports, aggregate, lostEvents, nodeStatus].flatMap(({ shape }) => Object.keys(shape)),
].filter((name) => name.includes("_"));
const ofCamelCase = new Map(
  snakeCase.map((name) => [name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()), name]),
);
/** Every event has one of these: which are enough to know that a writer uses protobuf's default form. */
const telling = [
  ...["nodeName", "isReply", "sourcePort", "podName", "trafficDirection", "lostEvents", "stateChange"],
  "numEventsLost",
];

function inSnakeCase(value: unknown): unknown {
  return isObject(value) && isCamelCase(value) ? renamed(value) : value;
}

function isCamelCase(value: object): boolean {
  const inner = "flow" in value && isObject(value.flow) ? value.flow : value;
  return telling.some((name) => name in value || name in inner);
}

function renamed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(renamed);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [ofCamelCase.get(key) ?? key, renamed(inner)]));
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
