/** What changes between two sets of policies: who can reach whom, how, and which pods deny what no rule allows. */
import type { FlowProtocol } from "../compile/inventory.ts";
import type { Direction } from "../compile/rules.ts";

/**
 * One end of a changed flow: an endpoint as `namespace/name`, the pods that no inventory lists, a set in words, a node, one of Cilium's
 * entities, addresses or a DNS name outside the cluster.
 */
export type FlowEnd = {
  readonly kind: "endpoint" | "other-pods" | "set" | "node" | "entity" | "cidr" | "fqdn";
  readonly name: string;
  /** Of a `cidr` its prefix or address, since its name may say whose that is. */
  readonly addresses?: string;
};

/** Ports (or ICMP types) of one protocol, both ends included. */
export type PortSpan = { readonly protocol: FlowProtocol; readonly from: number; readonly to: number };

export type FlowChange = {
  readonly from: FlowEnd;
  readonly to: FlowEnd;
  readonly ports: readonly PortSpan[];
};

/** A flow that is possible on one side only, with what a proxy or authentication asks of it. */
export type ReachChange = FlowChange & { readonly conditions: readonly string[] };

/** A flow that is possible on both sides, but not in the same way. */
export type ConditionChange = FlowChange & {
  readonly before: readonly string[];
  readonly after: readonly string[];
};

/** A flow about which the two sides may differ: whether they do hangs on something that is not known here. */
export type UndecidableChange = FlowChange & { readonly reasons: readonly string[] };

/** Pods or nodes that deny, or no longer deny, what no rule allows in one direction. */
export type IsolationChange = {
  readonly kind: "endpoint" | "other-pods" | "node";
  readonly endpoint: string;
  readonly direction: Direction;
};

export type Difference = {
  /** Endpoints of one side only. Their flows open or close with them. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly opened: readonly ReachChange[];
  readonly closed: readonly ReachChange[];
  readonly changed: readonly ConditionChange[];
  readonly isolated: readonly IsolationChange[];
  readonly exposed: readonly IsolationChange[];
  readonly undecidable: readonly UndecidableChange[];
};

/** Spans that touch or overlap as one; they ascend within each protocol. */
export function joined(spans: readonly PortSpan[]): PortSpan[] {
  const result: PortSpan[] = [];
  for (const span of spans) {
    const at = result.findLastIndex(({ protocol }) => protocol === span.protocol);
    const last = result[at];
    if (last === undefined || last.to + 1 < span.from) result.push(span);
    else result[at] = { ...last, to: Math.max(last.to, span.to) };
  }
  return result;
}

export const noDifference: Difference = {
  added: [],
  removed: [],
  opened: [],
  closed: [],
  changed: [],
  isolated: [],
  exposed: [],
  undecidable: [],
};

export const isEmpty = (difference: Difference): boolean =>
  Object.values(difference).every((changes) => changes.length === 0);
