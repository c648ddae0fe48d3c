/** What the map shows, whatever it was read from: the pods, what lies around them, the flows and the policies. */

export interface Picture {
  /** What was read, for the heading: `stack prod`. */
  readonly title: string;
  /** What it is compared with, where two versions are shown. */
  readonly comparison: PictureComparison | undefined;
  /** In the order in which they are shown. */
  readonly peers: readonly Peer[];
  readonly flows: readonly PictureFlow[];
  readonly policies: readonly PolicyText[];
}

export interface PictureComparison {
  /** What was read as the earlier version. */
  readonly title: string;
  /** What changes, counted: `1 flow closed, 2 flows opened`. */
  readonly summary: string;
}

/** In both versions, only in the one shown, or only in the one that it is compared with. */
export type Change = "same" | "new" | "gone";

interface Shown {
  /** `namespace/name` of pods; the peer's own name otherwise. */
  readonly id: string;
  readonly label: string;
  /** What it stands for: DNS names, an address, Cilium's entities. */
  readonly names: readonly string[];
  readonly note: string | undefined;
  readonly change: Change;
}

/** Pods that policies govern. */
export interface WorkloadPeer extends Shown {
  readonly kind: "workload";
  readonly namespace: string;
  /** How many pods it has, where that is known; otherwise 1. */
  readonly pods: number;
  /** The directions in which it is not in default deny. */
  readonly open: readonly ("ingress" | "egress")[];
  /** Names of the policies that select its pods. */
  readonly policies: readonly string[];
}

/** Pods on the host's network, which no policy can select. */
export interface HostNetworkPeer extends Shown {
  readonly kind: "host-network";
  readonly namespace: string;
  readonly pods: number;
}

/**
 * What is no pod: the Gateway, the way in; the API server and the nodes, which nearly all workloads talk to; and what
 * lies outside the cluster.
 */
export interface OtherPeer extends Shown {
  readonly kind: "gateway" | "api-server" | "nodes" | "outside";
}

export type Peer = WorkloadPeer | HostNetworkPeer | OtherPeer;

export interface PictureFlow {
  /** Ids of its peers. */
  readonly from: string;
  readonly to: string;
  /** `8080/TCP` and the like. */
  readonly ports: readonly string[];
  /** What else a connection has to satisfy: `L7 HTTP` where Envoy parses it, `once resolved` for names. */
  readonly conditions: readonly string[];
  readonly purpose: string | undefined;
  /** `changed` where it is possible in both versions but not on the same conditions, or where that is not decidable. */
  readonly change: Change | "changed";
}

export interface PolicyText {
  /** `namespace/name`, or the name of a clusterwide policy. */
  readonly name: string;
  readonly yaml: string;
}

/** `github.com +3`: the first of several names, and how many more there are. */
export const namesLabel = ([first = "", ...more]: readonly string[]): string =>
  more.length === 0 ? first : `${first} +${more.length}`;
