/**
 * What the rules have to know of the cluster that they are shipped for: its workloads by the labels that their pods
 * carry, its exceptions. A config file replaces any of it, rule by rule.
 */
import { z } from "zod";
import type { Exemption } from "./exemptions.ts";

export const workload = z.strictObject({
  namespace: z.string().min(1),
  labels: z.record(z.string(), z.string()).describe("All labels of its pods"),
});

export const workloadWithPorts = workload.extend({
  ports: z.array(z.string()).min(1).describe("Its pods' ports, by number and by name"),
});

export type Workload = z.infer<typeof workload>;
export type WorkloadWithPorts = z.infer<typeof workloadWithPorts>;

const named = (name: string, labels: Record<string, string> = {}): Record<string, string> => ({
  "app.kubernetes.io/name": name,
  ...labels,
});

const component = (name: string, component: string): Record<string, string> =>
  named(name, { "app.kubernetes.io/component": component });

const each = (namespace: string, ...labels: Record<string, string>[]): Workload[] =>
  labels.map((labels) => ({ namespace, labels }));

export const clusterName = "default";

/** TLSRoutes of the Gateway lead here. */
export const behindTlsRoutes: readonly WorkloadWithPorts[] = [
  { namespace: "kanidm", labels: named("kanidm"), ports: ["8443", "https"] },
  {
    namespace: "argocd",
    labels: named("argocd-server", {
      "app.kubernetes.io/component": "server",
      "app.kubernetes.io/instance": "argocd",
      "app.kubernetes.io/part-of": "argocd",
    }),
    ports: ["8080", "server"],
  },
];

/** The kubelet probes these. */
export const probed: readonly Workload[] = [
  ...each(
    "argocd",
    component("argocd-server", "server"),
    component("argocd-application-controller", "application-controller"),
    component("argocd-repo-server", "repo-server"),
  ),
  ...each(
    "argo",
    component("argo-workflows-server", "server"),
    component("argo-workflows-workflow-controller", "workflow-controller"),
    component("argo-events-controller-manager", "controller-manager"),
    { "eventbus-name": "default", controller: "eventbus-controller" },
  ),
  ...each(
    "monitoring",
    named("prometheus"),
    named("alertmanager"),
    named("grafana"),
    component("kube-state-metrics", "metrics"),
    {
      app: "kube-prometheus-stack-operator",
      ...component("kube-prometheus-stack-prometheus-operator", "prometheus-operator"),
    },
    component("loki", "single-binary"),
    component("loki", "gateway"),
    component("loki", "canary"),
    named("alloy"),
    named("tempo"),
  ),
  ...each(
    "seaweedfs",
    component("seaweedfs", "master"),
    component("seaweedfs", "volume"),
    component("seaweedfs", "filer"),
  ),
  ...each(
    "kube-system",
    { "k8s-app": "kube-dns" },
    { "k8s-app": "hubble-relay", ...named("hubble-relay") },
    { "k8s-app": "hubble-ui", ...named("hubble-ui") },
    named("metrics-server"),
    named("reloader", { app: "reloader-reloader" }),
    component("tetragon-operator", "operator"),
  ),
  ...each("database", { "cnpg.io/cluster": "shared-pg", "cnpg.io/podRole": "instance" }),
  ...each("cert-manager", { app: "cert-manager", ...component("cert-manager", "controller") }, named("webhook")),
  ...each("external-dns", named("external-dns")),
  ...each("cnpg-system", named("cloudnative-pg", { "app.kubernetes.io/instance": "cnpg" })),
  ...each("kanidm", named("kanidm")),
  ...each(
    "oauth2-proxy",
    named("oauth2-proxy", { app: "oauth2-proxy", "app.kubernetes.io/instance": "oauth2-proxy-hubble" }),
    named("oauth2-proxy", { app: "oauth2-proxy", "app.kubernetes.io/instance": "oauth2-proxy-seaweedfs" }),
  ),
  ...each("trivy-system", named("trivy-operator")),
];

/** These run in their node's network, where no policy reaches them. */
export const hostNetwork: readonly Workload[] = [
  ...each("monitoring", named("prometheus-node-exporter", { "app.kubernetes.io/component": "metrics" })),
  ...each(
    "kube-system",
    { "k8s-app": "cilium", ...named("cilium-agent") },
    { "k8s-app": "cilium-envoy", ...named("cilium-envoy") },
    { "io.cilium/app": "operator", ...named("cilium-operator") },
    { "k8s-app": "kube-proxy" },
    component("tetragon", "agent"),
    { "k8s-app": "kube-apiserver", component: "kube-apiserver", tier: "control-plane" },
    { "k8s-app": "kube-scheduler", component: "kube-scheduler", tier: "control-plane" },
    { "k8s-app": "kube-controller-manager", component: "kube-controller-manager", tier: "control-plane" },
    { component: "etcd", tier: "control-plane" },
  ),
  ...each("trident", { app: "node.csi.trident.qnap.io" }),
];

const registries =
  "registries and download sites answer from content delivery networks whose names change too often for toFQDNs";

/** What may be wide open here. */
export const wideOpen: readonly Exemption[] = [
  {
    policy: "argo/workflow-pods",
    finding: "toCIDR 0.0.0.0/0 on 443/TCP is every address outside the cluster",
    reason: `workflow steps fetch what their templates name: ${registries}`,
  },
  {
    policy: "trivy-system/scan-jobs",
    finding: "toCIDR 0.0.0.0/0 on 443/TCP is every address outside the cluster",
    reason: `scan jobs pull layers of every image: ${registries}; the pods are short-lived and speak HTTPS only`,
  },
];
