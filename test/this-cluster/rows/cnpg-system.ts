import { kubeApiserver, type Row } from "../row.ts";

export const cnpgSystem: readonly Row[] = [
  {
    namespace: "cnpg-system",
    name: "cloudnative-pg",
    selects: ["app.kubernetes.io/name=cloudnative-pg"],
    ingress: [{ from: ["entity kube-apiserver", "entity host", "entity remote-node"], on: ["9443/TCP"] }],
    egress: [kubeApiserver, { to: ["endpoint database/shared-pg"], on: ["8000/TCP"] }],
  },
];
