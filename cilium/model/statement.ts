/** The form of a statement, and what can be wrong with one by itself. */
import { z } from "zod";
import type { Statement } from "./flow.ts";
import { isPods, type Pods, portChoice, type UnknownPort } from "./peers/named-ports.ts";
import type { Direction } from "./peers/workload.ts";
import {
  type Destination,
  includes,
  isApiServer,
  isPorts,
  isSelectable,
  namespaceOf,
  type Peer,
  peerName,
  peerSchema,
  type Source,
  shareOf,
  sourceSchema,
  type Workload,
} from "./peers.ts";
import { isByName, isTransportPort, portSchema, portText } from "./ports.ts";

/** A destination, or what is none since its pods have no such port. */
export type Reached = Destination | UnknownPort;

export interface ReadStatement {
  readonly sources: readonly Source[];
  readonly destinations: readonly Reached[];
  readonly purpose?: string | undefined;
  readonly inspectHttp: boolean;
  readonly end?: Direction | undefined;
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

export const statementSchema: z.ZodType<ReadStatement> = z.object({
  sources: z.array(sourceSchema).min(1, "from() without a source; name at least one"),
  destinations: z.array(destinationSchema).min(1, "to() without a destination; name at least one"),
  purpose: z.string("for(…) takes the reason as a text").optional(),
  inspectHttp: z.boolean(),
  end: z.enum(["ingress", "egress"], 'only(…) takes "ingress" or "egress"').optional(),
});

/** What is wrong with a statement in a namespace's file, a line each. `declared` are all pods of the cluster. */
export function statementFaults(statement: ReadStatement, namespace: string, declared: readonly Pods[]): string[] {
  const { sources, destinations, end } = statement;
  const names = (peers: readonly Peer[]) => peers.map(peerName).join(", ");
  const flow = `flow ${names(sources)} → ${names(destinations.map(({ peer }) => peer))}`;
  const ends = [...sources, ...destinations.map(({ peer }) => peer)];
  // Whose policies the flows are written into.
  const said: readonly Peer[] = [
    ...(end === "ingress" ? [] : sources),
    ...(end === "egress" ? [] : destinations.map(({ peer }) => peer)),
  ];
  const ids = new Set(declared.map(peerName));
  const unlisted = ends.filter((peer) => isPods(peer) && !ids.has(peerName(peer))).map(peerName);
  const workloads = declared.filter((pods) => pods.kind === "workload");
  return [
    ...unlisted.map((id) => `${id} is not in the cluster, since nothing lists the flows() of its namespace there`),
    ...sources.flatMap((source) => sourceFaults(namespace, source, destinations)),
    ...destinations.flatMap((destination) => destinationFaults(destination, statement.inspectHttp)),
    ...said.flatMap((peer) => divided(peer, workloads)),
    ...(end !== undefined && !said.some(isGoverned(workloads))
      ? [`only("${end}"), and no policy of the program says anything of the ${end} of ${names(said)}; leave it out`]
      : []),
    ...(ends.some(({ kind }) => kind === "pod-set") && !ends.some(isGoverned(workloads))
      ? ["no workload of the program stands at either end, so no policy would change; name one"]
      : []),
  ].map((fault) => `${flow}: ${fault}`);
}

/** Tells whether a policy of the program is about a peer. */
const isGoverned =
  (workloads: readonly Workload[]) =>
  (peer: Peer): boolean =>
    peer.kind === "workload" || workloads.some((workload) => includes(peer, workload));

/** Workloads of whose pods a peer is only a part, so that no policy of the whole could tell. */
const divided = (peer: Peer, workloads: readonly Workload[]): string[] =>
  workloads
    .filter((workload) => !workload.isGroup && shareOf(peer, workload) === "some")
    .map(
      (workload) =>
        `${peerName(peer)} are some of the pods of ${peerName(workload)} and not others; name the workload, or declare these pods as one of their own`,
    );

/** A statement without faults as plain data. */
export const plainStatement = ({ destinations, purpose, end, ...statement }: ReadStatement): Statement => ({
  ...statement,
  purpose,
  only: end,
  destinations: destinations.flatMap((destination) => (destination.kind === "ports" ? [destination] : [])),
});

function sourceFaults(home: string, source: Source, destinations: readonly Reached[]): string[] {
  if (isPods(source)) {
    if (source.namespace !== home) {
      return [
        `starts in ${source.namespace}; state it in that namespace's file, a flow belongs to the side that opens it`,
      ];
    }
    return source.kind === "workload" || destinations.every(({ peer }) => isSelectable(peer))
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
      : [`${peerName(source)} are no workload of ${home}; only pods of ${home} can be their destinations here`];
  }
  return peers.every((peer) => isSelectable(peer) && (namespaceOf(peer) ?? home) === home)
    ? []
    : [`comes from ${peerName(source)}, outside the pods; only workloads of ${home} can be its destinations here`];
}

export function destinationFaults(destination: Reached, inspectHttp: boolean): string[] {
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
    destination.ports.some((port) => isTransportPort(port) && port.transports.includes("SCTP"))
  ) {
    found.push("names are reached over TCP or UDP only; use cidr() for SCTP");
  }
  if (destination.ports.some(isByName) && !isSelectable(peer)) {
    found.push(`only pods give their ports names; write the numbers of those of ${peerName(peer)}`);
  }
  const spoken = destination.ports.map((port) => (isTransportPort(port) ? port.speaks : portText(port)));
  if (inspectHttp && (peer.kind !== "workload" || spoken.some((protocol) => protocol !== "http"))) {
    found.push(
      `${peerName(peer)} speaks ${spoken.join(", ")} there, and Envoy parses plaintext HTTP of a workload only; leave throughHttpProxy() out`,
    );
  }
  return found;
}
