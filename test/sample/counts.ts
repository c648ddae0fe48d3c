/** What the sample cluster declares, counted by hand. */

/** Policies per namespace, in the order of the cluster. */
export const policyCounts = {
  argocd: 8,
  argo: 12,
  monitoring: 11,
  seaweedfs: 4,
  "kube-system": 6,
  database: 1,
  "cert-manager": 4,
  "external-dns": 1,
  "cnpg-system": 1,
  "1password": 1,
  kanidm: 1,
  "oauth2-proxy": 2,
  "trivy-system": 3,
  trident: 2,
} as const;

export const namespaces = Object.keys(policyCounts);

/** Policies of workloads, and all of them with the clusterwide one. */
export const workloadCount = 57;
export const policyCount = workloadCount + 1;
