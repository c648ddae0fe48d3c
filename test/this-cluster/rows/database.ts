import { kubeApiserver, type Row } from "../row.ts";

export const database: readonly Row[] = [
  {
    namespace: "database",
    name: "shared-pg",
    selects: ["cnpg.io/cluster=shared-pg"],
    ingress: [
      {
        from: ["endpoint monitoring/grafana", "endpoint argo/workflows-controller", "endpoint argo/workflows-server"],
        on: ["5432/TCP"],
      },
      { from: ["endpoint database/shared-pg"], on: ["5432/TCP", "8000/TCP"] },
      { from: ["endpoint cnpg-system/cloudnative-pg", "entity host"], on: ["8000/TCP"] },
    ],
    egress: [
      kubeApiserver,
      { to: ["endpoint database/shared-pg"], on: ["5432/TCP", "8000/TCP"] },
      { to: ["fqdn *.r2.cloudflarestorage.com"], on: ["443/TCP"] },
    ],
  },
];
