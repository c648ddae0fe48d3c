import { fqdn, from, gateway, grpc, http, kubeApiserver, namespace, tcp, tlsPassthrough } from "../cilium/language.ts";
import { login } from "./identity.ts";

const argocd = namespace("argocd");

export const server = argocd.workload("server", {
  labels: { "app.kubernetes.io/name": "argocd-server" },
  otherLabels: { "app.kubernetes.io/component": "server" },
  ports: { https: tlsPassthrough(8080), metrics: http(8083) },
  probes: ["https"],
});

export const repoServer = argocd.workload("repo-server", {
  labels: { "app.kubernetes.io/name": "argocd-repo-server" },
  ports: { grpc: grpc(8081), metrics: http(8084) },
});

export const redis = argocd.workload("redis", {
  labels: { "app.kubernetes.io/name": "argocd-redis" },
  ports: { redis: tcp(6379) },
});

export default argocd.flows(() => [
  from(gateway).to(server.https),
  from(server).to(kubeApiserver, repoServer.grpc, redis.redis),
  from(server).to(login.https).for("Sign-in"),
  from(repoServer).to(fqdn("github.com", "*.githubusercontent.com", "charts.example").on(443), redis.redis),
]);
