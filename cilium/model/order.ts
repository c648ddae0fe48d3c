/** Which policies must be in place before which: servers before their clients. Derived from the flows. */
import { alg, Graph } from "@dagrejs/graphlib";
import { type ConfiguredCluster, workloadId, workloads } from "./cluster.ts";
import type { Workload } from "./peers.ts";

/** A cycle of namespaces that are each other's servers, if there is one: then no order exists. */
export function namespaceCycle(cluster: ConfiguredCluster): string[] | undefined {
  return alg.findCycles(namespaceGraph(cluster))[0];
}

/** A workload's policy and the policies (`namespace/name`) that come before it. */
export interface Step {
  readonly workload: Workload;
  readonly after: readonly string[];
}

/**
 * The workloads in an order that never applies a client's policy before its servers': after every workload of the
 * namespaces that its namespace's flows go to, and after the servers that it talks to in its own. Workloads of one
 * namespace that are each other's servers, directly or around a corner, have no order between them.
 */
export function applyOrder(cluster: ConfiguredCluster): Step[] {
  const namespaces = namespaceGraph(cluster);
  const servers = serverGraph(cluster);
  const rings = new Map(alg.tarjan(servers).flatMap((ring) => ring.map((id) => [id, ring] as const)));
  const steps = new Map<string, Step>();
  const order = new Graph();
  for (const workload of workloads(cluster)) {
    const id = workloadId(workload);
    const elsewhere = cluster.namespaces
      .filter(({ name }) => namespaces.hasEdge(workload.namespace, name))
      .flatMap((namespace) => namespace.workloads.map(workloadId));
    const here = workloads(cluster)
      .filter((server) => server.namespace === workload.namespace && servers.hasEdge(id, workloadId(server)))
      .map(workloadId)
      .filter((server) => !rings.get(id)?.includes(server));
    steps.set(id, { workload, after: [...elsewhere, ...here] });
    order.setNode(id);
    for (const server of [...elsewhere, ...here]) order.setEdge(server, id);
  }
  return alg.topsort(order).flatMap((id) => steps.get(id) ?? []);
}

/** Edges from each workload to the workloads that it connects to. */
function serverGraph(cluster: ConfiguredCluster): Graph {
  const graph = new Graph();
  for (const workload of workloads(cluster)) graph.setNode(workloadId(workload));
  for (const { from, to } of cluster.flows) {
    if (from.kind === "workload" && to.kind === "workload") graph.setEdge(workloadId(from), workloadId(to));
  }
  return graph;
}

/** Edges from each namespace to the other namespaces that its workloads connect to. */
function namespaceGraph(cluster: ConfiguredCluster): Graph {
  const graph = new Graph();
  for (const { name } of cluster.namespaces) graph.setNode(name);
  for (const { from, to } of cluster.flows) {
    if (from.kind === "workload" && to.kind === "workload" && from.namespace !== to.namespace) {
      graph.setEdge(from.namespace, to.namespace);
    }
  }
  return graph;
}
