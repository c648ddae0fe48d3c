import { kubeApiserver, type Row } from "../row.ts";

export const monitoring: readonly Row[] = [
  {
    namespace: "monitoring",
    name: "prometheus",
    selects: ["app.kubernetes.io/name=prometheus"],
    ingress: [{ from: ["endpoint monitoring/grafana", "endpoint monitoring/tempo"], on: ["9090/TCP"] }],
    egress: [
      kubeApiserver,
      { to: ["endpoint monitoring/alertmanager"], on: ["9093/TCP", "8080/TCP"] },
      { to: ["endpoint monitoring/kube-state-metrics"], on: ["8080/TCP"] },
      { to: ["endpoint monitoring/prometheus-operator"], on: ["10250/TCP"] },
      { to: ["endpoint monitoring/grafana"], on: ["3000/TCP"] },
      { to: ["endpoint monitoring/tempo"], on: ["3200/TCP"] },
      { to: ["endpoint kube-system/coredns"], on: ["9153/TCP"] },
      { to: ["endpoint kube-system/tetragon-operator"], on: ["2113/TCP"] },
      {
        to: ["endpoint seaweedfs/master", "endpoint seaweedfs/volume", "endpoint seaweedfs/filer"],
        on: ["9327/TCP"],
      },
      { to: ["endpoint trivy-system/trivy-operator"], on: ["8080/TCP"] },
      {
        to: ["entity host", "entity remote-node"],
        on: ["10250/TCP", "9100/TCP", "2379/TCP", "2381/TCP", "10257/TCP", "10259/TCP", "9965/TCP", "2112/TCP"],
      },
    ],
  },
  {
    namespace: "monitoring",
    name: "alertmanager",
    selects: ["app.kubernetes.io/name=alertmanager"],
    ingress: [{ from: ["endpoint monitoring/prometheus"], on: ["9093/TCP", "8080/TCP"] }],
    egress: [{ to: ["fqdn discord.com"], on: ["443/TCP"] }],
  },
  {
    namespace: "monitoring",
    name: "grafana",
    selects: ["app.kubernetes.io/name=grafana"],
    ingress: [
      { from: ["entity ingress"], on: ["3000/TCP"], http: true },
      { from: ["endpoint monitoring/prometheus"], on: ["3000/TCP"] },
    ],
    egress: [
      kubeApiserver,
      { to: ["endpoint monitoring/prometheus"], on: ["9090/TCP"] },
      { to: ["endpoint monitoring/loki-gateway"], on: ["8080/TCP"] },
      { to: ["endpoint monitoring/tempo"], on: ["3200/TCP"] },
      { to: ["endpoint database/shared-pg"], on: ["5432/TCP"] },
      { to: ["endpoint kanidm/kanidm"], on: ["8443/TCP"] },
    ],
  },
  {
    namespace: "monitoring",
    name: "kube-state-metrics",
    selects: ["app.kubernetes.io/name=kube-state-metrics"],
    ingress: [{ from: ["endpoint monitoring/prometheus"], on: ["8080/TCP"] }],
    egress: [kubeApiserver],
  },
  {
    namespace: "monitoring",
    name: "prometheus-operator",
    selects: ["app=kube-prometheus-stack-operator"],
    ingress: [
      {
        from: ["entity kube-apiserver", "entity remote-node", "endpoint monitoring/prometheus"],
        on: ["10250/TCP"],
      },
    ],
    egress: [kubeApiserver],
  },
  {
    namespace: "monitoring",
    name: "loki",
    selects: ["app.kubernetes.io/name=loki", "app.kubernetes.io/component=single-binary"],
    ingress: [
      { from: ["endpoint monitoring/loki-gateway", "endpoint monitoring/loki-canary"], on: ["3100/TCP"] },
      {
        from: ["endpoint monitoring/loki"],
        on: ["7946/TCP"],
        alsoBecauseTheOtherSideSays: "loki's own egress opens memberlist to itself",
      },
    ],
    egress: [
      kubeApiserver,
      { to: ["endpoint seaweedfs/filer"], on: ["8333/TCP"] },
      { to: ["endpoint monitoring/loki"], on: ["7946/TCP"] },
    ],
  },
  {
    namespace: "monitoring",
    name: "loki-gateway",
    selects: ["app.kubernetes.io/name=loki", "app.kubernetes.io/component=gateway"],
    ingress: [
      {
        from: ["endpoint monitoring/grafana", "endpoint monitoring/alloy", "endpoint monitoring/loki-canary"],
        on: ["8080/TCP"],
      },
    ],
    egress: [{ to: ["endpoint monitoring/loki"], on: ["3100/TCP"] }],
  },
  {
    namespace: "monitoring",
    name: "loki-canary",
    selects: ["app.kubernetes.io/name=loki", "app.kubernetes.io/component=canary"],
    ingress: "none",
    egress: [
      { to: ["endpoint monitoring/loki-gateway"], on: ["8080/TCP"] },
      { to: ["endpoint monitoring/loki"], on: ["3100/TCP"] },
    ],
  },
  {
    namespace: "monitoring",
    name: "alloy",
    selects: ["app.kubernetes.io/name=alloy"],
    ingress: "none",
    egress: [kubeApiserver, { to: ["endpoint monitoring/loki-gateway"], on: ["8080/TCP"] }],
  },
  {
    namespace: "monitoring",
    name: "tempo",
    selects: ["app.kubernetes.io/name=tempo"],
    ingress: [{ from: ["endpoint monitoring/grafana", "endpoint monitoring/prometheus"], on: ["3200/TCP"] }],
    egress: [
      { to: ["endpoint seaweedfs/filer"], on: ["8333/TCP"] },
      { to: ["endpoint monitoring/prometheus"], on: ["9090/TCP"] },
    ],
  },
  {
    namespace: "monitoring",
    name: "prometheus-admission",
    selects: ["app.kubernetes.io/component=prometheus-operator-webhook"],
    ingress: "none",
    egress: [kubeApiserver],
  },
];
