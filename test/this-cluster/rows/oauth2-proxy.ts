import type { Row } from "../row.ts";

export const oauth2Proxy: readonly Row[] = [
  {
    namespace: "oauth2-proxy",
    name: "oauth2-proxy-hubble",
    selects: ["app.kubernetes.io/instance=oauth2-proxy-hubble"],
    ingress: [{ from: ["entity ingress"], on: ["4180/TCP"], http: true }],
    egress: [
      { to: ["endpoint kube-system/hubble-ui"], on: ["8081/TCP"] },
      { to: ["endpoint kanidm/kanidm"], on: ["8443/TCP"] },
    ],
  },
  {
    namespace: "oauth2-proxy",
    name: "oauth2-proxy-seaweedfs",
    selects: ["app.kubernetes.io/instance=oauth2-proxy-seaweedfs"],
    ingress: [{ from: ["entity ingress"], on: ["4180/TCP"], http: true }],
    egress: [
      { to: ["endpoint seaweedfs/filer"], on: ["8888/TCP"] },
      {
        to: ["endpoint seaweedfs/filer"],
        on: ["18888/TCP"],
        alsoBecauseTheOtherSideSays: "filer's ingress opens its gRPC port to oauth2-proxy-seaweedfs",
      },
      { to: ["endpoint kanidm/kanidm"], on: ["8443/TCP"] },
    ],
  },
];
