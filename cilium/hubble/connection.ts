/**
 * Which flows of a record are connections that a policy decides about, and which are not: replies, events from before or
 * after the translation of a Service, drops that no policy made.
 *
 * Sources: `pkg/hubble/parser/threefour/parser.go`, `sock/parser.go` and `seven/parser.go`.
 */
import type { FlowProtocol } from "../reach/compile/inventory.ts";
import { isVerdict } from "./decision.ts";
import type { End, ReadEnd, UnknownEnd } from "./end.ts";
import type { HubbleEndpoint, HubbleFlow } from "./event.ts";

export type Judgeable = {
  readonly kind: "connection";
  readonly source: End;
  readonly destination: End;
  readonly protocol: FlowProtocol;
  /** The destination's, after translation of a Service; for ICMP its type, 0 for protocols without ports. */
  readonly port: number;
  readonly seen: Seen;
};

/**
 * How far a connection got: past its source's end, `arrived` past its destination's, or `passed` where the record does not
 * say which; or was dropped by a policy at an end. A node records such a drop twice, as the verdict and as the packet.
 */
export type Seen = (typeof seenLeaving)[number] | "arrived" | "passed" | "dropped" | "verdict dropped";

/** Where packets leave for another node. */
const leavingPoints = ["TO_OVERLAY", "TO_NETWORK", "TO_CRYPTO"] as const;

/** How a connection is seen that is past its source's end: one attempt in several of these ways. */
export const seenLeaving = ["left", "verdict left", ...leavingPoints] as const;

/** A dropped packet without flags that looks like an answer: it is one if its port is one that others connect to. */
export type Answer = Pick<Judgeable, "source" | "destination" | "protocol"> & {
  readonly kind: "answer";
  /** The port that it comes from. */
  readonly port: number;
};

/** Left out rightly: it says nothing about a connection that something else does not say better. */
export type LeftOut = { readonly kind: "left-out"; readonly reason: string };

/** A connection that may have been, and that the record says too little about. */
export type NotJudged = { readonly kind: "not-judged"; readonly reason: string };

export function connectionOf(flow: HubbleFlow, readEnd: ReadEnd): Judgeable | Answer | LeftOut | NotJudged {
  const dropped = isDropped(flow);
  const aside = leftOut(flow, dropped);
  if (aside !== undefined) return aside;
  const target = targetOf(flow.l4);
  if (target === undefined) {
    return isBetweenNodes(flow, readEnd) ? betweenNodes : notJudged("the flow names no protocol and port");
  }
  if (!flow.verdict || flow.verdict === "VERDICT_UNKNOWN") {
    return notJudged("whether it was let through was not recorded (verdict)");
  }
  if (isReply(flow) === undefined && flow.verdict !== "DROPPED" && !opensConnection(flow)) {
    return notJudged("whether it is a reply was not recorded (is_reply)");
  }
  const { source, destination } = asSeenFromAfar(flow, readEnd);
  if (source.kind === "unknown") return notJudged(source.reason);
  // A Service's address belongs to no pod; a policy is about the pod that the connection goes to in the end.
  if (flow.destination_service?.name && destination.kind !== "pod") {
    return notJudged("only the Service is recorded, not the pod behind it");
  }
  if (destination.kind === "unknown") return notJudged(destination.reason);
  const answering = dropped ? answeringPort(flow) : undefined;
  if (answering !== undefined) {
    return { kind: "answer", source, destination, protocol: target.protocol, port: answering };
  }
  return { kind: "connection", source, destination, ...target, seen: seenOf(flow, dropped) };
}

/** As IPsec and other tunnels of nodes are recorded. */
const isBetweenNodes = ({ source, destination, IP }: HubbleFlow, readEnd: ReadEnd): boolean =>
  readEnd(source, IP?.source).kind === "entity" && readEnd(destination, IP?.destination).kind === "entity";

/** A proxy that refuses a request has let the connection through. */
const isDropped = ({ verdict, Type }: HubbleFlow): boolean => verdict === "DROPPED" && Type !== "L7";

/** The deprecated field leaves out that a packet is a reply, but never says so wrongly. */
export const isReply = ({ is_reply, reply }: HubbleFlow): boolean | undefined =>
  is_reply ?? (reply === true ? true : undefined);

