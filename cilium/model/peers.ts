/**
 * The ends of a flow: pods of this cluster, Cilium's entities, and what lies outside. Whoever opens the connection is a
 * `Source`; what it connects to is a `Destination`: a peer on ports.
 */
import type { Entity } from "../policy/schema.ts";
import type { Labels } from "./labels.ts";
import { type Port, tcp } from "./ports.ts";

/** Pods that one policy governs. */
export interface Workload {
  readonly kind: "workload";
  readonly namespace: string;
  /** As the tables name it; also the name of its policy. */
  readonly name: string;
  /** What its policy selects on. */
  readonly labels: Labels;
  /** What its pods carry besides: not selected on, but other selectors may meet it. */
  readonly otherLabels: Readonly<Record<string, string>>;
  readonly ports: Readonly<Record<string, Port>>;
  /** Names of the ports that the kubelet probes. */
  readonly probes: readonly string[];
  /** Refuses what comes from outside the cluster, whatever is allowed elsewhere. Not for pods with probes. */
  readonly denyWorld: boolean;
}

/** Pods with `hostNetwork: true`: their traffic has the node's identity, so no policy selects them. */
export interface HostNetworkPods {
  readonly kind: "host-network";
  readonly namespace: string;
  readonly name: string;
  /** Why they run on the host's network. */
  readonly reason: string;
  /** The labels that the pods carry, if somebody has to recognise them. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly ports: Readonly<Record<string, Port>>;
}

/** One or more of Cilium's entities under the name that people use for them. */
export interface EntityPeer {
  readonly kind: "entities";
  readonly name: string;
  readonly entities: readonly Entity[];
}

/** Names that pods resolve through Cilium's DNS proxy; `*` stands for part of one label, a leading `**.` for any depth. */
export interface FqdnPeer {
  readonly kind: "fqdns";
  readonly names: readonly string[];
}

/** Addresses outside the cluster. Never matches a node or a pod, whatever its range. */
export interface CidrPeer {
  readonly kind: "cidr";
  readonly cidr: string;
}

/** One machine outside the cluster whose address the config may change. */
export interface ExternalHost {
  readonly kind: "external";
  readonly name: string;
  readonly address: string;
}

export type Source = Workload | HostNetworkPods | EntityPeer;
export type Peer = Source | FqdnPeer | CidrPeer | ExternalHost;

export interface PortsOf<P extends Peer> {
  readonly kind: "ports";
  readonly peer: P;
  readonly ports: readonly Port[];
}

export type Destination =
  | PortsOf<Peer>
  /** A port that the workload does not declare; kept so that the fault can name it beside all others. */
  | { readonly kind: "unknown-port"; readonly peer: Workload | HostNetworkPods; readonly port: string };

/** A bare number means TCP. */
export type PortNumber = number | Port;

/** A peer that is no pod of this cluster becomes a destination with `.on(443)`. */
export type Reachable<P extends Peer> = P & { on(...ports: PortNumber[]): PortsOf<P> };

const reachable = <P extends Peer>(peer: P): Reachable<P> => ({
  ...peer,
  on: (...ports) => ({
    kind: "ports",
    peer,
    ports: ports.map((port) => (typeof port === "number" ? tcp(port) : port)),
  }),
});

const entityPeer = (name: string, ...entities: Entity[]): Reachable<EntityPeer> =>
  reachable({ kind: "entities", name, entities });

/** Envoy on behalf of the Gateway: the `ingress` entity. */
export const gateway = entityPeer("gateway", "ingress");
/** The API server, as control-plane nodes are known to Cilium. As a destination without `on` it means the API server's port. */
export const kubeApiserver = entityPeer("kube-apiserver", "kube-apiserver");
export const isApiServer = (peer: Peer): boolean => peer.kind === "entities" && peer.name === kubeApiserver.name;
/** The node that a pod runs on: kubelet probes, and the node's own DNS. */
export const host = entityPeer("host", "host");
export const remoteNode = entityPeer("remote-node", "remote-node");
/** Nodes, a pod's own and the others. */
export const nodes = entityPeer("nodes", "host", "remote-node");
/** Every node, the control plane by its own name as well. */
export const allNodes = entityPeer("all nodes", "kube-apiserver", "remote-node", "host");
/** Control-plane nodes: they carry the API server's identity. */
export const controlPlaneNodes = entityPeer("control-plane nodes", "kube-apiserver");
/** All pods and nodes of this cluster. */
export const cluster = entityPeer("cluster", "cluster");
/** Everything outside the cluster. */
export const world = entityPeer("world", "world");

export const fqdn = (...names: string[]): Reachable<FqdnPeer> => reachable({ kind: "fqdns", names });

export const cidr = (range: string): Reachable<CidrPeer> => reachable({ kind: "cidr", cidr: range });

/** A machine outside the cluster by the name that config's `addresses` knows it by, and its usual address. */
export const external = (name: string, address: string): Reachable<ExternalHost> =>
  reachable({ kind: "external", name, address });

/** `namespace/name` of pods; the peer's own name otherwise. */
export function peerName(peer: Peer): string {
  switch (peer.kind) {
    case "workload":
    case "host-network":
      return `${peer.namespace}/${peer.name}`;
    case "entities":
      return peer.name;
    case "fqdns":
      return peer.names.join(", ");
    case "cidr":
      return peer.cidr;
    case "external":
      return `${peer.name} (${peer.address})`;
  }
}
