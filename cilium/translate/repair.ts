/** Flows of which one end alone says so, declared whole: what they allow is then allowed. */
import type { Cluster } from "../model/cluster.ts";
import type { Statement } from "../model/flow.ts";

/** What is refused stays as it is, and so do limits: who means them is not for us to say. */
export function repaired(cluster: Cluster): Cluster {
  const whole = (statements: readonly Statement[]) =>
    statements.map((one) => (one.isDenied || one.carried !== undefined ? one : { ...one, only: undefined }));
  return {
    ...cluster,
    namespaces: cluster.namespaces.map((one) => ({ ...one, statements: whole(one.statements) })),
    clusterwide: { ...cluster.clusterwide, statements: whole(cluster.clusterwide.statements) },
  };
}
