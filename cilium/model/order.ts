/** Which policies must be in place before which: servers before their clients. Derived from the flows. */
import { alg, Graph } from "@dagrejs/graphlib";
import { type ConfiguredCluster, workloadId, workloads } from "./cluster.ts";
import { workloadsAmong } from "./ends.ts";
import type { Workload } from "./peers.ts";

/**
 * Workloads that are each other's servers, directly or around a corner, as `namespace/name`. There is no order between the
 * policies of a ring, so while they are applied for the first time a client's may be there before its server's.
 */
export const rings = (cluster: ConfiguredCluster): string[][] => ringsIn(serverGraph(cluster));

/** A workload's policy and the policies (`namespace/name`) that come before it. */
export interface Step {
  readonly workload: Workload;
  readonly after: readonly string[];
}

/**
 * The workloads in an order that never applies a client's policy before its servers', except within a ring. Where the
 * namespaces have an order as well, all of one come before all of another: whoever watches sees one after the other.
 */
export function applyOrder(cluster: ConfiguredCluster): Step[] {
  const servers = serverGraph(cluster);
  const namespaces = namespaceGraph(cluster);
  const inRing = sameRing(servers);
  const inNamespaceRing = sameRing(namespaces);
  const order = new Graph();
  const steps = new Map<string, Step>();
  for (const workload of workloads(cluster)) {
    const id = workloadId(workload);
    const earlier = cluster.namespaces
      .filter(({ name }) => namespaces.hasEdge(workload.namespace, name) && !inNamespaceRing(workload.namespace, name))
      .flatMap((namespace) => namespace.workloads.map(workloadId));
    const after = workloads(cluster)
      .map(workloadId)
      .filter((server) => servers.hasEdge(id, server) && !inRing(id, server));
    steps.set(id, { workload, after });
    order.setNode(id);
    for (const server of [...earlier, ...after]) order.setEdge(server, id);
  }
  return alg.topsort(order).flatMap((id) => steps.get(id) ?? []);
}

const ringsIn = (graph: Graph): string[][] => alg.tarjan(graph).filter(({ length }) => length > 1);

/** Tells whether two nodes are in one ring, as each is with itself. */
function sameRing(graph: Graph): (one: string, other: string) => boolean {
  const rings = new Map(ringsIn(graph).flatMap((ring) => ring.map((id) => [id, ring] as const)));
  return (one, other) => one === other || rings.get(one)?.includes(other) === true;
}

/** Edges from each workload to the workloads that it connects to. */
function serverGraph(cluster: ConfiguredCluster): Graph {
  const graph = new Graph();
  for (const workload of workloads(cluster)) graph.setNode(workloadId(workload));
  for (const [client, server] of connected(cluster)) graph.setEdge(workloadId(client), workloadId(server));
  return graph;
}

/** Edges from each namespace to the other namespaces that its workloads connect to. */
function namespaceGraph(cluster: ConfiguredCluster): Graph {
  const graph = new Graph();
  for (const { name } of cluster.namespaces) graph.setNode(name);
  for (const [client, server] of connected(cluster)) {
    if (client.namespace !== server.namespace) graph.setEdge(client.namespace, server.namespace);
  }
  return graph;
}

/** A client and its server, of every flow. */
const connected = (cluster: ConfiguredCluster): [Workload, Workload][] =>
  cluster.flows.flatMap(({ from, to }) => {
    const servers = workloadsAmong(to, cluster);
    return workloadsAmong(from, cluster).flatMap((client) =>
      servers.map((server): [Workload, Workload] => [client, server]),
    );
  });