function seenOf(flow: HubbleFlow, dropped: boolean): Seen {
  if (dropped) return isVerdict(flow) ? "verdict dropped" : "dropped";
  const point = leavingPointOf(flow);
  if (point !== undefined) return point;
  if (flow.trace_observation_point === "TO_ENDPOINT" || flow.traffic_direction === "INGRESS") return "arrived";
  if (flow.traffic_direction !== "EGRESS") return "passed";
  return isVerdict(flow) ? "verdict left" : "left";
}

const leavingPointOf = ({ trace_observation_point }: HubbleFlow) =>
  leavingPoints.find((point) => point === trace_observation_point);

/**
 * The ends as the other one's node knows them: a node is `host` only to the pods that it runs
 * (`nodeIdentityLabels` in `pkg/node/manager/manager.go`), and events name it as the node that recorded them does.
 */
function asSeenFromAfar(flow: HubbleFlow, readEnd: ReadEnd): Record<"source" | "destination", End | UnknownEnd> {
  const source = readEnd(flow.source, flow.IP?.source);
  const destination = readEnd(flow.destination, flow.IP?.destination);
  if (source.kind === "pod" && isRecorder(destination)) {
    return { source, destination: nodeOf(destination, isSourceLocal(flow), readEnd) };
  }
  if (destination.kind === "pod" && isRecorder(source)) {
    return { source: nodeOf(source, isDestinationLocal(flow), readEnd), destination };
  }
  return { source, destination };
}

type Recorder = Extract<End, { kind: "entity" }>;

/** Whether an end is the node that recorded the event. */
const isRecorder = (end: End | UnknownEnd): end is Recorder =>
  end.kind === "entity" && (end.entity === "host" || end.entity === "control-plane-host");

/** Whether the recording node runs the pod that a connection to it comes from; undefined where that was not recorded. */
function isSourceLocal({ source, destination, traffic_direction }: HubbleFlow): boolean | undefined {
  if (isOwnEndpoint(source)) return true;
  if (isOwnEndpoint(destination) || traffic_direction === "INGRESS") return false;
  return traffic_direction === "EGRESS" ? true : undefined;
}

/** The same of the pod that a connection from it goes to. */
function isDestinationLocal(flow: HubbleFlow): boolean | undefined {
  if (leavingPointOf(flow) !== undefined) return false;
  if (isOwnEndpoint(flow.destination) || flow.trace_observation_point === "TO_ENDPOINT") return true;
  if (isOwnEndpoint(flow.source) || flow.traffic_direction === "EGRESS") return false;
  return flow.traffic_direction === "INGRESS" ? true : undefined;
}

/** A node knows the numbers and the workloads of its own endpoints only. */
const isOwnEndpoint = (endpoint: HubbleEndpoint | null | undefined): boolean =>
  Boolean(endpoint?.ID) || Boolean(endpoint?.workloads?.length);

function nodeOf(node: Recorder, runsPod: boolean | undefined, readEnd: ReadEnd): End | UnknownEnd {
  if (runsPod === undefined) return { kind: "unknown", reason: "which node runs a pod was not recorded (ID)" };
  if (runsPod) return node;
  const apiServer = node.entity === "control-plane-host" ? ["reserved:kube-apiserver"] : [];
  return readEnd({ labels: [...apiServer, "reserved:remote-node"] }, undefined);
}

function leftOut(flow: HubbleFlow, dropped: boolean): LeftOut | undefined {
  const { Type, verdict, event_type, trace_reason, l4 } = flow;
  const reply = isReply(flow);
  const flags = l4?.TCP?.flags;
  if (reply || (reply === undefined && flags?.SYN && flags.ACK)) return replies;
  if (Type === "SOCK" || verdict === "TRACED" || verdict === "TRANSLATED") return translation;
  if (event_type?.type === debugCapture) return captured;
  if (isSentForPod(flow.source)) return sentForPod;
  if (!dropped && isToItself(flow)) return toItself;
  if (trace_reason === "RELATED") return related;
  if (reply === undefined && (flow.trace_observation_point ?? "").startsWith("FROM_")) return beforeDecision;
  if (!dropped) return undefined;
  if (!policyDrops.has(flow.drop_reason_desc ?? flow.drop_reason)) return otherDrops;
  return flags && !flags.SYN ? droppedMidway : undefined;
}

