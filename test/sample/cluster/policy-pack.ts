/** What the policy pack has to know of this cluster besides what the namespaces declare, in the form of its config. */

const registries =
  "registries and download sites answer from content delivery networks whose names change too often for toFQDNs";

export const policyPack = {
  // The container's port is called so.
  "no-l7-http-on-tls-passthrough": {
    workloads: [
      {
        namespace: "argocd",
        labels: {
          "app.kubernetes.io/name": "argocd-server",
          "app.kubernetes.io/component": "server",
          "app.kubernetes.io/instance": "argocd",
          "app.kubernetes.io/part-of": "argocd",
        },
        ports: ["server"],
      },
    ],
  },

  // No table names them, and no flow does.
  "hostnetwork-pods-excluded": {
    workloads: [
      { namespace: "kube-system", labels: { "k8s-app": "cilium-envoy", "app.kubernetes.io/name": "cilium-envoy" } },
      {
        namespace: "kube-system",
        labels: { "io.cilium/app": "operator", "app.kubernetes.io/name": "cilium-operator" },
      },
    ],
  },

  "no-wide-open": {
    exemptions: [
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
    ],
  },
};
