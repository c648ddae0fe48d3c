import { fqdn, from, gateway, grpc, http, kubeApiserver, namespace, nodes } from "../cilium/language.ts";
import { web } from "./booking.ts";
import { postgres, store } from "./data.ts";
import { login } from "./identity.ts";
import { ciliumAgent, coredns } from "./kube-system.ts";

const monitoring = namespace("monitoring");

export const nodeExporter = monitoring.hostNetwork("node-exporter", {
  reason: "Metrics of the nodes",
  labels: { app: "node-exporter" },
  ports: { metrics: http(9100) },
});

export const grafana = monitoring.workload("grafana", {
  labels: { app: "grafana" },
  ports: { web: http(3000), profiling: http(6060) },
});

export const prometheus = monitoring.workload("prometheus", {
  labels: { app: "prometheus" },
  ports: { web: http(9090) },
  probes: ["web"],
});

export const tempo = monitoring.workload("tempo", {
  labels: { app: "tempo" },
  ports: { http: http(3200), otlp: grpc(4317), gossip: { number: 7946, transports: ["TCP", "UDP"], speaks: "tcp" } },
});

export default monitoring.flows(() => [
  from(prometheus).to(kubeApiserver, grafana.web, tempo.http, fqdn("pager.example").on(443)),
  from(prometheus)
    .to(web.metrics, store.metrics, coredns.metrics, nodes.on(10250), nodeExporter.metrics, ciliumAgent.metrics)
    .for("Metrics"),
  from(gateway).to(grafana.web).throughHttpProxy(),
  from(grafana).to(kubeApiserver, prometheus.web, tempo.http),
  from(grafana).to(postgres.postgresql).for("Dashboards"),
  from(grafana).to(login.https).for("Sign-in"),
  from(tempo).to(tempo.gossip),
  from(tempo).to(store.s3).for("Traces"),
]);
