import { kubeApiserver, type Row } from "../row.ts";

export const trivySystem: readonly Row[] = [
  {
    namespace: "trivy-system",
    name: "trivy-operator",
    selects: ["app.kubernetes.io/name=trivy-operator"],
    ingress: [
      { from: ["endpoint monitoring/prometheus"], on: ["8080/TCP"] },
      { from: ["entity host"], on: ["9090/TCP"] },
    ],
    egress: [
      kubeApiserver,
      {
        to: [
          "fqdn mirror.gcr.io",
          "fqdn registry-1.docker.io",
          "fqdn auth.docker.io",
          "fqdn production.cloudflare.docker.com",
          "fqdn ghcr.io",
          "fqdn registry.k8s.io",
          "fqdn *.pkg.dev",
          "fqdn quay.io",
          "fqdn *.quay.io",
          "fqdn public.ecr.aws",
        ],
        on: ["443/TCP"],
      },
    ],
  },
  {
    namespace: "trivy-system",
    name: "scan-jobs",
    selects: ["app.kubernetes.io/managed-by=trivy-operator"],
    ingress: "deny world",
    egress: [{ to: ["cidr 0.0.0.0/0"], on: ["443/TCP"] }],
  },
  {
    namespace: "trivy-system",
    name: "node-collector",
    selects: ["app=node-collector"],
    ingress: "deny world",
    egress: [kubeApiserver],
  },
];
