/** What the sample cluster declares, counted by hand. */

/** Policies per namespace, in the order of the cluster. */
export const policyCounts = {
  argocd: 3,
  booking: 2,
  monitoring: 3,
  data: 4,
  jobs: 5,
  identity: 1,
  "kube-system": 4,
} as const;

export const namespaces = Object.keys(policyCounts);

/** Policies of workloads, and all of them with the clusterwide one. */
export const workloadCount = 22;
export const policyCount = workloadCount + 1;
