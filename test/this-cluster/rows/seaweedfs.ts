import type { Row } from "../row.ts";

export const seaweedfs: readonly Row[] = [
  {
    namespace: "seaweedfs",
    name: "master",
    selects: ["app.kubernetes.io/name=seaweedfs", "app.kubernetes.io/component=master"],
    ingress: [
      {
        from: [
          "endpoint seaweedfs/master",
          "endpoint seaweedfs/volume",
          "endpoint seaweedfs/filer",
          "endpoint seaweedfs/bucket-hook",
        ],
        on: ["9333/TCP", "19333/TCP"],
      },
      { from: ["endpoint monitoring/prometheus"], on: ["9327/TCP"] },
    ],
    egress: [
      { to: ["endpoint seaweedfs/master"], on: ["9333/TCP", "19333/TCP"] },
      { to: ["endpoint seaweedfs/volume"], on: ["8080/TCP", "18080/TCP"] },
      { to: ["endpoint seaweedfs/filer"], on: ["8888/TCP", "18888/TCP"] },
    ],
  },
  {
    namespace: "seaweedfs",
    name: "volume",
    selects: ["app.kubernetes.io/name=seaweedfs", "app.kubernetes.io/component=volume"],
    ingress: [
      { from: ["endpoint seaweedfs/master", "endpoint seaweedfs/filer"], on: ["8080/TCP", "18080/TCP"] },
      {
        from: ["endpoint seaweedfs/volume"],
        on: ["8080/TCP", "18080/TCP"],
        alsoBecauseTheOtherSideSays: "volume's own egress opens both ports to itself",
      },
      { from: ["endpoint monitoring/prometheus"], on: ["9327/TCP"] },
    ],
    egress: [
      { to: ["endpoint seaweedfs/master"], on: ["9333/TCP", "19333/TCP"] },
      { to: ["endpoint seaweedfs/volume"], on: ["8080/TCP", "18080/TCP"] },
    ],
  },
  {
    namespace: "seaweedfs",
    name: "filer",
    selects: ["app.kubernetes.io/name=seaweedfs", "app.kubernetes.io/component=filer"],
    ingress: [
      {
        from: [
          "endpoint monitoring/loki",
          "endpoint monitoring/tempo",
          "endpoint argo/workflow-pods",
          "endpoint argo/workflows-server",
          "endpoint argo/etcd-backup",
          "endpoint argo/pxe-sync",
          "endpoint argo/talos-build",
          "endpoint argo/kanidm-backup",
        ],
        on: ["8333/TCP"],
      },
      {
        from: ["endpoint argo/kanidm-repl-exchange"],
        on: ["8333/TCP"],
        alsoBecauseTheOtherSideSays: "the egress of kanidm-repl-exchange opens it",
      },
      {
        from: [
          "endpoint seaweedfs/filer",
          "endpoint seaweedfs/master",
          "endpoint seaweedfs/bucket-hook",
          "endpoint oauth2-proxy/oauth2-proxy-seaweedfs",
        ],
        on: ["8888/TCP", "18888/TCP"],
      },
      { from: ["endpoint monitoring/prometheus"], on: ["9327/TCP"] },
    ],
    egress: [
      { to: ["endpoint seaweedfs/master"], on: ["9333/TCP", "19333/TCP"] },
      { to: ["endpoint seaweedfs/volume"], on: ["8080/TCP", "18080/TCP"] },
      { to: ["endpoint seaweedfs/filer"], on: ["8888/TCP", "18888/TCP"] },
    ],
  },
  {
    namespace: "seaweedfs",
    name: "bucket-hook",
    selects: ["batch.kubernetes.io/job-name=seaweedfs-bucket-hook"],
    ingress: "none",
    egress: [
      { to: ["endpoint seaweedfs/master"], on: ["9333/TCP"] },
      {
        to: ["endpoint seaweedfs/master"],
        on: ["19333/TCP"],
        alsoBecauseTheOtherSideSays: "master's ingress opens its gRPC port to bucket-hook",
      },
      { to: ["endpoint seaweedfs/filer"], on: ["8888/TCP"] },
      {
        to: ["endpoint seaweedfs/filer"],
        on: ["18888/TCP"],
        alsoBecauseTheOtherSideSays: "filer's ingress opens its gRPC port to bucket-hook",
      },
    ],
  },
];
