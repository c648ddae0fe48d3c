/** Which of a program's workloads the pods of a record belong to, told by the labels that its policies select on. */
import { type Cluster, workloads } from "../model/cluster.ts";
import { labelSelector } from "../model/labels.ts";
import { peerName, type Workload } from "../model/peers.ts";
import { matches, podIdentity, subjectRequirements } from "../policy/selector.ts";
import type { End, RecordedPod } from "./end.ts";

export type FindWorkload = (end: End) => Workload | undefined;

export function workloadFinder(cluster: Cluster): FindWorkload {
  const required = workloads(cluster).map((workload) => ({
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

/** `namespace/name` of a pod's workload, the entity, `outside` or the names of an address. */
export function endName(end: End, find: FindWorkload, names: readonly string[]): string {
  switch (end.kind) {
    case "pod": {
      const workload = find(end);
      return workload === undefined ? `${end.namespace}/${end.name}` : peerName(workload);
    }
    case "entity":
      return end.entity;
    case "outside":
      return names.length > 0 ? names.join(", ") : end.address;
  }
}
