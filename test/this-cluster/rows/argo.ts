import { kubeApiserver, type Row } from "../row.ts";

/** Twelve rows, although the heading of the table counts eleven. */
export const argo: readonly Row[] = [
  {
    namespace: "argo",
    name: "workflows-server",
    selects: ["app.kubernetes.io/name=argo-workflows-server"],
    ingress: [
      { from: ["entity ingress"], on: ["2746/TCP"], http: true },
      {
        from: ["endpoint argo/sensor"],
        on: ["2746/TCP"],
        alsoBecauseTheOtherSideSays:
          "this row names three of the four sensors; sensor's row opens it for talos-build too",
      },
      { from: ["endpoint argo/workflows-controller"], on: ["2746/TCP"] },
    ],
    egress: [
      kubeApiserver,
      { to: ["endpoint database/shared-pg"], on: ["5432/TCP"] },
      { to: ["endpoint kanidm/kanidm"], on: ["8443/TCP"] },
      { to: ["endpoint seaweedfs/filer"], on: ["8333/TCP"] },
    ],
  },
  {
    namespace: "argo",
    name: "workflows-controller",
    selects: ["app.kubernetes.io/name=argo-workflows-workflow-controller"],
    ingress: "none",
    egress: [
      kubeApiserver,
      { to: ["endpoint database/shared-pg"], on: ["5432/TCP"] },
      { to: ["endpoint argo/workflows-server"], on: ["2746/TCP"] },
    ],
  },
  {
    namespace: "argo",
    name: "eventsource",
    selects: ["eventsource-name=github-webhook"],
    ingress: [{ from: ["endpoint argocd/cloudflared"], on: ["12000/TCP"] }],
    egress: [kubeApiserver, { to: ["endpoint argo/eventbus"], on: ["4222/TCP"] }],
  },
  {
    namespace: "argo",
    name: "sensor",
    selects: ["sensor-name In [pxe-sync, talos-build, tofu-cloudflare, upgrade-k8s]"],
    ingress: "none",
    egress: [
      kubeApiserver,
      { to: ["endpoint argo/eventbus"], on: ["4222/TCP"] },
      { to: ["endpoint argo/workflows-server"], on: ["2746/TCP"] },
    ],
  },
  {
    namespace: "argo",
    name: "events-controller",
    selects: ["app.kubernetes.io/name=argo-events-controller-manager"],
    ingress: "none",
    egress: [kubeApiserver, { to: ["endpoint argo/eventbus"], on: ["8222/TCP"] }],
  },
  {
    namespace: "argo",
    name: "eventbus",
    selects: ["eventbus-name=default"],
    ingress: [
      { from: ["endpoint argo/eventsource", "endpoint argo/sensor"], on: ["4222/TCP"] },
      { from: ["endpoint argo/eventbus"], on: ["6222/TCP", "7777/TCP"] },
      { from: ["endpoint argo/events-controller"], on: ["8222/TCP"] },
    ],
    egress: [{ to: ["endpoint argo/eventbus"], on: ["6222/TCP", "7777/TCP"] }],
  },
  {
    namespace: "argo",
    name: "workflow-pods",
    selects: [
      "workflows.argoproj.io/workflow Exists",
      "backup-workflow DoesNotExist",
      "pxe-sync DoesNotExist",
      "talos-build DoesNotExist",
      "kanidm-repl-exchange DoesNotExist",
      "kanidm-backup DoesNotExist",
    ],
    ingress: "none",
    egress: [
      kubeApiserver,
      { to: ["cidr 0.0.0.0/0"], on: ["443/TCP"] },
      { to: ["entity kube-apiserver", "entity remote-node", "entity host"], on: ["50000/TCP"] },
      { to: ["endpoint seaweedfs/filer"], on: ["8333/TCP"] },
    ],
  },
  {
    namespace: "argo",
    name: "etcd-backup",
    selects: ["backup-workflow=true"],
    ingress: "none",
    egress: [
      kubeApiserver,
      {
        to: ["fqdn *.r2.cloudflarestorage.com", "fqdn github.com", "fqdn *.githubusercontent.com", "fqdn dl.min.io"],
        on: ["443/TCP"],
      },
      { to: ["entity kube-apiserver"], on: ["50000/TCP"] },
      { to: ["endpoint seaweedfs/filer"], on: ["8333/TCP"] },
    ],
  },
  {
    namespace: "argo",
    name: "pxe-sync",
    selects: ["pxe-sync=true"],
    ingress: "none",
    egress: [
      kubeApiserver,
      {
        to: ["fqdn github.com", "fqdn api.github.com", "fqdn *.githubusercontent.com", "fqdn dl-cdn.alpinelinux.org"],
        on: ["443/TCP"],
      },
      { to: ["endpoint seaweedfs/filer"], on: ["8333/TCP"] },
      { to: ["cidr 192.168.0.241/32"], on: ["2049/TCP"] },
    ],
  },
  {
    namespace: "argo",
    name: "talos-build",
    selects: ["talos-build=true"],
    ingress: "none",
    egress: [
      kubeApiserver,
      {
        to: [
          "fqdn ghcr.io",
          "fqdn github.com",
          "fqdn api.github.com",
          "fqdn *.githubusercontent.com",
          "fqdn dl-cdn.alpinelinux.org",
        ],
        on: ["443/TCP"],
      },
      { to: ["endpoint seaweedfs/filer"], on: ["8333/TCP"] },
    ],
  },
  {
    namespace: "argo",
    name: "kanidm-backup",
    selects: ["kanidm-backup=true"],
    ingress: "deny world",
    egress: [
      kubeApiserver,
      {
        to: ["fqdn *.r2.cloudflarestorage.com", "fqdn dl.k8s.io", "fqdn dl-cdn.alpinelinux.org"],
        on: ["443/TCP"],
      },
      { to: ["endpoint seaweedfs/filer"], on: ["8333/TCP"] },
    ],
  },
  {
    namespace: "argo",
    name: "kanidm-repl-exchange",
    selects: ["kanidm-repl-exchange=true"],
    ingress: "deny world",
    egress: [kubeApiserver, { to: ["endpoint seaweedfs/filer"], on: ["8333/TCP"] }],
  },
];
