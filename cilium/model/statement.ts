/** The form of a statement, and what can be wrong with one by itself. */
import { z } from "zod";
import { type Carried, carriedSchema } from "./carried.ts";
import type { Statement, Terms } from "./flow.ts";
import { reading } from "./issues.ts";
import { isPods, type Pods, portChoice, type UnknownPort } from "./peers/named-ports.ts";
import {
  type Destination,
  includes,
  isApiServer,
  isPorts,
  isSelectable,
  isSubject,
  namespaceOf,
  type Peer,
  peerName,
  peerSchema,
  type Source,
  type Subject,
  shareOf,
  sourceSchema,
  type Workload,
} from "./peers.ts";
import { isByName, isNumbered, isTransportPort, isUsedBy, portSchema, portText } from "./ports.ts";

/** A destination, or what is none since its pods have no such port. */
export type Reached = Destination | UnknownPort;

export interface ReadStatement extends Terms {
  readonly sources: readonly Source[];
  readonly destinations: readonly Reached[];
}

const onPorts = z.object({ kind: z.literal("ports"), peer: peerSchema, ports: z.array(portSchema) });

const onUnknownPort = z.object({
  kind: z.literal("unknown-port"),
  peer: z.custom<Pods>(isPods),
  port: z.string(),
});

/** A peer by itself has no ports, which is right for the API server only. */
export const destinationSchema: z.ZodType<Reached> = z.preprocess(
  (value) => (isPorts(value) ? value : { kind: "ports", peer: value, ports: [] }),
  z.discriminatedUnion("kind", [onPorts, onUnknownPort]),
);

/** A statement as a file makes it. */
export const statementSchema: z.ZodType<ReadStatement> = z
  .object({
    sources: z.array(sourceSchema).min(1, "from() without a source; name at least one"),
    destinations: z.array(destinationSchema).min(1, "to() without a destination; name at least one"),
    isDenied: z.boolean(),
    limits: z.unknown(),
    inspectHttp: z.unknown(),
    isAuthenticated: z.boolean(),
    end: z.enum(["ingress", "egress"], 'only(…) takes "ingress" or "egress"').optional(),
    purpose: z.string("for(…) takes the reason as a text").optional(),
  })
  .transform(({ limits, inspectHttp, end, purpose, ...stated }, context): ReadStatement => {
    const read = carriedSchema.safeParse({ limits, inspectHttp }, reading);
    for (const { message } of read.error?.issues ?? []) context.addIssue(message);
    return { ...stated, carried: read.data, only: end, purpose };
  });

/** All that a cluster declares. */
export interface Declared {
  readonly ids: ReadonlySet<string>;
  readonly subjects: readonly Subject[];
}

export const declaredIn = (all: readonly (Pods | Subject)[]): Declared => ({
  ids: new Set(all.map(peerName)),
  subjects: all.filter(isSubject),
});

/** What is wrong with a statement in the file of a namespace, or in that of what is clusterwide, a line each. */
export function statementFaults(
  statement: ReadStatement,
  namespace: string | undefined,
  { ids, subjects }: Declared,
): string[] {
  const { sources, destinations, only } = statement;
  const names = (peers: readonly Peer[]) => peers.map(peerName).join(", ");
  const flow = `${statement.isDenied ? "denied flow" : "flow"} ${names(sources)} → ${names(destinations.map(({ peer }) => peer))}`;
  const ends = [...sources, ...destinations.map(({ peer }) => peer)];
  // Whose policies the flows are written into.
  const said: readonly Peer[] = [
    ...(only === "ingress" ? [] : sources),
    ...(only === "egress" ? [] : destinations.map(({ peer }) => peer)),
  ];
  const isDeclared = (peer: Peer) => isPods(peer) || isSubject(peer);
  const unlisted = ends.filter((peer) => isDeclared(peer) && !ids.has(peerName(peer))).map(peerName);
  const workloads = subjects.filter((subject) => subject.kind === "workload");
  return [
    ...unlisted.map((id) => `${id} is not in the cluster, since nothing lists the flows() of its namespace there`),
    ...sources.flatMap((source) => sourceFaults(namespace, source, destinations)),
    ...destinations.flatMap((destination) => [
      ...destinationFaults(destination),
      ...carriedFaults(destination, statement.carried),
    ]),
    ...(statement.carried === undefined ? [] : ends.flatMap(nodeFaults)),
    ...(statement.isDenied ? denialFaults(statement, workloads) : []),
    ...(statement.isAuthenticated ? authenticationFaults(ends) : []),
    ...said.filter(({ kind }) => kind === "pod-set").flatMap((peer) => divided(peer, workloads)),
    ...(only !== undefined && !said.some(isGoverned(subjects))
      ? [`only("${only}"), and no policy of the program says anything of the ${only} of ${names(said)}; leave it out`]
      : []),
    ...(ends.some(({ kind }) => kind === "pod-set") && !ends.some(isGoverned(subjects))
      ? ["no workload of the program stands at either end, so no policy would change; name one"]
      : []),
  ].map((fault) => `${flow}: ${fault}`);
}

