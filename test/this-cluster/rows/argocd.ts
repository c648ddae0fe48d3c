import { kubeApiserver, type Row } from "../row.ts";

export const argocd: readonly Row[] = [
  {
    namespace: "argocd",
    name: "server",
    selects: ["app.kubernetes.io/name=argocd-server"],
    ingress: [{ from: ["entity ingress", "endpoint argocd/cloudflared"], on: ["8080/TCP"] }],
    egress: [
      kubeApiserver,
      { to: ["endpoint argocd/repo-server"], on: ["8081/TCP"] },
      { to: ["endpoint kanidm/kanidm"], on: ["8443/TCP"] },
      { to: ["endpoint argocd/redis"], on: ["6379/TCP"] },
    ],
  },
  {
    namespace: "argocd",
    name: "application-controller",
    selects: ["app.kubernetes.io/name=argocd-application-controller"],
    ingress: "none",
    egress: [
      kubeApiserver,
      { to: ["endpoint argocd/repo-server"], on: ["8081/TCP"] },
      { to: ["endpoint argocd/redis"], on: ["6379/TCP"] },
    ],
  },
  {
    namespace: "argocd",
    name: "repo-server",
    selects: ["app.kubernetes.io/name=argocd-repo-server"],
    ingress: [{ from: ["endpoint argocd/server", "endpoint argocd/application-controller"], on: ["8081/TCP"] }],
    egress: [
      {
        to: [
          "fqdn github.com",
          "fqdn argoproj.github.io",
          "fqdn 1password.github.io",
          "fqdn grafana.github.io",
          "fqdn oauth2-proxy.github.io",
          "fqdn aquasecurity.github.io",
          "fqdn cloudnative-pg.github.io",
          "fqdn kubernetes-sigs.github.io",
          "fqdn prometheus-community.github.io",
          "fqdn seaweedfs.github.io",
          "fqdn stakater.github.io",
          "fqdn *.githubusercontent.com",
          "fqdn charts.jetstack.io",
          "fqdn helm.cilium.io",
        ],
        on: ["443/TCP"],
      },
      { to: ["endpoint argocd/redis"], on: ["6379/TCP"] },
    ],
  },
  {
    namespace: "argocd",
    name: "redis",
    selects: ["app.kubernetes.io/name=argocd-redis"],
    ingress: [
      {
        from: ["endpoint argocd/server", "endpoint argocd/repo-server", "endpoint argocd/application-controller"],
        on: ["6379/TCP"],
      },
    ],
    egress: "none",
  },
  {
    namespace: "argocd",
    name: "applicationset-controller",
    selects: ["app.kubernetes.io/name=argocd-applicationset-controller"],
    ingress: "none",
    egress: [kubeApiserver],
  },
  {
    namespace: "argocd",
    name: "notifications-controller",
    selects: ["app.kubernetes.io/name=argocd-notifications-controller"],
    ingress: "none",
    egress: [kubeApiserver, { to: ["fqdn discord.com"], on: ["443/TCP"] }],
  },
  {
    namespace: "argocd",
    name: "redis-secret-init",
    selects: ["app.kubernetes.io/name=argocd-redis-secret-init"],
    ingress: "none",
    egress: [kubeApiserver],
  },
  {
    namespace: "argocd",
    name: "cloudflared",
    selects: ["app=cloudflared"],
    ingress: "none",
    egress: [
      { to: ["fqdn *.v2.argotunnel.com", "fqdn cftunnel.com"], on: ["443/TCP", "7844/TCP", "7844/UDP"] },
      { to: ["endpoint argocd/server"], on: ["8080/TCP"] },
      { to: ["endpoint argo/eventsource"], on: ["12000/TCP"] },
    ],
  },
];
