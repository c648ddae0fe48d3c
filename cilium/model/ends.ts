/** Which of the declared workloads stand at the ends of a flow: one that is named there, or all that a set of pods includes. */
import { type Cluster, subjects, workloads } from "./cluster.ts";
import type { Flow } from "./flow.ts";
import { type Direction, isDeniedByDefault } from "./peers/workload.ts";
import {
  includes,
  isSelectable,
  isSubject,
  namespaceOf,
  type Peer,
  peerName,
  type Subject,
  type Workload,
} from "./peers.ts";

/** The declared workloads whose policies allow what a peer may do, or what may be done to it. */
export function workloadsAmong(peer: Peer, cluster: Cluster): readonly Workload[] {
  if (peer.kind === "workload") return [peer];
  return peer.kind === "pod-set" ? workloads(cluster).filter((workload) => includes(peer, workload)) : [];
}

/** Those of some flows that a subject's policy tells at its ingress. */
export const arrivingAt = (subject: Subject, flows: readonly Flow[]): Flow[] =>
  mayBeAt(subject, flows, "to").filter(({ to, only }) => only !== "egress" && isTold(to, subject, "ingress"));

/** Those of some flows that a subject's policy tells at its egress. */
export const leavingFrom = (subject: Subject, flows: readonly Flow[]): Flow[] =>
  mayBeAt(subject, flows, "from").filter(({ from, only }) => only !== "ingress" && isTold(from, subject, "egress"));

/** The flows at whose end a subject may stand, in their order: those that name it, and those that name others by a word. */
function mayBeAt(subject: Subject, flows: readonly Flow[], end: "from" | "to"): Flow[] {
  const { named, sets, nodes } = indexOf(flows, end);
  const own = named.get(peerName(subject)) ?? [];
  const positions = [...own, ...sets, ...(subject.kind === "node-group" ? nodes : [])].sort((a, b) => a - b);
  return positions.flatMap((position) => flows[position] ?? []);
}

/** Positions of flows by what stands at their end: subjects by their names, sets of pods, and what stands for nodes. */
interface Index {
  readonly named: ReadonlyMap<string, readonly number[]>;
  readonly sets: readonly number[];
  readonly nodes: readonly number[];
}

const indexes = { from: new WeakMap<readonly Flow[], Index>(), to: new WeakMap<readonly Flow[], Index>() };

/** Made once for each list of flows: every policy asks for its own. */
function indexOf(flows: readonly Flow[], end: "from" | "to"): Index {
  const known = indexes[end].get(flows);
  if (known !== undefined) return known;
  const placed = flows.map((flow, position) => ({ peer: flow[end], position }));
  const positionsOf = (isMeant: (peer: Peer) => boolean) =>
    placed.filter(({ peer }) => isMeant(peer)).map(({ position }) => position);
  const bySubject = Map.groupBy(
    placed.filter(({ peer }) => isSubject(peer)),
    ({ peer }) => peerName(peer),
  );
  const index = {
    named: new Map([...bySubject].map(([name, own]) => [name, own.map(({ position }) => position)])),
    sets: positionsOf(({ kind }) => kind === "pod-set"),
    nodes: positionsOf(({ kind }) => kind === "entities" || kind === "host-network"),
  };
  indexes[end].set(flows, index);
  return index;
}

/** Whether a subject's policy tells what a peer may do. Nodes by their entities are told only where it would refuse them. */
const isTold = (peer: Peer, subject: Subject, direction: Direction): boolean =>
  includes(peer, subject) && (isSelectable(peer) || isDeniedByDefault(subject, direction));

/** Those whose policies tell a flow where it arrives. */
export const serversOf = ({ to, only }: Flow, cluster: Cluster): Subject[] =>
  only === "egress" ? [] : subjects(cluster).filter((subject) => includes(to, subject));

/** Whether the destinations' policies see to what a flow may carry: they refuse what no rule allows. */
export function isLimitedAtServer(flow: Flow, cluster: Cluster): boolean {
  const servers = serversOf(flow, cluster);
  return servers.length > 0 && servers.every((server) => isDeniedByDefault(server, "ingress"));
}

/** Whether it leads from pods of one namespace to pods that are not only of the same one. */
export const isCrossing = (from: Peer, to: Peer): boolean =>
  isSelectable(from) && isSelectable(to) && (namespaceOf(from) === undefined || namespaceOf(from) !== namespaceOf(to));
