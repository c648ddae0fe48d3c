/** Which of the declared workloads stand at the ends of a flow: one that is named there, or all that a set of pods includes. */
import { type Cluster, subjects, workloads } from "./cluster.ts";
import type { Flow } from "./flow.ts";
import { isDeniedByDefault } from "./peers/workload.ts";
import { includes, isSelectable, namespaceOf, type Peer, type Subject, type Workload } from "./peers.ts";

/** The workloads whose policies allow what a peer may do, or what may be done to it. */
export const workloadsAmong = (peer: Peer, cluster: Cluster): Workload[] =>
  workloads(cluster).filter((workload) => includes(peer, workload));

/** Those of some flows that a subject's policy tells at its ingress. */
export const arrivingAt = (subject: Subject, flows: readonly Flow[]): Flow[] =>
  flows.filter(({ to, only }) => only !== "egress" && includes(to, subject));

/** Those of some flows that a subject's policy tells at its egress. */
export const leavingFrom = (subject: Subject, flows: readonly Flow[]): Flow[] =>
  flows.filter(({ from, only }) => only !== "ingress" && includes(from, subject));

/** Whether the destinations' policies see to what a flow may carry: they refuse what no rule allows. */
export function isLimitedAtServer({ to, only }: Flow, cluster: Cluster): boolean {
  const servers = only === "egress" ? [] : subjects(cluster).filter((subject) => includes(to, subject));
  return servers.length > 0 && servers.every((server) => isDeniedByDefault(server, "ingress"));
}

/** Whether it leads from pods of one namespace to pods that are not only of the same one. */
export const isCrossing = (from: Peer, to: Peer): boolean =>
  isSelectable(from) && isSelectable(to) && (namespaceOf(from) === undefined || namespaceOf(from) !== namespaceOf(to));