const leftOutBecause = (reason: string): LeftOut => ({ kind: "left-out", reason });
const notJudged = (reason: string): NotJudged => ({ kind: "not-judged", reason });

export const replies = leftOutBecause("replies");
const translation = leftOutBecause("socket events of a Service's translation");
const captured = leftOutBecause("packets captured for debugging");
const sentForPod = leftOutBecause("packets that a node sends for a pod, through a proxy or encrypted");
const betweenNodes = leftOutBecause("packets between nodes, of protocols without ports");
const toItself = leftOutBecause("connections of a pod to itself through a Service, which no policy is about");
const related = leftOutBecause("ICMP messages about another connection");
const beforeDecision = leftOutBecause("packets seen before Cilium looked at them");
const otherDrops = leftOutBecause("drops that no policy made");
const droppedMidway = leftOutBecause("dropped packets that begin no connection (TCP without SYN)");

/** Drops by a policy; the drops of a proxy have no reason. */
const policyDrops = new Set<unknown>([
  "POLICY_DENIED",
  "POLICY_DENY",
  "AUTH_REQUIRED",
  "DROP_REASON_UNKNOWN",
  undefined,
  null,
]);

/** The type of the event of a packet that was captured (`MessageTypeCapture` in `pkg/monitor/api/types.go`). */
const debugCapture = 3;

/** The first number of an identity of pods, and the first of those that a node makes for itself (`pkg/identity/numericidentity.go`). */
const podIdentities = { from: 256, until: 1 << 24 };

/**
 * Whether a packet has a node's address and keeps the identity of the pod that it is sent for
 * (`resolveIdentityConflict` in `pkg/hubble/parser/common/endpoint.go`): what the pod sent is recorded by itself.
 */
const isSentForPod = (source: HubbleEndpoint | null | undefined): boolean =>
  // A node is in no namespace, and nearly every other end is.
  !source?.namespace &&
  (source?.identity ?? 0) >= podIdentities.from &&
  (source?.identity ?? 0) < podIdentities.until &&
  Boolean(source?.labels?.includes("reserved:host"));

/** Whose address a pod sees at the other end that connects to itself (`ServiceLoopbackIPv4` in `daemon/infraendpoints/cell.go`). */
const loopbacks = new Set<unknown>(["169.254.42.1", "fe80::1"]);

/** The datapath asks no policy then (`hairpin_flow` in `bpf/bpf_lxc.c`). */
const isToItself = ({ source, IP }: HubbleFlow): boolean =>
  loopbacks.has(IP?.source) && !source?.labels?.some((label) => label.startsWith("reserved:"));

const opensConnection = ({ l4 }: HubbleFlow): boolean => l4?.TCP?.flags?.SYN === true;

/** Where clients' ports begin (`net.ipv4.ip_local_port_range`). */
const firstClientPort = 32_768;

/** The port that a dropped packet comes from, if it goes to a client's port and nothing says whether it is an answer. */
function answeringPort(flow: HubbleFlow): number | undefined {
  const { source_port, destination_port } = flow.l4?.UDP ?? flow.l4?.SCTP ?? {};
  if (isReply(flow) !== undefined || !source_port || !destination_port) return undefined;
  return destination_port >= firstClientPort && source_port < firstClientPort ? source_port : undefined;
}

type Target = Pick<Judgeable, "protocol" | "port">;

function targetOf(l4: HubbleFlow["l4"]): Target | undefined {
  for (const protocol of ["TCP", "UDP", "SCTP"] as const) {
    const ports = l4?.[protocol];
    if (ports) return ports.destination_port ? { protocol, port: ports.destination_port } : undefined;
  }
  if (l4?.ICMPv4) return { protocol: "ICMP", port: l4.ICMPv4.type ?? 0 };
  if (l4?.ICMPv6) return { protocol: "ICMPv6", port: l4.ICMPv6.type ?? 0 };
  if (l4?.VRRP) return { protocol: "VRRP", port: 0 };
  return l4?.IGMP ? { protocol: "IGMP", port: 0 } : undefined;
}
