import {
  absent,
  allNodes,
  cidr,
  controlPlaneNodes,
  external,
  fqdn,
  from,
  gateway,
  http,
  kubeApiserver,
  namespace,
  oneOf,
  present,
  tcp,
} from "../cilium/language.ts";
import { sharedPg } from "./database.ts";
import { kanidm } from "./kanidm.ts";
import { filer } from "./seaweedfs.ts";

const argo = namespace("argo");

export const workflowsServer = argo.workload("workflows-server", {
  labels: { "app.kubernetes.io/name": "argo-workflows-server" },
  otherLabels: { "app.kubernetes.io/component": "server", app: "server" },
  ports: { web: http(2746) },
  probes: ["web"],
});

export const workflowsController = argo.workload("workflows-controller", {
  // The chart appends `-workflow-controller` to the release name, which ends in `workflows`.
  labels: { "app.kubernetes.io/name": "argo-workflows-workflow-controller" },
  otherLabels: { "app.kubernetes.io/component": "workflow-controller", app: "workflow-controller" },
  ports: { metrics: http(9090), health: http(6060) },
  probes: ["health"],
});

export const eventsource = argo.workload("eventsource", {
  labels: { "eventsource-name": "github-webhook" },
  otherLabels: { controller: "eventsource-controller", "owner-name": "github-webhook" },
  ports: { webhook: http(12000), metrics: http(7777) },
});

export const sensor = argo.workload("sensor", {
  labels: { "sensor-name": oneOf("tofu-cloudflare", "upgrade-k8s", "pxe-sync", "talos-build") },
  otherLabels: { controller: "sensor-controller" },
  ports: { metrics: http(7777) },
});

export const eventsController = argo.workload("events-controller", {
  labels: { "app.kubernetes.io/name": "argo-events-controller-manager" },
  otherLabels: { "app.kubernetes.io/component": "controller-manager" },
  ports: { health: http(8081), metrics: http(7777) },
  probes: ["health"],
});

export const eventbus = argo.workload("eventbus", {
  labels: { "eventbus-name": "default" },
  otherLabels: { controller: "eventbus-controller", "owner-name": "default" },
  ports: { client: tcp(4222), cluster: tcp(6222), monitor: http(8222), metrics: http(7777) },
  probes: ["monitor"],
});

/** Every Workflow pod that has no policy of its own. */
export const workflowPods = argo.workload("workflow-pods", {
  labels: {
    "workflows.argoproj.io/workflow": present,
    "backup-workflow": absent,
    "pxe-sync": absent,
    "talos-build": absent,
    "kanidm-repl-exchange": absent,
    "kanidm-backup": absent,
  },
  otherLabels: { "workflows.argoproj.io/completed": "false" },
});

const ofWorkflow = (workflow: string) => ({ "workflows.argoproj.io/workflow": workflow });

export const etcdBackup = argo.workload("etcd-backup", {
  labels: { "backup-workflow": "true" },
  otherLabels: ofWorkflow("etcd-backup"),
});

export const pxeSync = argo.workload("pxe-sync", {
  labels: { "pxe-sync": "true" },
  otherLabels: ofWorkflow("pxe-sync"),
});

export const talosBuild = argo.workload("talos-build", {
  labels: { "talos-build": "true" },
  otherLabels: ofWorkflow("talos-build"),
});

export const kanidmBackup = argo.workload("kanidm-backup", {
  labels: { "kanidm-backup": "true" },
  otherLabels: ofWorkflow("kanidm-backup"),
  denyWorld: true,
});

export const kanidmReplExchange = argo.workload("kanidm-repl-exchange", {
  labels: { "kanidm-repl-exchange": "true" },
  otherLabels: ofWorkflow("kanidm-repl-exchange"),
  denyWorld: true,
});

const nfsServer = external("qnap-nfs", "192.168.0.241");

/** Where a node's Talos API listens. */
const apid = 50000;

const alpine = "dl-cdn.alpinelinux.org";
const r2 = "*.r2.cloudflarestorage.com";
const gitHub = ["github.com", "*.githubusercontent.com"];

export default argo.flows(() => [
  from(gateway).to(workflowsServer.web).throughHttpProxy(),

  from(workflowsServer).to(kubeApiserver),
  from(workflowsServer).to(sharedPg.postgresql).for("Workflow archive"),
  from(workflowsServer).to(kanidm.https).for("OIDC token exchange (direct, via CoreDNS rewrite)"),
  from(workflowsServer).to(filer.s3).for("Archived log retrieval"),

  from(workflowsController).to(kubeApiserver, workflowsServer.web),
  from(workflowsController).to(sharedPg.postgresql).for("Workflow archive"),

  from(eventsource).to(kubeApiserver, eventbus.client),

  from(sensor).to(kubeApiserver, eventbus.client, workflowsServer.web),

  from(eventsController).to(kubeApiserver, eventbus.monitor),

  from(eventbus).to(eventbus.cluster, eventbus.metrics),

  from(workflowPods).to(kubeApiserver, cidr("0.0.0.0/0").on(443)),
  from(workflowPods).to(allNodes.on(apid)).for("Talos apid"),
  from(workflowPods).to(filer.s3).for("Artifact/log storage"),

  from(etcdBackup).to(kubeApiserver, fqdn(r2, ...gitHub, "dl.min.io").on(443)),
  from(etcdBackup).to(controlPlaneNodes.on(apid)).for("Talos apid"),
  from(etcdBackup).to(filer.s3).for("Artifact/log storage"),

  from(pxeSync).to(kubeApiserver, fqdn(...gitHub, "api.github.com", alpine).on(443)),
  from(pxeSync).to(filer.s3).for("Artifact/log storage"),
  from(pxeSync).to(nfsServer.on(2049)).for("NFS"),

  from(talosBuild).to(kubeApiserver, fqdn("ghcr.io", ...gitHub, "api.github.com", alpine).on(443)),
  from(talosBuild).to(filer.s3).for("Artifact/log storage"),

  from(kanidmBackup).to(kubeApiserver, fqdn(r2, "dl.k8s.io", alpine).on(443)),
  from(kanidmBackup).to(filer.s3).for("Artifact/log storage"),

  from(kanidmReplExchange).to(kubeApiserver),
  from(kanidmReplExchange).to(filer.s3).for("Artifact/log storage"),
]);
