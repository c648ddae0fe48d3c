/** Which of a program's workloads the pods of a record belong to, told by the labels that its policies select on. */

import { type Cluster, workloads } from "../model/cluster.ts";
import { labelSelector } from "../model/labels.ts";
import { peerName, type Workload } from "../model/peers.ts";
import { entityName } from "../policy/entity.ts";
import { matches, podIdentity, subjectRequirements } from "../policy/selector.ts";
import { type End, podName, type RecordedPod } from "./end.ts";

export type FindWorkload = (end: End) => Workload | undefined;

export function workloadFinder(cluster: Cluster): FindWorkload {
  // A pod of a workload may be one of several groups too.
  const required = workloads(cluster)
    .sort((a, b) => Number(a.isGroup) - Number(b.isGroup))
    .map((workload) => ({
      workload,
      requirements: subjectRequirements(labelSelector(workload.labels), workload.namespace),
    }));
  const found = new Map<RecordedPod, Workload | undefined>();
  return (end) => {
    if (end.kind !== "pod") return undefined;
    if (!found.has(end)) {
      const identity = podIdentity({ namespace: end.namespace, labels: end.labels, cluster: end.cluster ?? "" });
      found.set(end, required.find(({ requirements }) => matches(requirements, identity))?.workload);
    }
    return found.get(end);
  };
}

/**
 * `namespace/name` of a pod's workload, the entity, or the names of an address, else itself.
 * @param cluster the cluster whose policies are judged: another one's pods are named with theirs
 */
export function endName(end: End, find: FindWorkload, names: readonly string[], cluster: string): string {
  switch (end.kind) {
    case "pod": {
      const workload = find(end);
      if (workload !== undefined) return peerName(workload);
      const elsewhere = end.cluster === undefined || end.cluster === cluster ? "" : ` of cluster ${end.cluster}`;
      return `${end.namespace}/${podName(end)}${elsewhere}`;
    }
    case "entity":
      return entityName(end.entity);
    case "outside":
      if (end.isApiServer) return `kube-apiserver ${end.address}`;
      return `${names.length > 0 ? names.join(", ") : end.address}${end.standsForMore ? " and others like it" : ""}`;
  }
}
