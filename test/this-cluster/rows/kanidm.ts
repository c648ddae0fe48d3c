import { kubeApiserver, type Row } from "../row.ts";

export const kanidm: readonly Row[] = [
  {
    namespace: "kanidm",
    name: "kanidm",
    selects: ["app.kubernetes.io/name=kanidm"],
    ingress: [
      {
        from: [
          "entity ingress",
          "endpoint monitoring/grafana",
          "endpoint argocd/server",
          "endpoint argo/workflows-server",
          "endpoint oauth2-proxy/oauth2-proxy-hubble",
          "endpoint oauth2-proxy/oauth2-proxy-seaweedfs",
        ],
        on: ["8443/TCP"],
      },
      { from: ["endpoint kanidm/kanidm"], on: ["8444/TCP"] },
    ],
    egress: [{ to: ["endpoint kanidm/kanidm"], on: ["8444/TCP"] }, kubeApiserver],
  },
];
