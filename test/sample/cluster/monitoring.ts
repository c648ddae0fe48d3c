import {
  fqdn,
  from,
  gateway,
  grpc,
  http,
  https,
  kubeApiserver,
  namespace,
  nodes,
  remoteNode,
  tcp,
} from "../cilium/language.ts";
import { sharedPg } from "./database.ts";
import { kanidm } from "./kanidm.ts";
import {
  ciliumAgent,
  controllerManager,
  coredns,
  etcd,
  scheduler,
  tetragonAgent,
  tetragonOperator,
} from "./kube-system.ts";
import { filer, master, volume } from "./seaweedfs.ts";
import { trivyOperator } from "./trivy-system.ts";

const monitoring = namespace("monitoring");

export const nodeExporter = monitoring.hostNetwork("node-exporter", {
  reason: "Host metrics collection",
  labels: { "app.kubernetes.io/name": "prometheus-node-exporter", "app.kubernetes.io/component": "metrics" },
  ports: { metrics: http(9100) },
});

export const prometheus = monitoring.workload("prometheus", {
  labels: { "app.kubernetes.io/name": "prometheus" },
  otherLabels: {
    prometheus: "kube-prometheus-stack-prometheus",
    "app.kubernetes.io/instance": "kube-prometheus-stack-prometheus",
    "app.kubernetes.io/managed-by": "prometheus-operator",
    "operator.prometheus.io/name": "kube-prometheus-stack-prometheus",
  },
  ports: { web: http(9090), reloader: http(8080) },
  probes: ["web"],
});

export const alertmanager = monitoring.workload("alertmanager", {
  labels: { "app.kubernetes.io/name": "alertmanager" },
  otherLabels: { alertmanager: "kube-prometheus-stack-alertmanager" },
  ports: { web: http(9093), reloader: http(8080), mesh: { number: 9094, transports: ["TCP", "UDP"], speaks: "tcp" } },
  probes: ["web"],
});

export const grafana = monitoring.workload("grafana", {
  labels: { "app.kubernetes.io/name": "grafana" },
  otherLabels: { "app.kubernetes.io/instance": "kube-prometheus-stack" },
  ports: { web: http(3000), profiling: http(6060) },
  probes: ["web"],
});

export const kubeStateMetrics = monitoring.workload("kube-state-metrics", {
  labels: { "app.kubernetes.io/name": "kube-state-metrics" },
  otherLabels: { "app.kubernetes.io/component": "metrics" },
  ports: { metrics: http(8080), telemetry: http(8081) },
  probes: ["metrics", "telemetry"],
});

export const prometheusOperator = monitoring.workload("prometheus-operator", {
  labels: { app: "kube-prometheus-stack-operator" },
  otherLabels: {
    "app.kubernetes.io/name": "kube-prometheus-stack-prometheus-operator",
    "app.kubernetes.io/component": "prometheus-operator",
  },
  ports: { https: https(10250) },
  probes: ["https"],
});

export const loki = monitoring.workload("loki", {
  labels: { "app.kubernetes.io/name": "loki", "app.kubernetes.io/component": "single-binary" },
  otherLabels: { "app.kubernetes.io/part-of": "memberlist" },
  ports: { http: http(3100), grpc: grpc(9095), memberlist: tcp(7946) },
  probes: ["http"],
});

export const lokiGateway = monitoring.workload("loki-gateway", {
  labels: { "app.kubernetes.io/name": "loki", "app.kubernetes.io/component": "gateway" },
  ports: { http: http(8080) },
  probes: ["http"],
});

export const lokiCanary = monitoring.workload("loki-canary", {
  labels: { "app.kubernetes.io/name": "loki", "app.kubernetes.io/component": "canary" },
  ports: { metrics: http(3500) },
  probes: ["metrics"],
});

export const alloy = monitoring.workload("alloy", {
  labels: { "app.kubernetes.io/name": "alloy" },
  ports: { metrics: http(12345) },
  probes: ["metrics"],
});

export const tempo = monitoring.workload("tempo", {
  labels: { "app.kubernetes.io/name": "tempo" },
  ports: { http: http(3200), otlpGrpc: grpc(4317), otlpHttp: http(4318) },
  probes: ["http"],
});

/** Two Jobs, Helm hooks. Their `app.kubernetes.io/name` is the operator's, so the component tells them apart. */
export const prometheusAdmission = monitoring.workload("prometheus-admission", {
  labels: { "app.kubernetes.io/component": "prometheus-operator-webhook" },
  otherLabels: {
    app: "kube-prometheus-stack-admission-create",
    "app.kubernetes.io/name": "kube-prometheus-stack-prometheus-operator",
  },
});

const kubelet = nodes.on(10250);

export default monitoring.flows(() => [
  from(prometheus).to(
    kubeApiserver,
    alertmanager.web,
    alertmanager.reloader,
    kubeStateMetrics.metrics,
    prometheusOperator.https,
    grafana.web,
    tempo.http,
  ),
  from(prometheus)
    .to(coredns.metrics, tetragonOperator.metrics, master.metrics, volume.metrics, filer.metrics, trivyOperator.metrics)
    .for("Metrics scrape"),
  from(prometheus)
    .to(
      kubelet,
      nodeExporter.metrics,
      etcd.client,
      etcd.metrics,
      controllerManager.https,
      scheduler.https,
      ciliumAgent.hubbleMetrics,
      tetragonAgent.metrics,
    )
    .for("Metrics scrape"),

  from(alertmanager).to(fqdn("discord.com").on(443)),

  from(gateway).to(grafana.web).throughHttpProxy(),
  from(grafana).to(kubeApiserver, prometheus.web, lokiGateway.http, tempo.http),
  from(grafana).to(sharedPg.postgresql).for("Dashboard state"),
  from(grafana).to(kanidm.https).for("OIDC token exchange (direct, via CoreDNS rewrite)"),

  from(kubeStateMetrics).to(kubeApiserver),

  from(kubeApiserver, remoteNode).to(prometheusOperator.https),
  from(prometheusOperator).to(kubeApiserver),

  from(loki).to(kubeApiserver),
  from(loki).to(filer.s3).for("S3 storage"),
  from(loki).to(loki.memberlist).for("memberlist"),

  from(lokiGateway).to(loki.http),

  from(lokiCanary).to(lokiGateway.http, loki.http),

  from(alloy).to(kubeApiserver, lokiGateway.http),

  from(tempo).to(filer.s3).for("S3 storage"),
  from(tempo).to(prometheus.web).for("metrics remote_write"),

  from(prometheusAdmission).to(kubeApiserver),
]);
