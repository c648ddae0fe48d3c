import { kubeApiserver, type Row } from "../row.ts";

export const certManager: readonly Row[] = [
  {
    namespace: "cert-manager",
    name: "controller",
    selects: ["app.kubernetes.io/name=cert-manager"],
    ingress: [{ from: ["entity host"], on: ["9403/TCP"] }],
    egress: [
      kubeApiserver,
      { to: ["fqdn acme-v02.api.letsencrypt.org", "fqdn api.cloudflare.com"], on: ["443/TCP"] },
      { to: ["entity world"], on: ["53/UDP", "53/TCP"] },
    ],
  },
  {
    namespace: "cert-manager",
    name: "cainjector",
    selects: ["app.kubernetes.io/name=cainjector"],
    ingress: "none",
    egress: [kubeApiserver],
  },
  {
    namespace: "cert-manager",
    name: "webhook",
    selects: ["app.kubernetes.io/name=webhook"],
    ingress: [
      { from: ["entity kube-apiserver", "entity remote-node"], on: ["10250/TCP"] },
      { from: ["entity host"], on: ["6080/TCP"] },
    ],
    egress: [kubeApiserver],
  },
  {
    namespace: "cert-manager",
    name: "startupapicheck",
    selects: ["app.kubernetes.io/name=startupapicheck"],
    ingress: "none",
    egress: [kubeApiserver],
  },
];
