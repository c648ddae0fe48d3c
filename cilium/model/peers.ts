/**
 * The ends of a flow: pods of this cluster, Cilium's entities, and what lies outside. Whoever opens the connection is a
 * `Source`; what it connects to is a `Destination`: a peer on ports.
 */
import { z } from "zod";
import { isKind, reading, shown } from "./issues.ts";
import type { Share } from "./labels.ts";
import { type CidrPeer, cidrKind } from "./peers/cidr.ts";
import { type CidrGroupPeer, cidrGroupKind } from "./peers/cidr-group.ts";
import { type ClusterwideGroup, clusterwideGroupKind, type NodeGroup, nodeGroupKind } from "./peers/clusterwide.ts";
import { type EntityPeer, entitiesKind, kubeApiserver } from "./peers/entities.ts";
import { type ExternalHost, externalKind } from "./peers/external.ts";
import { type FqdnPeer, fqdnsKind } from "./peers/fqdns.ts";
import { type HostNetworkPods, hostNetworkKind } from "./peers/host-network.ts";
import type { PeerKind, Subject, TableName, Wording } from "./peers/kind.ts";
import { type PodSet, podSetKind } from "./peers/pod-set.ts";
import type { PortsOf } from "./peers/reachable.ts";
import { type ServicePeer, serviceKind } from "./peers/service.ts";
import { type Workload, workloadKind } from "./peers/workload.ts";
import type { Selection } from "./selection.ts";

export type { EntityPeer, ExternalHost, FqdnPeer, HostNetworkPods, PodSet, PortsOf, Subject, Workload };

interface Kinds {
  readonly workload: Workload;
  readonly "host-network": HostNetworkPods;
  readonly "pod-set": PodSet;
  readonly "clusterwide-group": ClusterwideGroup;
  readonly "node-group": NodeGroup;
  readonly entities: EntityPeer;
  readonly fqdns: FqdnPeer;
  readonly cidr: CidrPeer;
  readonly "cidr-group": CidrGroupPeer;
  readonly external: ExternalHost;
  readonly service: ServicePeer;
}

const kinds: { readonly [K in keyof Kinds]: PeerKind<Kinds[K]> } = {
  workload: workloadKind,
  "host-network": hostNetworkKind,
  "pod-set": podSetKind,
  "clusterwide-group": clusterwideGroupKind,
  "node-group": nodeGroupKind,
  entities: entitiesKind,
  fqdns: fqdnsKind,
  cidr: cidrKind,
  "cidr-group": cidrGroupKind,
  external: externalKind,
  service: serviceKind,
};

const kindNames = [
  "workload",
  "host-network",
  "pod-set",
  "clusterwide-group",
  "node-group",
  "entities",
  "fqdns",
  "cidr",
  "cidr-group",
  "external",
  "service",
] as const;

export type Peer = Kinds[keyof Kinds];
export type Source = Exclude<Peer, FqdnPeer | ServicePeer>;
export type Destination = PortsOf<Peer>;

/** A peer, read by its kind. */
export const peerSchema: z.ZodType<Peer> = z.unknown().transform((value, context): Peer => {
  const kind = kindIn(value);
  if (kind === undefined) {
    context.addIssue(`${shown(value)} is no peer; write a workload's port, or a word such as world.on(443)`);
    return z.NEVER;
  }
  const read = kinds[kind].schema.safeParse(value, reading);
  for (const { message } of read.error?.issues ?? []) context.addIssue(message);
  return read.data ?? z.NEVER;
});

/** A peer that connections come from. */
export const sourceSchema: z.ZodType<Source> = z.unknown().transform((value, context): Source => {
  const read = peerSchema.safeParse(value);
  if (read.success && isSource(read.data)) return read.data;
  if (!read.success && kindIn(value) !== undefined) {
    for (const { message } of read.error.issues) context.addIssue(message);
    return z.NEVER;
  }
  const reason = read.success
    ? `${peerName(read.data)} opens no connections that a policy could tell`
    : isPorts(value)
      ? "a port opens no connections"
      : `${shown(value)} is no peer`;
  context.addIssue(`${reason}; write a workload, or a word such as gateway or world`);
  return z.NEVER;
});

const isSource = (peer: Peer): peer is Source => kinds[peer.kind].isSource;

const kindIn = (value: unknown) => kindNames.find((kind) => isKind(value, kind));
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

/** How many of a subject's pods or nodes it stands for. */
export const shareOf = (peer: Peer, subject: Subject): Share => kindOf(peer).share(peer, subject);

/** Whether all pods or nodes of a subject are among those of a peer. */
export const includes = (peer: Peer, subject: Subject): boolean => shareOf(peer, subject) === "all";

/** Whether a peer has a policy itself. */
export const isSubject = (peer: Peer): peer is Subject =>
  peer.kind === "workload" || peer.kind === "clusterwide-group" || peer.kind === "node-group";

/** Whether policies can select it. */
export const isSelectable = (peer: Peer): boolean => isSubject(peer) || peer.kind === "pod-set";

/** The namespace that its pods are of; undefined for those of several, and for what is no pod. */
export const namespaceOf = (peer: Peer): string | undefined => kindOf(peer).namespace(peer);

/** What selects it in a policy. */
export const selectionOf = (peer: Peer): Selection => kindOf(peer).selection(peer);

/** How the language writes it. */
export const wordingOf = (peer: Peer): Wording => kindOf(peer).wording(peer);

export const isApiServer = (peer: Peer): boolean => peer.kind === "entities" && peer.name === kubeApiserver.name;
