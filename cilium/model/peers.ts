/**
 * The ends of a flow: pods of this cluster, Cilium's entities, and what lies outside. Whoever opens the connection is a
 * `Source`; what it connects to is a `Destination`: a peer on ports.
 */
import { z } from "zod";
import { isKind, shown } from "./issues.ts";
import { type CidrPeer, cidrKind, cidrSchema } from "./peers/cidr.ts";
import { type EntityPeer, entitiesKind, entitiesSchema, kubeApiserver } from "./peers/entities.ts";
import { type ExternalHost, externalKind, externalSchema } from "./peers/external.ts";
import { type FqdnPeer, fqdnsKind, fqdnsSchema } from "./peers/fqdns.ts";
import { type HostNetworkPods, hostNetworkKind, hostNetworkSchema } from "./peers/host-network.ts";
import type { PeerKind, TableName } from "./peers/kind.ts";
import type { PortsOf } from "./peers/reachable.ts";
import { type Workload, workloadKind, workloadSchema } from "./peers/workload.ts";
import type { Selection } from "./selection.ts";

export type { CidrPeer, EntityPeer, ExternalHost, FqdnPeer, HostNetworkPods, PortsOf, Workload };

interface Kinds {
  readonly workload: Workload;
  readonly "host-network": HostNetworkPods;
  readonly entities: EntityPeer;
  readonly fqdns: FqdnPeer;
  readonly cidr: CidrPeer;
  readonly external: ExternalHost;
}

const kinds: { readonly [K in keyof Kinds]: PeerKind<Kinds[K]> } = {
  workload: workloadKind,
  "host-network": hostNetworkKind,
  entities: entitiesKind,
  fqdns: fqdnsKind,
  cidr: cidrKind,
  external: externalKind,
};

export type Peer = Kinds[keyof Kinds];
export type Source = Workload | HostNetworkPods | EntityPeer;
export type Destination = PortsOf<Peer>;

const sources = [workloadSchema, hostNetworkSchema, entitiesSchema] as const;

export const peerSchema = z.discriminatedUnion("kind", [...sources, fqdnsSchema, cidrSchema, externalSchema], {
  error: ({ input }) => `${shown(input)} is no peer; write a workload's port, or a word such as world.on(443)`,
}) satisfies z.ZodType<Peer>;

export const sourceSchema = z.discriminatedUnion("kind", sources, {
  error: ({ input }) => `${noSource(input)}; write a workload, or a word such as gateway or world`,
}) satisfies z.ZodType<Source>;

function noSource(value: unknown): string {
  const peer = peerSchema.safeParse(value);
  if (peer.success) return `${peerName(peer.data)} opens no connections that a policy could tell`;
  return isPorts(value) ? "a port opens no connections" : `${shown(value)} is no peer`;
}

/** Whether a value has been made a destination already. */
export const isPorts = (value: unknown): boolean => isKind(value, "ports", "unknown-port");

const kindOf = <K extends keyof Kinds>(peer: Kinds[K] & { readonly kind: K }): PeerKind<Kinds[K]> => {
  const kind: K = peer.kind;
  return kinds[kind];
};

/** `namespace/name` of pods; the peer's own name otherwise. */
export const peerName = (peer: Peer): string => kindOf(peer).name(peer);

/** As the tables call it. */
export const nameInTables = (peer: Peer): TableName => kindOf(peer).inTables(peer);

/** As the reachability engine calls what it stands for. */
export const namesInVerdicts = (peer: Peer): readonly string[] => kindOf(peer).inVerdicts(peer);

/** Whether it lies outside the cluster. */
export const isOutside = (peer: Peer): boolean => kindOf(peer).isOutside(peer);

/** What selects it in a policy. */
export const selectionOf = (peer: Peer): Selection => kindOf(peer).selection(peer);

export const isApiServer = (peer: Peer): boolean => peer.kind === "entities" && peer.name === kubeApiserver.name;
