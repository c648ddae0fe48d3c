import assert from "node:assert/strict";
import { inventoryOfObjects } from "../../../cilium/kubernetes/inventory.ts";
import { podsOf } from "../../../cilium/kubernetes/pods.ts";
import { read } from "./files.ts";

const object = (value: object): string => `${JSON.stringify(value)}\n---\n`;

const template = (app: string) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ ports: [{ name: "http", containerPort: 80 }] }] },
});

const workload = (kind: string, name: string, more: object = {}) =>
  object({
    apiVersion: kind === "Job" ? "batch/v1" : "apps/v1",
    kind,
    metadata: { name, namespace: "shop", ...more },
    spec: { template: template(name) },
  });

const owned = (kind: string, name: string) => ({ ownerReferences: [{ kind, name, controller: true }] });

const pod = (name: string, metadata: object = {}, spec: object = {}, status: object = {}) =>
  object({ apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "shop", ...metadata }, spec, status });

const inventory = (...texts: string[]) => inventoryOfObjects(read({ "all.yaml": texts.join("") }));
const names = (...texts: string[]) => inventory(...texts).inventory.endpoints.map(({ name }) => name);

describe("the cluster that objects describe", () => {
  for (const kind of ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"]) {
    it(`has a pod for a ${kind} without any, with the labels and ports of its template`, () => {
      const { endpoints } = inventory(workload(kind, "web")).inventory;
      assert.deepEqual(
        endpoints.map(({ name, labels, ports, serviceAccount }) => [
          name,
          labels.app,
          ports?.[0]?.port,
          serviceAccount,
        ]),
        [["web", "web", 80, "default"]],
      );
    });
  }

  it("has a pod for a CronJob without any, and none for a Job that is done or a ReplicaSet of a Deployment", () => {
    const cronJob = object({
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: "nightly", namespace: "shop" },
      spec: { jobTemplate: { spec: { template: template("nightly") } } },
    });
    const done = object({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "done", namespace: "shop" },
      spec: { template: template("done") },
      status: { conditions: [{ type: "Complete", status: "True" }] },
    });
    const replicaSet = workload("ReplicaSet", "web-1", owned("Deployment", "web"));
    assert.deepEqual(names(workload("Deployment", "web"), replicaSet, cronJob, done), ["web", "nightly"]);
  });

  it("has the pods of a workload rather than what stands for them, under the workload's name too", () => {
    const webPod = pod("web-1-a", { labels: { "pod-template-hash": "1" }, ...owned("ReplicaSet", "web-1") });
    const job = workload("Job", "nightly-28", owned("CronJob", "nightly"));
    const jobPod = pod("nightly-28-x", owned("Job", "nightly-28"));
    const { inventory: found, replicas } = inventory(workload("Deployment", "web"), webPod, job, jobPod);
    assert.deepEqual(
      found.endpoints.map(({ name }) => name),
      ["web-1-a", "nightly-28-x"],
    );
    assert.deepEqual(Object.fromEntries(replicas), { "shop/web": "shop/web-1-a", "shop/nightly": "shop/nightly-28-x" });
  });

  it("has no end for a pod that has ended", () => {
    assert.deepEqual(names(pod("done", {}, {}, { phase: "Succeeded" }), pod("runs")), ["runs"]);
  });

  it("tells workloads of one name apart", () => {
    assert.deepEqual(names(workload("Deployment", "redis"), workload("Job", "redis")), ["redis", "redis-job"]);
  });

  it("takes no port name from an init container, and fills in service accounts", () => {
    const spec = {
      serviceAccountName: "robot",
      initContainers: [{ ports: [{ name: "metrics", containerPort: 9 }] }],
      containers: [{ ports: [{ name: "sql", containerPort: 5432, protocol: "TCP" }, { containerPort: 1 }] }],
    };
    const [endpoint] = inventory(pod("db", {}, spec)).inventory.endpoints;
    assert.deepEqual(
      [endpoint?.ports, endpoint?.serviceAccount],
      [[{ name: "sql", port: 5432, protocol: "TCP" }], "robot"],
    );
  });

  it("knows nothing of the kinds that are not there", () => {
    const { inventory: found } = inventory(pod("web"));
    assert.deepEqual(
      [found.services, found.cidrGroups, found.configuration, found.endpoints[0]?.namespaceLabels],
      [undefined, undefined, undefined, undefined],
    );
  });

  it("knows nodes by their labels, and the agent's configuration as it stands", () => {
    const node = object({
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: "one", labels: { "node-role.kubernetes.io/control-plane": "" } },
      status: {
        addresses: [
          { type: "InternalIP", address: "10.0.0.1" },
          { type: "Hostname", address: "one" },
        ],
      },
    });
    const data = { "cluster-name": "east", "enable-policy": "always" };
    const config = object({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "cilium-config", namespace: "kube-system" },
      data,
    });
    const { inventory: found } = inventory(node, config);
    assert.deepEqual(found.nodes, [
      {
        name: "one",
        controlPlane: true,
        labels: { "node-role.kubernetes.io/control-plane": "" },
        addresses: ["10.0.0.1"],
      },
    ]);
    assert.deepEqual([found.cluster, found.configuration], ["east", data]);
  });

  it("knows Services with the backends that their EndpointSlices list", () => {
    const service = (name: string, spec: object) =>
      object({ apiVersion: "v1", kind: "Service", metadata: { name, namespace: "shop" }, spec });
    const slice = (name: string, namespace: string, ready: boolean) =>
      object({
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        metadata: { name: `${name}-x`, namespace, labels: { "kubernetes.io/service-name": name } },
        addressType: "IPv4",
        endpoints: [{ addresses: ["203.0.113.1"] }, { addresses: ["203.0.113.2"], conditions: { ready } }],
        ports: [{ name: "https", port: 8443 }],
      });
    const ports = [{ name: "https", port: 443, targetPort: "tls" }, { port: 80 }];
    const { services } = inventory(
      service("web", { clusterIP: "10.96.0.7", selector: { app: "web" }, ports }),
      service("headless", { clusterIP: "None", ports: [] }),
      service("alias", { type: "ExternalName", externalName: "example.com" }),
      slice("headless", "shop", false),
      slice("kubernetes", "default", true),
    ).inventory;
    assert.deepEqual(
      services?.map(({ name, clusterIPs, backends }) => [
        name,
        clusterIPs,
        backends?.map(({ addresses }) => addresses[0]),
      ]),
      [
        ["web", ["10.96.0.7"], undefined],
        ["headless", [], ["203.0.113.1"]],
        ["kubernetes", [], ["203.0.113.1", "203.0.113.2"]],
      ],
    );
    assert.deepEqual(services?.[0]?.ports, [
      { name: "https", port: 443, targetPort: "tls", protocol: "TCP" },
      { name: "", port: 80, targetPort: 80, protocol: "TCP" },
    ]);
  });

  it("leaves out what is not of its kind's form, and what stands in two versions", () => {
    const objects = read({
      "a.yaml": workload("Deployment", "web") + pod("db", { labels: { port: 5432 } }),
      "b.yaml": workload("Deployment", "web").replace('"app":"web"', '"app":"other"'),
      "c.yaml": workload("Deployment", "api"),
      "d.yaml": workload("Deployment", "api"),
    });
    assert.deepEqual(
      podsOf(objects).map(({ pod }) => pod.metadata.name),
      ["api"],
    );
    assert.deepEqual(
      objects.leftOut.map(({ place, reason }) => [place, reason]),
      [
        ["a.yaml, document 2", "malformed"],
        ["a.yaml, document 1 and b.yaml, document 1", "versions"],
      ],
    );
  });
});