/** Tells whether a policy of the program is about a peer. */
const isGoverned =
  (subjects: readonly Subject[]) =>
  (peer: Peer): boolean =>
    isSubject(peer) || subjects.some((subject) => includes(peer, subject));

/** Workloads of whose pods a peer is only a part, so that no policy of the whole could tell. */
const divided = (peer: Peer, workloads: readonly Workload[]): string[] =>
  workloads
    .filter((workload) => !workload.isGroup && shareOf(peer, workload) === "some")
    .map(
      (workload) =>
        `${peerName(peer)} are some of the pods of ${peerName(workload)} and not others; name the workload, or declare these pods as one of their own`,
    );

/** A statement without faults as plain data. */
export const plainStatement = ({ destinations, ...statement }: ReadStatement): Statement => ({
  ...statement,
  destinations: destinations.flatMap((destination) => (destination.kind === "ports" ? [destination] : [])),
});

/** Nodes have no proxy that policies could send connections through. */
const nodeFaults = (peer: Peer): string[] =>
  peer.kind === "node-group"
    ? [`${peerName(peer)} are nodes, whose policies do not tell what connections carry; leave that out`]
    : [];

function sourceFaults(home: string | undefined, source: Source, destinations: readonly Reached[]): string[] {
  const file = home ?? "what is clusterwide";
  if (isPods(source) || isSubject(source)) {
    const namespace = namespaceOf(source);
    if (namespace !== home) {
      const place = namespace ?? "the clusterwide file";
      return [
        `starts in ${place}; state it ${namespace === undefined ? "there" : "in that namespace's file"}, a flow belongs to the side that opens it`,
      ];
    }
    return source.kind !== "host-network" || destinations.every(({ peer }) => isSelectable(peer))
      ? []
      : [
          `${peerName(source)} runs on the host's network and cannot be the subject of a policy; state only its flows to workloads`,
        ];
  }
  const peers = destinations.map(({ peer }) => peer);
  if (source.kind === "pod-set") {
    const namespace = namespaceOf(source);
    const isHere = namespace === home || peers.every((peer) => namespaceOf(peer) === home);
    // What concerns several namespaces at both ends belongs to none of them.
    const isNowhere = namespace === undefined && peers.every((peer) => namespaceOf(peer) === undefined);
    return isHere || isNowhere
      ? []
      : [`${peerName(source)} are no workload of ${file}; only pods of ${file} can be their destinations here`];
  }
  return peers.every((peer) => isSelectable(peer) && (namespaceOf(peer) ?? home) === home)
    ? []
    : [`comes from ${peerName(source)}, outside the pods; only workloads of ${file} can be its destinations here`];
}

export function destinationFaults(destination: Reached): string[] {
  const { peer } = destination;
  if (destination.kind === "unknown-port") {
    const { ports } = destination.peer;
    return [`${peerName(peer)} has no port ${destination.port}${portChoice(ports, destination.port)}`];
  }
  const found: string[] = [];
  if (destination.ports.length === 0 && !isApiServer(peer)) {
    const choice =
      "ports" in peer ? `name one of ${Object.keys(peer.ports).join(", ")}` : "add .on(443), or what it is";
    found.push(`${peerName(peer)} without a port; ${choice}`);
  }
  if (
    peer.kind === "fqdns" &&
    destination.ports.some((port) => isTransportPort(port) && port.transports.join() === "SCTP")
  ) {
    found.push("names are reached over TCP or UDP only; use cidr() for SCTP");
  }
  if (destination.ports.some(isByName) && !isSelectable(peer) && !includesPods(peer)) {
    found.push(`only pods give their ports names; write the numbers of those of ${peerName(peer)}`);
  }
  return found;
}

