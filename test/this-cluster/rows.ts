/** The per-namespace tables of the cluster's policy document, in its order. */
import type { Row } from "./row.ts";
import { onePassword } from "./rows/1password.ts";
import { argo } from "./rows/argo.ts";
import { argocd } from "./rows/argocd.ts";
import { certManager } from "./rows/cert-manager.ts";
import { cnpgSystem } from "./rows/cnpg-system.ts";
import { database } from "./rows/database.ts";
import { externalDns } from "./rows/external-dns.ts";
import { kanidm } from "./rows/kanidm.ts";
import { kubeSystem } from "./rows/kube-system.ts";
import { monitoring } from "./rows/monitoring.ts";
import { oauth2Proxy } from "./rows/oauth2-proxy.ts";
import { seaweedfs } from "./rows/seaweedfs.ts";
import { trident } from "./rows/trident.ts";
import { trivySystem } from "./rows/trivy-system.ts";

export const rows: readonly Row[] = [
  ...argocd,
  ...argo,
  ...monitoring,
  ...seaweedfs,
  ...kubeSystem,
  ...database,
  ...certManager,
  ...externalDns,
  ...cnpgSystem,
  ...onePassword,
  ...kanidm,
  ...oauth2Proxy,
  ...trivySystem,
  ...trident,
];

/** How many workloads the tables have a row for, and how many policies there are with the clusterwide one. */
export const workloadCount = rows.length;
export const policyCount = workloadCount + 1;

/** Policies per namespace, as the headings of the tables count them; argo's heading says 11 above twelve rows. */
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
