import { kubeApiserver, type Row } from "../row.ts";

export const externalDns: readonly Row[] = [
  {
    namespace: "external-dns",
    name: "external-dns",
    selects: ["app.kubernetes.io/name=external-dns"],
    ingress: [{ from: ["entity host"], on: ["7979/TCP"] }],
    egress: [kubeApiserver, { to: ["fqdn api.cloudflare.com"], on: ["443/TCP"] }],
  },
];
