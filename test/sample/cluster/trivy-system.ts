import { cidr, fqdn, from, host, http, kubeApiserver, namespace } from "../cilium/language.ts";

const trivySystem = namespace("trivy-system");

export const trivyOperator = trivySystem.workload("trivy-operator", {
  labels: { "app.kubernetes.io/name": "trivy-operator" },
  ports: { metrics: http(8080), health: http(9090) },
  probes: ["health"],
});

export const scanJobs = trivySystem.workload("scan-jobs", {
  labels: { "app.kubernetes.io/managed-by": "trivy-operator" },
  otherLabels: { "vulnerabilityReport.scanner": "Trivy" },
  denyWorld: true,
});

/** A Job for each node. */
export const nodeCollector = trivySystem.workload("node-collector", {
  labels: { app: "node-collector" },
  denyWorld: true,
});

export default trivySystem.flows(() => [
  from(host).to(trivyOperator.health).for("probes"),
  from(trivyOperator).to(
    kubeApiserver,
    fqdn(
      "mirror.gcr.io",
      "registry-1.docker.io",
      "auth.docker.io",
      "production.cloudflare.docker.com",
      "ghcr.io",
      "registry.k8s.io",
      "*.pkg.dev",
      "quay.io",
      "*.quay.io",
      "public.ecr.aws",
    ).on(443),
  ),

  // Registries redirect to storage behind ever-changing names, so no list of names can follow them.
  from(scanJobs).to(cidr("0.0.0.0/0").on(443)).for("registries and the storage behind them"),

  from(nodeCollector).to(kubeApiserver),
]);
