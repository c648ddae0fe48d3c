import {
  fqdn,
  from,
  gateway,
  grpc,
  http,
  kubeApiserver,
  namespace,
  tcp,
  tlsPassthrough,
  udp,
} from "../cilium/language.ts";
import { eventsource } from "./argo.ts";
import { kanidm } from "./kanidm.ts";

const argocd = namespace("argocd");

export const server = argocd.workload("server", {
  labels: { "app.kubernetes.io/name": "argocd-server" },
  otherLabels: {
    "app.kubernetes.io/instance": "argocd",
    "app.kubernetes.io/component": "server",
    "app.kubernetes.io/part-of": "argocd",
  },
  ports: { https: tlsPassthrough(8080), metrics: http(8083) },
  probes: ["https"],
});

export const applicationController = argocd.workload("application-controller", {
  labels: { "app.kubernetes.io/name": "argocd-application-controller" },
  otherLabels: { "app.kubernetes.io/component": "application-controller" },
  ports: { metrics: http(8082) },
  probes: ["metrics"],
});

export const repoServer = argocd.workload("repo-server", {
  labels: { "app.kubernetes.io/name": "argocd-repo-server" },
  otherLabels: { "app.kubernetes.io/component": "repo-server" },
  ports: { grpc: grpc(8081), metrics: http(8084) },
  probes: ["metrics"],
});

export const redis = argocd.workload("redis", {
  labels: { "app.kubernetes.io/name": "argocd-redis" },
  otherLabels: { "app.kubernetes.io/component": "redis" },
  ports: { redis: tcp(6379) },
});

export const applicationsetController = argocd.workload("applicationset-controller", {
  labels: { "app.kubernetes.io/name": "argocd-applicationset-controller" },
  ports: { metrics: http(8080), health: http(8081), webhook: http(7000) },
});

export const notificationsController = argocd.workload("notifications-controller", {
  labels: { "app.kubernetes.io/name": "argocd-notifications-controller" },
  ports: { metrics: http(9001) },
});

/** A Job: Helm runs it before every install and upgrade. */
export const redisSecretInit = argocd.workload("redis-secret-init", {
  labels: { "app.kubernetes.io/name": "argocd-redis-secret-init" },
});

export const cloudflared = argocd.workload("cloudflared", {
  labels: { app: "cloudflared" },
});

/** The organisations whose GitHub Pages serve the Helm charts. */
const chartRepositories = [
  "argoproj",
  "1password",
  "grafana",
  "oauth2-proxy",
  "aquasecurity",
  "cloudnative-pg",
  "kubernetes-sigs",
  "prometheus-community",
  "seaweedfs",
  "stakater",
].map((organisation) => `${organisation}.github.io`);

export default argocd.flows(() => [
  from(gateway).to(server.https),

  from(server).to(kubeApiserver, repoServer.grpc, redis.redis),
  from(server).to(kanidm.https).for("OIDC token exchange (direct, via CoreDNS rewrite)"),

  from(applicationController).to(kubeApiserver, repoServer.grpc, redis.redis),

  from(repoServer).to(
    fqdn("github.com", ...chartRepositories, "*.githubusercontent.com", "charts.jetstack.io", "helm.cilium.io").on(443),
    redis.redis,
  ),

  from(applicationsetController).to(kubeApiserver),

  from(notificationsController).to(kubeApiserver, fqdn("discord.com").on(443)),

  from(redisSecretInit).to(kubeApiserver),

  from(cloudflared).to(fqdn("*.v2.argotunnel.com", "cftunnel.com").on(443, tcp(7844), udp(7844)), server.https),
  from(cloudflared).to(eventsource.webhook).for("GitHub webhook relay"),
]);
