/** The connectivity probe as a workload: its pods have a label and a policy of their own in each chosen namespace. */
import { from, kubeApiserver, namespace } from "../cilium/language.ts";
import type { Cluster } from "../cilium/model/cluster.ts";
import { didYouMean } from "../cilium/model/names.ts";

export const probeName = "connectivity-probe";

/** What the probe's pods carry, and nothing else does. */
export const probeLabels = { "network-policies/probe": "connectivity" };

/** The cluster with a probe in each of the namespaces. It may reach the API server, and names like every pod. */
export function withProbes(cluster: Cluster, namespaces: readonly string[]): Cluster {
  return {
    ...cluster,
    namespaces: cluster.namespaces.map((declared) => {
      if (!namespaces.includes(declared.name)) return declared;
      const opened = namespace(declared.name);
      const { workloads, statements } = opened.flows(
        from(opened.workload(probeName, { labels: probeLabels })).to(kubeApiserver),
      );
      return {
        ...declared,
        workloads: [...declared.workloads, ...workloads],
        statements: [...declared.statements, ...statements],
      };
    }),
  };
}

/** Chosen namespaces that do not exist, a line each. */
export function unknownProbeNamespaces(cluster: Cluster, chosen: readonly string[]): string[] {
  const known = cluster.namespaces.map(({ name }) => name);
  return chosen
    .filter((name) => !known.includes(name))
    .map((name) => `probeNamespaces: there is no namespace ${name}${didYouMean(name, known)}`);
}
