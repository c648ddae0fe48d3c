/**
 * Which flows of a record are connections that a policy decides about, and which are not: replies, events from before or
 * after the translation of a Service, drops that no policy made.
 *
 * Sources: `pkg/hubble/parser/threefour/parser.go`, `sock/parser.go` and `seven/parser.go`.
 */
import type { FlowProtocol } from "../reach/compile/inventory.ts";
import type { End, UnknownEnd } from "./end.ts";
import type { HubbleEndpoint, HubbleFlow } from "./event.ts";

export type Judgeable = {
  readonly kind: "connection";
  readonly source: End;
  readonly destination: End;
  readonly protocol: FlowProtocol;
  /** The destination's, after translation of a Service; for ICMP its type, 0 for protocols without ports. */
  readonly port: number;
  /** Whether the cluster's policies dropped it when it was recorded. */
  readonly dropped: boolean;
};

/** Left out rightly: it says nothing about a connection that something else does not say better. */
export type LeftOut = { readonly kind: "left-out"; readonly reason: string };

/** A connection that may have been, and that the record says too little about. */
export type NotJudged = { readonly kind: "not-judged"; readonly reason: string };

type ReadEnd = (endpoint: HubbleEndpoint | null | undefined, address: string | null | undefined) => End | UnknownEnd;

export function connectionOf(flow: HubbleFlow, readEnd: ReadEnd): Judgeable | LeftOut | NotJudged {
  const aside = leftOut(flow);
  if (aside !== undefined) return aside;
  const target = targetOf(flow.l4);
  if (target === undefined) return notJudged("the flow names no protocol and port");
  if (flow.is_reply == null && flow.verdict !== "DROPPED" && !opensConnection(flow)) {
    return notJudged("whether it is a reply was not recorded (is_reply)");
  }
  const source = readEnd(flow.source, flow.IP?.source);
  const destination = readEnd(flow.destination, flow.IP?.destination);
  if (source.kind === "unknown") return notJudged(source.reason);
  // A Service's address belongs to no pod; a policy is about the pod that the connection goes to in the end.
  if (flow.destination_service?.name && destination.kind !== "pod") {
    return notJudged("only the Service is recorded, not the pod behind it");
  }
  if (destination.kind === "unknown") return notJudged(destination.reason);
  return { kind: "connection", source, destination, ...target, dropped: flow.verdict === "DROPPED" };
}

function leftOut({ Type, is_reply, verdict, trace_reason, l4, ...flow }: HubbleFlow): LeftOut | undefined {
  if (is_reply || (is_reply == null && l4?.TCP?.flags?.SYN && l4.TCP.flags.ACK)) return replies;
  if (Type === "SOCK" || verdict === "TRACED" || verdict === "TRANSLATED") return translation;
  if (trace_reason === "RELATED") return related;
  if (is_reply == null && String(flow.trace_observation_point ?? "").startsWith("FROM_")) return beforeDecision;
  return verdict === "DROPPED" && !policyDrops.has(flow.drop_reason_desc) ? otherDrops : undefined;
}

const leftOutBecause = (reason: string): LeftOut => ({ kind: "left-out", reason });
const notJudged = (reason: string): NotJudged => ({ kind: "not-judged", reason });

const replies = leftOutBecause("replies");
const translation = leftOutBecause("socket events of a Service's translation");
const related = leftOutBecause("ICMP messages about another connection");
const beforeDecision = leftOutBecause("packets seen before Cilium looked at them");
const otherDrops = leftOutBecause("drops that no policy made");

/** Drops by a policy; the drops of a proxy have no reason. */
const policyDrops = new Set<unknown>([
  "POLICY_DENIED",
  "POLICY_DENY",
  "AUTH_REQUIRED",
  "DROP_REASON_UNKNOWN",
  undefined,
  null,
]);

const opensConnection = ({ l4 }: HubbleFlow): boolean => l4?.TCP?.flags?.SYN === true;

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
