/** Which policies must be in place before which: servers before their clients. Derived from the flows. */
import { alg, Graph } from "@dagrejs/graphlib";
import { type ConfiguredCluster, workloadId, workloads } from "./cluster.ts";

/** A cycle of namespaces that are each other's servers, if there is one: then no order exists. */
export function namespaceCycle(cluster: ConfiguredCluster): string[] | undefined {
  return alg.findCycles(namespaceGraph(cluster))[0];
}

/** The namespaces, servers before their clients. */
export function namespaceOrder(cluster: ConfiguredCluster): string[] {
  return alg.topsort(namespaceGraph(cluster)).reverse();
}

/**
 * For each workload (`namespace/name`) the workloads whose policies come before its own: every one of the namespaces that
 * its namespace's flows go to, and in its own namespace the servers that it talks to. Workloads of one namespace that are
 * each other's servers, directly or around a corner, have no order between them.
 */
export function predecessors(cluster: ConfiguredCluster): ReadonlyMap<string, readonly string[]> {
  const namespaces = namespaceGraph(cluster);
  const servers = serverGraph(cluster);
  const rings = new Map(alg.tarjan(servers).flatMap((ring) => ring.map((id) => [id, ring] as const)));
  return new Map(
    workloads(cluster).map((workload) => {
      const id = workloadId(workload);
      const elsewhere = cluster.namespaces
        .filter(({ name }) => namespaces.hasEdge(workload.namespace, name))
        .flatMap((namespace) => namespace.workloads.map(workloadId));
      const here = (servers.successors(id) ?? []).filter(
        (server) => server.startsWith(`${workload.namespace}/`) && !rings.get(id)?.includes(server),
      );
      return [id, [...elsewhere, ...here]];
    }),
  );
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
