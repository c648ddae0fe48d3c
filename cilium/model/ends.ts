/** Which of the declared workloads stand at the ends of a flow: one that is named there, or all that a set of pods includes. */
import { type Cluster, type ConfiguredCluster, workloads } from "./cluster.ts";
import type { Flow } from "./flow.ts";
import { includes, isSelectable, namespaceOf, type Peer, type Workload } from "./peers.ts";

/** The workloads whose policies allow what a peer may do, or what may be done to it. */
export const workloadsAmong = (peer: Peer, cluster: Cluster): Workload[] =>
  workloads(cluster).filter((workload) => includes(peer, workload));

/** The flows that a workload's policy lets in. */
export const arrivingAt = (workload: Workload, { flows }: ConfiguredCluster): Flow[] =>
  flows.filter(({ to, only }) => only !== "egress" && includes(to, workload));

/** The flows that a workload's policy lets out. */
export const leavingFrom = (workload: Workload, { flows }: ConfiguredCluster): Flow[] =>
  flows.filter(({ from, only }) => only !== "ingress" && includes(from, workload));

/** Whether it leads from pods of one namespace to pods that are not only of the same one. */
export const isCrossing = (from: Peer, to: Peer): boolean =>
  isSelectable(from) && isSelectable(to) && (namespaceOf(from) === undefined || namespaceOf(from) !== namespaceOf(to));
