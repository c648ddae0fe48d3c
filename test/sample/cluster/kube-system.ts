import {
  cluster,
  dns,
  fqdn,
  from,
  host,
  http,
  https,
  kubeApiserver,
  namespace,
  nodes,
  remoteNode,
  world,
} from "../cilium/language.ts";

const kubeSystem = namespace("kube-system");

const reason = "Networking";
export const ciliumAgent = kubeSystem.hostNetwork("cilium-agent", {
  reason,
  labels: { "k8s-app": "cilium" },
  ports: { metrics: http(9962) },
});
export const kubeProxy = kubeSystem.hostNetwork("kube-proxy", { reason, labels: { "k8s-app": "kube-proxy" } });

export const coredns = kubeSystem.workload("coredns", {
  labels: { "k8s-app": "kube-dns" },
  ports: { dns: dns(53), metrics: http(9153), health: http(8080), ready: http(8181) },
  probes: ["health", "ready"],
});

export const metricsServer = kubeSystem.workload("metrics-server", {
  labels: { app: "metrics-server" },
  ports: { https: https(10250) },
  probes: ["https"],
});

export const certificates = kubeSystem.workload("certificates", { labels: { app: "certificates" } });
export const reloader = kubeSystem.workload("reloader", { labels: { app: "reloader" } });

export default kubeSystem.flows(() => [
  from(cluster, host, remoteNode).to(coredns.dns),
  from(coredns).to(kubeApiserver, host.on(dns(53))),
  from(nodes, kubeApiserver).to(metricsServer.https),
  from(metricsServer).to(kubeApiserver, nodes.on(10250)),
  from(certificates).to(kubeApiserver, fqdn("acme.example").on(443)),
  from(certificates)
    .to(world.on(dns(53)))
    .for("Propagation"),
  from(reloader).to(kubeApiserver),
]);
