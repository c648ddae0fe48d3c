import { cluster, dns, from, host, http, kubeApiserver, namespace, remoteNode } from "../cilium/language.ts";

const kubeSystem = namespace("kube-system");

export const coredns = kubeSystem.workload("coredns", {
  labels: { "k8s-app": "kube-dns" },
  ports: { dns: dns(53), health: http(8080) },
  probes: ["health"],
});

export default kubeSystem.flows(() => [
  from(cluster, host, remoteNode).to(coredns.dns),
  from(host).to(coredns.health).for("probes"),
  from(coredns).to(kubeApiserver, host.on(dns(53))),
]);
