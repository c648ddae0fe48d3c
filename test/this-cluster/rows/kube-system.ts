import { kubeApiserver, type Row } from "../row.ts";

export const kubeSystem: readonly Row[] = [
  {
    namespace: "kube-system",
    name: "coredns",
    selects: ["k8s-app=kube-dns"],
    ingress: [
      { from: ["entity cluster", "entity host", "entity remote-node"], on: ["53/UDP", "53/TCP"] },
      { from: ["endpoint monitoring/prometheus"], on: ["9153/TCP"] },
    ],
    egress: [{ to: ["entity host"], on: ["53/UDP", "53/TCP"] }, kubeApiserver],
  },
  {
    namespace: "kube-system",
    name: "hubble-relay",
    selects: ["k8s-app=hubble-relay"],
    ingress: [
      { from: ["entity host"], on: ["4222/TCP"] },
      { from: ["endpoint kube-system/hubble-ui"], on: ["4245/TCP"] },
    ],
    egress: [{ to: ["entity host", "entity remote-node"], on: ["4244/TCP"] }, kubeApiserver],
  },
  {
    namespace: "kube-system",
    name: "hubble-ui",
    selects: ["k8s-app=hubble-ui"],
    ingress: [{ from: ["endpoint oauth2-proxy/oauth2-proxy-hubble", "entity host"], on: ["8081/TCP"] }],
    egress: [kubeApiserver, { to: ["endpoint kube-system/hubble-relay"], on: ["4245/TCP"] }],
  },
  {
    namespace: "kube-system",
    name: "metrics-server",
    selects: ["app.kubernetes.io/name=metrics-server"],
    ingress: [{ from: ["entity host", "entity remote-node", "entity kube-apiserver"], on: ["10250/TCP"] }],
    egress: [kubeApiserver, { to: ["entity host", "entity remote-node"], on: ["10250/TCP"] }],
  },
  {
    namespace: "kube-system",
    name: "reloader",
    selects: ["app.kubernetes.io/name=reloader"],
    ingress: [{ from: ["entity host"], on: ["9090/TCP"] }],
    egress: [kubeApiserver],
  },
  {
    namespace: "kube-system",
    name: "tetragon-operator",
    selects: ["app.kubernetes.io/name=tetragon-operator"],
    ingress: [{ from: ["endpoint monitoring/prometheus"], on: ["2113/TCP"] }],
    egress: [kubeApiserver],
  },
];
