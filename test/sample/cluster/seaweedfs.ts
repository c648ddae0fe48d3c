import { from, grpc, http, namespace } from "../cilium/language.ts";

const seaweedfs = namespace("seaweedfs");

const component = (name: string) => ({
  "app.kubernetes.io/name": "seaweedfs",
  "app.kubernetes.io/component": name,
});

export const master = seaweedfs.workload("master", {
  labels: component("master"),
  ports: { http: http(9333), grpc: grpc(19333), metrics: http(9327) },
  probes: ["http"],
});

export const volume = seaweedfs.workload("volume", {
  labels: component("volume"),
  ports: { http: http(8080), grpc: grpc(18080), metrics: http(9327) },
  probes: ["http"],
});

export const filer = seaweedfs.workload("filer", {
  labels: component("filer"),
  ports: { http: http(8888), grpc: grpc(18888), s3: http(8333), metrics: http(9327) },
  probes: ["http"],
});

/** A Job, a Helm hook. The chart gives its pod neither a name nor a component label. */
export const bucketHook = seaweedfs.workload("bucket-hook", {
  labels: { "batch.kubernetes.io/job-name": "seaweedfs-bucket-hook" },
  otherLabels: { "app.kubernetes.io/instance": "seaweedfs", "app.kubernetes.io/managed-by": "Helm" },
});

export default seaweedfs.flows(() => [
  from(master, filer).to(master.http, master.grpc, volume.http, volume.grpc, filer.http, filer.grpc),

  from(volume).to(master.http, master.grpc, volume.http, volume.grpc),

  from(bucketHook).to(master.http, master.grpc, filer.http, filer.grpc),
]);
