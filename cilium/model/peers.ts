/**
 * The ends of a flow: pods of this cluster, Cilium's entities, and what lies outside. Whoever opens the connection is a
 * `Source`; what it connects to is a `Destination`: a peer on ports.
 */
import { z } from "zod";
import { isKind, reading, shown } from "./issues.ts";
import { type CidrPeer, cidrKind } from "./peers/cidr.ts";
import { type EntityPeer, entitiesKind, kubeApiserver } from "./peers/entities.ts";
import { type ExternalHost, externalKind } from "./peers/external.ts";
import { type FqdnPeer, fqdnsKind } from "./peers/fqdns.ts";
import { type HostNetworkPods, hostNetworkKind } from "./peers/host-network.ts";
import type { PeerKind, TableName, Wording } from "./peers/kind.ts";
import type { PortsOf } from "./peers/reachable.ts";
import { type Workload, workloadKind } from "./peers/workload.ts";
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

const kindNames = ["workload", "host-network", "entities", "fqdns", "cidr", "external"] as const;

export type Peer = Kinds[keyof Kinds];
export type Source = Workload | HostNetworkPods | EntityPeer;
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

/** What selects it in a policy. */
export const selectionOf = (peer: Peer): Selection => kindOf(peer).selection(peer);

/** How the language writes it. */
export const wordingOf = (peer: Peer): Wording => kindOf(peer).wording(peer);

export const isApiServer = (peer: Peer): boolean => peer.kind === "entities" && peer.name === kubeApiserver.name;
