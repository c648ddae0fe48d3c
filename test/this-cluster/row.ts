/**
 * The notation of the transcribed tables: one `Row` per component, its cells as lists of flows. A flow reads like the
 * cell that it was taken from: peers, then ports.
 */
import type { Entity } from "../../cilium/policy/schema.ts";

/** An endpoint is named by the namespace and name of its row; its labels are looked up there. */
export type Peer = `entity ${Entity}` | `endpoint ${string}/${string}` | `fqdn ${string}` | `cidr ${string}`;

export type Port = `${number}/${"TCP" | "UDP"}`;

interface Flow {
  readonly on: readonly Port[];
  /** The cell says `(L7 HTTP)`. */
  readonly http?: true;
  /** This row does not state the flow; the row of the peer does. The text says what exactly is missing here. */
  readonly alsoBecauseTheOtherSideSays?: string;
}

export interface IngressFlow extends Flow {
  readonly from: readonly Peer[];
}

export interface EgressFlow extends Flow {
  readonly to: readonly Peer[];
}

/** `none`: the direction is governed and nothing is allowed. `deny world`: likewise, and the world is denied. */
export interface Row {
  readonly namespace: string;
  readonly name: string;
  /** What the pod's labels satisfy: `key=value`, `key In [a, b]` (values sorted), `key Exists`, `key DoesNotExist`. */
  readonly selects: readonly string[];
  readonly ingress: "none" | "deny world" | readonly IngressFlow[];
  readonly egress: "none" | readonly EgressFlow[];
}

/** The cell's bare `kube-apiserver`. */
export const kubeApiserver: EgressFlow = { to: ["entity kube-apiserver"], on: ["6443/TCP"] };
