/** The document's tables of flows that cross namespaces and of pods that no policy can select, in its order. */
import type { Port } from "./row.ts";

/** Namespace and name of a row. */
type Component = `${string}/${string}`;

export interface CrossNamespaceRow {
  readonly from: Component;
  /** The servers, or a name outside the cluster. */
  readonly to: readonly Component[] | `fqdn ${string}`;
  readonly port: Port;
  readonly purpose: string;
}

const oidcDirect = "OIDC token exchange (direct, via CoreDNS rewrite)";

// biome-ignore format: one line per row, as in the document
export const crossNamespaceRows: readonly CrossNamespaceRow[] = [
  { from: "monitoring/grafana", to: ["database/shared-pg"], port: "5432/TCP", purpose: "Dashboard state" },
  { from: "monitoring/prometheus", to: ["kube-system/coredns"], port: "9153/TCP", purpose: "Metrics scrape" },
  { from: "monitoring/prometheus", to: ["kube-system/tetragon-operator"], port: "2113/TCP", purpose: "Metrics scrape" },
  { from: "monitoring/prometheus", to: ["seaweedfs/master", "seaweedfs/volume", "seaweedfs/filer"], port: "9327/TCP", purpose: "Metrics scrape" },
  { from: "monitoring/loki", to: ["seaweedfs/filer"], port: "8333/TCP", purpose: "S3 storage" },
  { from: "monitoring/tempo", to: ["seaweedfs/filer"], port: "8333/TCP", purpose: "S3 storage" },
  { from: "argo/workflows-controller", to: ["database/shared-pg"], port: "5432/TCP", purpose: "Workflow archive" },
  { from: "argo/workflows-server", to: ["database/shared-pg"], port: "5432/TCP", purpose: "Workflow archive" },
  { from: "cnpg-system/cloudnative-pg", to: ["database/shared-pg"], port: "8000/TCP", purpose: "Health probes" },
  { from: "argocd/cloudflared", to: ["argo/eventsource"], port: "12000/TCP", purpose: "GitHub webhook relay" },
  { from: "argo/workflow-pods", to: ["seaweedfs/filer"], port: "8333/TCP", purpose: "Artifact/log storage" },
  { from: "argo/pxe-sync", to: ["seaweedfs/filer"], port: "8333/TCP", purpose: "Artifact/log storage" },
  { from: "argo/workflows-server", to: ["seaweedfs/filer"], port: "8333/TCP", purpose: "Archived log retrieval" },
  { from: "monitoring/prometheus", to: ["trivy-system/trivy-operator"], port: "8080/TCP", purpose: "Metrics scrape" },
  { from: "monitoring/grafana", to: ["kanidm/kanidm"], port: "8443/TCP", purpose: oidcDirect },
  { from: "argocd/server", to: ["kanidm/kanidm"], port: "8443/TCP", purpose: oidcDirect },
  { from: "argo/workflows-server", to: ["kanidm/kanidm"], port: "8443/TCP", purpose: oidcDirect },
  { from: "oauth2-proxy/oauth2-proxy-hubble", to: ["kube-system/hubble-ui"], port: "8081/TCP", purpose: "Reverse proxy upstream" },
  { from: "oauth2-proxy/oauth2-proxy-hubble", to: ["kanidm/kanidm"], port: "8443/TCP", purpose: "OIDC token exchange" },
  { from: "oauth2-proxy/oauth2-proxy-seaweedfs", to: ["seaweedfs/filer"], port: "8888/TCP", purpose: "Reverse proxy upstream" },
  { from: "oauth2-proxy/oauth2-proxy-seaweedfs", to: ["kanidm/kanidm"], port: "8443/TCP", purpose: "OIDC token exchange" },
  { from: "database/shared-pg", to: "fqdn *.r2.cloudflarestorage.com", port: "443/TCP", purpose: "CNPG barman backup/WAL archiving" },
];

export interface ExcludedRow {
  readonly namespace: string;
  /** By the names of their workloads; the document uses plain words. */
  readonly pods: readonly string[];
  readonly reason: string;
}

/** Pods with hostNetwork: policies select endpoints, and these are none. */
// biome-ignore format: one line per row, as in the document
export const excludedRows: readonly ExcludedRow[] = [
  { namespace: "monitoring", pods: ["node-exporter"], reason: "Host metrics collection" },
  { namespace: "kube-system", pods: ["cilium-agent", "kube-proxy"], reason: "CNI / networking" },
  { namespace: "kube-system", pods: ["tetragon"], reason: "eBPF runtime security (hostNetwork DaemonSet)" },
  { namespace: "kube-system", pods: ["kube-apiserver", "etcd", "kube-scheduler", "kube-controller-manager"], reason: "Control plane static pods" },
  { namespace: "trident", pods: ["trident-node-linux"], reason: "CSI node plugin" },
];
