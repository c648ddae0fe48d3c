/** The form of a statement, and what can be wrong with one by itself. */
import { z } from "zod";
import type { Statement } from "./flow.ts";
import { isPods, type Pods, portChoice, type UnknownPort } from "./peers/named-ports.ts";
import {
  type Destination,
  isApiServer,
  isPorts,
  type Peer,
  peerName,
  peerSchema,
  type Source,
  sourceSchema,
} from "./peers.ts";
import { portSchema } from "./ports.ts";

/** A destination, or what is none since its pods have no such port. */
export type Reached = Destination | UnknownPort;

export interface ReadStatement {
  readonly sources: readonly Source[];
  readonly destinations: readonly Reached[];
  readonly purpose?: string | undefined;
  readonly inspectHttp: boolean;
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
});

/** What is wrong with a statement in a namespace's file, a line each. `pods` are all that the cluster declares. */
export function statementFaults(statement: ReadStatement, namespace: string, pods: ReadonlySet<string>): string[] {
  const { sources, destinations } = statement;
  const ends = (peers: readonly Peer[]) => peers.map(peerName).join(", ");
  const flow = `flow ${ends(sources)} → ${ends(destinations.map(({ peer }) => peer))}`;
  const unlisted = [...sources, ...destinations.map(({ peer }) => peer)].flatMap((peer) =>
    "namespace" in peer && !pods.has(peerName(peer)) ? peerName(peer) : [],
  );
  return [
    ...unlisted.map((id) => `${id} is not in the cluster, since nothing lists the flows() of its namespace there`),
    ...sources.flatMap((source) => sourceFaults(namespace, source, destinations)),
    ...destinations.flatMap((destination) => destinationFaults(destination, statement.inspectHttp)),
  ].map((fault) => `${flow}: ${fault}`);
}

/** A statement without faults as plain data. */
export const plainStatement = ({ destinations, purpose, ...statement }: ReadStatement): Statement => ({
  ...statement,
  purpose,
  destinations: destinations.flatMap((destination) => (destination.kind === "ports" ? [destination] : [])),
});

function sourceFaults(namespace: string, source: Source, destinations: readonly Reached[]): string[] {
  if (source.kind === "entities") {
    return destinations.every(({ peer }) => peer.kind === "workload" && peer.namespace === namespace)
      ? []
      : [`comes from ${source.name}, outside the pods; only workloads of ${namespace} can be its destinations here`];
  }
  if (source.namespace !== namespace) {
    return [
      `starts in ${source.namespace}; state it in that namespace's file, a flow belongs to the side that opens it`,
    ];
  }
  return source.kind === "workload" || destinations.every(({ peer }) => peer.kind === "workload")
    ? []
    : [
        `${peerName(source)} runs on the host's network and cannot be the subject of a policy; state only its flows to workloads`,
      ];
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
  if (peer.kind === "fqdns" && destination.ports.some(({ transports }) => transports.includes("SCTP"))) {
    found.push("names are reached over TCP or UDP only; use cidr() for SCTP");
  }
  const spoken = destination.ports.map(({ speaks }) => speaks);
  if (inspectHttp && (peer.kind !== "workload" || spoken.some((protocol) => protocol !== "http"))) {
    found.push(
      `${peerName(peer)} speaks ${spoken.join(", ")} there, and Envoy parses plaintext HTTP of a workload only; leave throughHttpProxy() out`,
    );
  }
  return found;
}
