import {
  absent,
  allNodes,
  cidr,
  controlPlaneNodes,
  external,
  fqdn,
  from,
  http,
  kubeApiserver,
  namespace,
  noneOf,
  oneOf,
  present,
} from "../cilium/language.ts";
import { postgres, store } from "./data.ts";

const jobs = namespace("jobs");

export const controller = jobs.workload("controller", {
  labels: { app: "controller" },
  ports: { metrics: http(9090), health: http(6060) },
  probes: ["health"],
});

export const sensor = jobs.workload("sensor", { labels: { sensor: oneOf("timetable", "tides") } });

/** Steps of every workflow that has no policy of its own. */
export const steps = jobs.workload("steps", {
  labels: { workflow: present, backup: absent, archive: noneOf("true") },
  otherLabels: { completed: "false" },
});

export const backup = jobs.workload("backup", {
  labels: { backup: "true" },
  otherLabels: { workflow: "backup" },
  denyWorld: true,
});

export const archive = jobs.workload("archive", { labels: { archive: "true" }, otherLabels: { workflow: "archive" } });

const nas = external("nas", "10.20.0.9");

export default jobs.flows(() => [
  from(controller).to(kubeApiserver, postgres.postgresql),
  from(sensor).to(kubeApiserver, controller.metrics, fqdn("pager.example").on(443)),
  from(steps).to(cidr("0.0.0.0/0").on(443)),
  from(steps).to(kubeApiserver, allNodes.on(50000)).for("Node API"),
  from(backup).to(controlPlaneNodes.on(50000), fqdn("*.backup.example").on(443), store.s3),
  from(archive).to(nas.on(2049)).for("NFS"),
]);
