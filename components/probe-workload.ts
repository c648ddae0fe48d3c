/** The connectivity probe as a workload: its pods have a label and a policy of their own in each chosen namespace. */
import type { Cluster } from "../cilium/model/cluster.ts";
import { plainTerms, type Statement } from "../cilium/model/flow.ts";
import { didYouMean } from "../cilium/model/names.ts";
import type { Namespace } from "../cilium/model/namespace.ts";
import { kubeApiserver } from "../cilium/model/peers/entities.ts";
import type { Workload } from "../cilium/model/peers.ts";

export const probeName = "connectivity-probe";

/** What the probe's pods carry, and nothing else does. */
export const probeLabels = { "network-policies/probe": "connectivity" };

/** The cluster with a probe in each of the namespaces. It may reach the API server, and names like every pod. */
export function withProbes(cluster: Cluster, namespaces: readonly string[]): Cluster {
  return {
    ...cluster,
    namespaces: cluster.namespaces.map((declared) => {
      if (!namespaces.includes(declared.name)) return declared;
      const probe = probeIn(declared);
      return {
        ...declared,
        workloads: [...declared.workloads, probe],
        statements: [...declared.statements, toApiServer(probe)],
      };
    }),
  };
}

const probeIn = ({ name, labels }: Namespace): Workload => ({
  kind: "workload",
  namespace: name,
  namespaceLabels: labels,
  name: probeName,
  isGroup: false,
  labels: probeLabels,
  otherLabels: {},
  ports: {},
  probes: [],
  defaultDeny: "both",
  denyWorld: false,
});

const toApiServer = (probe: Workload): Statement => ({
  sources: [probe],
  destinations: [{ kind: "ports", peer: kubeApiserver, ports: [] }],
  ...plainTerms,
});

/** Chosen namespaces that do not exist, a line each. */
export function unknownProbeNamespaces(cluster: Cluster, chosen: readonly string[]): string[] {
  const known = cluster.namespaces.map(({ name }) => name);
  return chosen
    .filter((name) => !known.includes(name))
    .map((name) => `probeNamespaces: there is no namespace ${name}${didYouMean(name, known)}`);
}
