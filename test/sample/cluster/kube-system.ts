import {
  cluster,
  dns,
  from,
  grpc,
  host,
  http,
  https,
  kubeApiserver,
  namespace,
  nodes,
  remoteNode,
  tcp,
} from "../cilium/language.ts";

const kubeSystem = namespace("kube-system");

const networking = "CNI / networking";
const controlPlane = "Control plane static pods";

export const ciliumAgent = kubeSystem.hostNetwork("cilium-agent", {
  reason: networking,
  labels: { "k8s-app": "cilium", "app.kubernetes.io/name": "cilium-agent" },
  ports: { hubble: grpc(4244), hubbleMetrics: http(9965) },
});

export const kubeProxy = kubeSystem.hostNetwork("kube-proxy", {
  reason: networking,
  labels: { "k8s-app": "kube-proxy" },
});

export const tetragonAgent = kubeSystem.hostNetwork("tetragon", {
  reason: "eBPF runtime security (hostNetwork DaemonSet)",
  labels: { "app.kubernetes.io/name": "tetragon", "app.kubernetes.io/component": "agent" },
  ports: { metrics: http(2112) },
});

export const kubeApiserverPods = kubeSystem.hostNetwork("kube-apiserver", {
  reason: controlPlane,
  labels: { "k8s-app": "kube-apiserver", component: "kube-apiserver", tier: "control-plane" },
  ports: { https: https(6443) },
});

export const etcd = kubeSystem.hostNetwork("etcd", {
  reason: controlPlane,
  labels: { component: "etcd", tier: "control-plane" },
  ports: { client: tcp(2379), metrics: http(2381) },
});

export const scheduler = kubeSystem.hostNetwork("kube-scheduler", {
  reason: controlPlane,
  labels: { "k8s-app": "kube-scheduler", component: "kube-scheduler", tier: "control-plane" },
  ports: { https: https(10259) },
});

export const controllerManager = kubeSystem.hostNetwork("kube-controller-manager", {
  reason: controlPlane,
  labels: { "k8s-app": "kube-controller-manager", component: "kube-controller-manager", tier: "control-plane" },
  ports: { https: https(10257) },
});

export const coredns = kubeSystem.workload("coredns", {
  labels: { "k8s-app": "kube-dns" },
  ports: { dns: dns(53), metrics: http(9153), health: http(8080), ready: http(8181) },
  probes: ["health", "ready"],
});

export const hubbleRelay = kubeSystem.workload("hubble-relay", {
  labels: { "k8s-app": "hubble-relay" },
  otherLabels: { "app.kubernetes.io/name": "hubble-relay", "app.kubernetes.io/part-of": "cilium" },
  ports: { grpc: grpc(4245), health: grpc(4222) },
  probes: ["health"],
});

export const hubbleUi = kubeSystem.workload("hubble-ui", {
  labels: { "k8s-app": "hubble-ui" },
  otherLabels: { "app.kubernetes.io/name": "hubble-ui" },
  ports: { web: http(8081), backend: grpc(8090) },
  probes: ["web"],
});

export const metricsServer = kubeSystem.workload("metrics-server", {
  labels: { "app.kubernetes.io/name": "metrics-server" },
  ports: { https: https(10250) },
  probes: ["https"],
});

export const reloader = kubeSystem.workload("reloader", {
  labels: { "app.kubernetes.io/name": "reloader" },
  otherLabels: { app: "reloader-reloader" },
  ports: { http: http(9090) },
  probes: ["http"],
});

export const tetragonOperator = kubeSystem.workload("tetragon-operator", {
  labels: { "app.kubernetes.io/name": "tetragon-operator" },
  otherLabels: { "app.kubernetes.io/component": "operator" },
  ports: { metrics: http(2113), health: http(8081) },
  probes: ["health"],
});

export default kubeSystem.flows(() => [
  from(cluster, host, remoteNode).to(coredns.dns),
  from(coredns).to(kubeApiserver),
  from(coredns)
    .to(host.on(dns(53)))
    .for("upstream"),

  from(host).to(hubbleRelay.health).for("probes"),
  from(hubbleRelay).to(ciliumAgent.hubble, kubeApiserver),

  from(host).to(hubbleUi.web).for("probes"),
  from(hubbleUi).to(kubeApiserver, hubbleRelay.grpc),

  from(nodes, kubeApiserver).to(metricsServer.https),
  from(metricsServer).to(kubeApiserver, nodes.on(10250)),

  from(host).to(reloader.http).for("probes"),
  from(reloader).to(kubeApiserver),

  from(tetragonOperator).to(kubeApiserver),
]);