/** Whether it stands for pods among others. */
const includesPods = (peer: Peer): boolean =>
  peer.kind === "entities" && peer.entities.some((entity) => entity === "all" || entity === "cluster");

/** What a destination cannot carry there. */
function carriedFaults({ kind, ...destination }: Reached, carried: Carried | undefined): string[] {
  if (carried === undefined || kind === "unknown-port" || !("ports" in destination)) return [];
  const { peer, ports } = destination;
  const spoken = ports.map((port) => (isTransportPort(port) ? port.speaks : portText(port)));
  const speaks = `${peerName(peer)} speaks ${spoken.join(", ")} there`;
  switch (carried.kind) {
    case "http":
      if (carried.requests.length === 0) {
        return spoken.every((protocol) => protocol === "http")
          ? []
          : [`${speaks}, and Envoy parses plaintext HTTP only; leave throughHttpProxy() out`];
      }
      return spoken.every((protocol) => protocol === "http")
        ? []
        : [
            `${speaks}, and only plaintext HTTP has requests that Envoy can tell; write http(…) for the port, or leave carrying() out`,
          ];
    case "tls":
      return ports.every((port) => isTransportPort(port) && port.transports.join() === "TCP" && port.speaks !== "http")
        ? []
        : [`${speaks}, and server names are those of TLS over TCP; leave carrying() out`];
    case "dns":
      return ports.every((port) => isNumbered(port) && port.last === undefined && port.speaks === "dns")
        ? []
        : [`${speaks}, and look-ups go to DNS ports; write dns(53) for the port, or leave carrying() out`];
  }
}

/** What cannot be denied, or would break more than it refuses. */
function denialFaults(
  { sources, destinations, carried, isAuthenticated }: ReadStatement,
  workloads: readonly Workload[],
): string[] {
  const probed = destinations.flatMap((destination) =>
    destination.kind === "ports" ? workloads.filter((workload) => isProbedAt(destination, workload)) : [],
  );
  return [
    ...(carried !== undefined || isAuthenticated
      ? ["deny() refuses whole connections; leave what follows the destinations out"]
      : []),
    ...destinations.flatMap(({ peer }) =>
      peer.kind === "fqdns" ? [`${peerName(peer)} cannot be denied, since policies deny no names; deny addresses`] : [],
    ),
    ...sources
      .filter(includesOwnNode)
      .flatMap((source) =>
        probed.map(
          (workload) =>
            `the kubelet probes ${peerName(workload)} there from ${peerName(source)}, which a deny would break; default deny refuses the rest without it`,
        ),
      ),
  ];
}

/** Whether the kubelet probes a workload on a port of a destination. */
const isProbedAt = ({ peer, ports }: Destination, workload: Workload): boolean =>
  shareOf(podsOfGroup(peer), workload) !== "none" &&
  workload.probes
    .flatMap((name) => workload.ports[name] ?? [])
    .some((probed) =>
      probed.transports.some((transport) =>
        ports.some((port) => isByName(port) || isUsedBy(port, transport, probed.number)),
      ),
    );

/** A group as the set of its pods, whoever else declares them. */
function podsOfGroup(peer: Peer): Peer {
  if (peer.kind === "clusterwide-group") return { ...peer, kind: "pod-set" };
  return peer.kind === "workload" && peer.isGroup
    ? { kind: "pod-set", namespaces: peer.namespace, labels: peer.labels }
    : peer;
}

/** Whether a peer stands for the node that a pod runs on too. */
const includesOwnNode = (peer: Peer): boolean =>
  peer.kind === "host-network" ||
  (peer.kind === "entities" &&
    peer.entities.some((entity) => ["all", "cluster", "cluster-mesh", "host", "kube-apiserver"].includes(entity)));

const authenticationFaults = (ends: readonly Peer[]): string[] =>
  ends
    .filter((peer) => !isSelectable(peer))
    .map(
      (peer) =>
        `${peerName(peer)} cannot prove who it is; only pods authenticate each other, so leave authenticated() out`,
    );
