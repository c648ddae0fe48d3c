import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { dump } from "js-yaml";
import { z } from "zod";
import { workloads } from "../../cilium/model/cluster.ts";
import { examplePods } from "../../cilium/model/labels.ts";
import { sample } from "../project.ts";
import {
  type KubernetesApi,
  type KubernetesObject,
  kubernetesApiOf,
  objectSchema,
} from "../provider/kubernetes-api.ts";
import { program } from "../rendered.ts";
import { namespaces } from "../sample/counts.ts";
import { type Cluster, startCluster } from "../toolchain/cluster.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";
import { netpolWith } from "./command.ts";

const placed = z.object({ policy: z.string(), place: z.string(), what: z.string() });
const selected = z.object({ owner: z.string(), policies: z.array(z.string()) });
const coverageSchema = z.object({
  namespaces: z.array(
    z.object({
      namespace: z.string(),
      pods: z.number(),
      ingress: z.number(),
      egress: z.number(),
      onNodes: z.number(),
      ended: z.number(),
    }),
  ),
  refused: z.array(z.object({ policy: z.string(), faults: z.array(z.object({ reason: z.string() })) })),
  open: z.array(z.object({ owner: z.string(), pods: z.number(), directions: z.array(z.string()) })),
  moot: z.array(selected),
  stripped: z.array(placed),
  orphans: z.array(placed),
  overlaps: z.array(selected),
  missingPorts: z.array(z.object({ workload: z.string(), ports: z.array(z.number()) })),
});

type Pod = {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports?: readonly number[];
  readonly hostNetwork?: boolean;
  readonly phase?: string;
  readonly replicaSet?: string;
};

const podObject = ({
  namespace,
  name,
  labels,
  ports = [],
  hostNetwork,
  phase = "Running",
  replicaSet,
}: Pod): KubernetesObject =>
  objectSchema.parse({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      namespace,
      name,
      labels,
      ...(replicaSet !== undefined && {
        ownerReferences: [
          { apiVersion: "apps/v1", kind: "ReplicaSet", name: replicaSet, uid: replicaSet, controller: true },
        ],
      }),
    },
    spec: {
      ...(hostNetwork && { hostNetwork }),
      containers: [{ name: "main", image: "none", ports: ports.map((containerPort) => ({ containerPort })) }],
    },
    status: { phase },
  });

/** A pod of every workload of the program, with its declared ports. */
const everyPod: readonly Pod[] = workloads(program.cluster).flatMap(({ namespace, name, labels, otherLabels, ports }) =>
  examplePods(labels, otherLabels).map((podLabels, replica) => ({
    namespace,
    name: `${name}-${replica}`,
    labels: podLabels,
    ports: Object.values(ports).map(({ number }) => number),
  })),
);

/** A file as `kubectl get pods,namespaces -A -o yaml` prints it. */
function fileOf(pods: readonly Pod[]): string {
  const file = join(temporaryFolder("pods"), "pods.yaml");
  writeFileSync(file, dump({ apiVersion: "v1", kind: "List", items: pods.map(podObject) }));
  return file;
}

const coverage = (...args: string[]) => netpolWith({}, sample, "coverage", ...args);

function answer(pods: readonly Pod[], ...args: string[]) {
  const { code, stdout, stderr } = coverage("--inventory", fileOf(pods), "-o", "json", ...args);
  assert.ok(stdout !== "", stderr);
  return { code, ...coverageSchema.parse(JSON.parse(stdout)) };
}

describe("netpol coverage", function () {
  this.timeout("1m");

  it("finds nothing where every pod is of a workload: ends with 0, with --strict too", () => {
    const found = answer(everyPod, "--strict");
    assert.deepEqual(
      { ...found, namespaces: [] },
      {
        code: 0,
        namespaces: [],
        refused: [],
        open: [],
        moot: [],
        stripped: [],
        orphans: [],
        overlaps: [],
        missingPorts: [],
      },
    );
    assert.deepEqual(
      Object.fromEntries(found.namespaces.map(({ namespace, egress }) => [namespace, egress > 0])),
      Object.fromEntries(namespaces.map((namespace) => [namespace, true])),
    );
  });

  it("reads the pods from standard input too", () => {
    const input = readFileSync(fileOf(everyPod), "utf8");
    const { code, stdout } = netpolWith({ input }, sample, "coverage", "--inventory", "-");
    assert.equal(code, 0);
    assert.match(stdout, /^stack prod: (\d+) of \1 pods are in default deny in both directions/);
  });

  const one = (pod: Pod) => answer([...everyPod, pod]);

  it("reports pods that no policy puts into default deny, by what made them, and ends with 1", () => {
    const labels = { app: "job", "pod-template-hash": "7d4b9" };
    const job = { namespace: "jobs", labels, replicaSet: "job-7d4b9" };
    const { code, open, namespaces } = answer([...everyPod, { ...job, name: "job-a" }, { ...job, name: "job-b" }]);
    assert.equal(code, 1);
    assert.deepEqual(open, [{ owner: "jobs/job", pods: 2, directions: ["ingress", "egress"] }]);
    const jobs = namespaces.find(({ namespace }) => namespace === "jobs");
    assert.equal(jobs?.pods, (jobs?.ingress ?? 0) + 2);
  });

  it("sees the direction that a policy leaves open", () => {
    const manifest = join(temporaryFolder("manifests"), "open.yaml");
    const spec = "{endpointSelector: {}, ingress: [{}], egress: [{}], enableDefaultDeny: {egress: false}}";
    const header = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: half, namespace: shop}";
    writeFileSync(manifest, `${header}\nspec: ${spec}\n`);
    const { code, open } = answer([{ namespace: "shop", name: "web", labels: { app: "web" } }], "--from", manifest);
    assert.deepEqual({ code, open }, { code: 1, open: [{ owner: "shop/web", pods: 1, directions: ["egress"] }] });
  });

  it("neither needs nor counts policies of pods that have ended", () => {
    const { code, namespaces } = one({ namespace: "jobs", name: "done", labels: { app: "job" }, phase: "Succeeded" });
    assert.equal(code, 0);
    assert.equal(namespaces.find(({ namespace }) => namespace === "jobs")?.ended, 1);
  });

  it("reports pods on their node's network that a policy selects in vain, and only those", () => {
    const labels = { app: "grafana" };
    const vain = one({ namespace: "monitoring", name: "grafana", labels, hostNetwork: true });
    assert.deepEqual(
      { code: vain.code, moot: vain.moot },
      { code: 1, moot: [{ owner: "monitoring/grafana", policies: ["monitoring/grafana"] }] },
    );
    const exporter = { namespace: "monitoring", name: "exporter", labels: { app: "node-exporter" }, hostNetwork: true };
    const { code, namespaces } = one(exporter);
    assert.equal(code, 0);
    assert.equal(namespaces.find(({ namespace }) => namespace === "monitoring")?.onNodes, 1);
  });

  it("reports pods of two policies, selectors without a pod and ports that no container names; 1 only with --strict", () => {
    const sensor = { namespace: "jobs", name: "odd", labels: { sensor: "tides", archive: "true" } };
    const [without, pods] = [
      everyPod.filter(({ name }) => name !== "reloader-0"),
      (pod: Pod) => (pod.name === "redis-0" ? { ...pod, ports: [] } : pod),
    ];
    const found = answer([...without.map(pods), sensor]);
    assert.equal(found.code, 0);
    assert.deepEqual(found.overlaps, [{ owner: "jobs/odd", policies: ["jobs/sensor", "jobs/archive"] }]);
    assert.deepEqual(found.missingPorts, [{ workload: "argocd/redis", ports: [6379] }]);
    assert.deepEqual(found.orphans, [
      {
        policy: "kube-system/reloader",
        place: "endpointSelector",
        what: "app=reloader, io.kubernetes.pod.namespace=kube-system",
      },
    ]);
    assert.equal(answer(without, "--strict").code, 1);
  });

  it("reports selectors on labels that Cilium strips, which nothing satisfies", () => {
    const manifest = join(temporaryFolder("manifests"), "stripped.yaml");
    const header = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: hash, namespace: shop}";
    const spec = "{endpointSelector: {matchLabels: {pod-template-hash: 7d4b9}}, ingress: [{}], egress: [{}]}";
    writeFileSync(manifest, `${header}\nspec: ${spec}\n`);
    const pod = { namespace: "shop", name: "web", labels: { "pod-template-hash": "7d4b9" } };
    const { code, stripped, orphans } = answer([pod], "--from", manifest);
    assert.equal(code, 1);
    assert.deepEqual(stripped, [{ policy: "shop/hash", place: "endpointSelector", what: "pod-template-hash" }]);
    assert.equal(orphans.length, 1);
  });

  it("reports some namespaces only, against the pods of all", () => {
    const found = answer([...everyPod, { namespace: "default", name: "toolbox", labels: {} }], "-n", "jobs", "argocd");
    assert.equal(found.code, 0);
    assert.deepEqual(
      found.namespaces.map(({ namespace }) => namespace),
      ["argocd", "jobs"],
    );
    assert.deepEqual(found.orphans, [], "peers in other namespaces are pods too");
  });

  it("prints a table for each namespace and in total", () => {
    const { code, stdout } = coverage(
      "--inventory",
      fileOf(everyPod.filter(({ namespace }) => namespace === "argocd")),
    );
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^stack prod: 3 of 3 pods are in default deny in both directions\n\nPods in default deny\nNAMESPACE +PODS +INGRESS +EGRESS +ON NODES +ENDED\nargocd +3 +3 +3 +0 +0\ntotal +3 +3 +3 +0 +0\n/,
    );
  });

  const unusable: Readonly<Record<string, readonly [readonly string[], RegExp]>> = {
    "no pods named": [[], /^name the pods to cover: --context, or --inventory with what kubectl get pods/],
    "a file that is not there": [["--inventory", "/nowhere.yaml"], /\/nowhere\.yaml/],
    "a file without pods": [["--inventory", join(sample, "package.json")], /package\.json holds no Pod/],
    "a namespace without pods": [
      ["--inventory", fileOf(everyPod), "-n", "job"],
      /^no pod is in a namespace job; did you mean jobs\?\n$/,
    ],
  };
  for (const [name, [args, message]] of Object.entries(unusable)) {
    it(`has no answer for ${name}`, () => {
      const { code, stdout, stderr } = coverage(...args);
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
      assert.match(stderr, message);
    });
  }

  describe("of a real cluster", function () {
    this.timeout("45m");
    let cluster: Cluster;
    let api: KubernetesApi;

    const live = (...args: string[]) =>
      netpolWith({ env: { KUBECONFIG: cluster.kubeconfig } }, sample, "coverage", "--context", "embedded", ...args);

    before(async () => {
      cluster = await startCluster({ namespaces: [...namespaces, "default"] });
      api = kubernetesApiOf(cluster.kubeconfig, cluster.context);
      const objects = [
        ...program.policies.map((policy) => objectSchema.parse(JSON.parse(JSON.stringify(policy)))),
        ...everyPod.map(podObject),
      ];
      for (const object of objects) await api.apply(object, { fieldManager: "test" });
    });
    after(() => cluster?.stop());

    it("holds its own policies against its own pods", () => {
      const { code, stdout } = live();
      assert.equal(code, 0);
      assert.match(stdout, /^context embedded: (\d+) of \1 pods are in default deny in both directions\n/);
    });

    it("counts for nothing what Cilium refuses, and says why", async () => {
      const refused = objectSchema.parse({
        apiVersion: "cilium.io/v2",
        kind: "CiliumNetworkPolicy",
        metadata: { name: "refused", namespace: "default" },
        spec: { endpointSelector: {}, egress: [{ toEntities: ["world"], toCIDR: ["192.0.2.0/24"] }], ingress: [{}] },
      });
      const toolbox = podObject({ namespace: "default", name: "toolbox", labels: { app: "toolbox" } });
      for (const object of [refused, toolbox]) await api.apply(object, { fieldManager: "test" });
      try {
        const { code, stdout } = live("-o", "json", "-n", "default");
        const found = coverageSchema.parse(JSON.parse(stdout));
        assert.equal(code, 1);
        assert.deepEqual(found.open, [{ owner: "default/toolbox", pods: 1, directions: ["ingress", "egress"] }]);
        assert.deepEqual(
          found.refused.map(({ policy, faults }) => [policy, faults.length]),
          [["default/refused", 1]],
        );
      } finally {
        for (const object of [refused, toolbox]) await api.delete(object, "Background");
      }
    });

    it("finds the pods that lose their policy, as they run", async () => {
      const config = new KubeConfig();
      config.loadFromFile(cluster.kubeconfig);
      const policy = { apiVersion: "cilium.io/v2", kind: "CiliumNetworkPolicy" };
      await api.delete({ ...policy, metadata: { name: "reloader", namespace: "kube-system" } }, "Background");
      const { code, stdout } = live("-o", "json");
      assert.equal(code, 1);
      assert.deepEqual(coverageSchema.parse(JSON.parse(stdout)).open, [
        { owner: "kube-system/reloader-0", pods: 1, directions: ["ingress", "egress"] },
      ]);
      const core = config.makeApiClient(CoreV1Api);
      const name = { name: "reloader-0", namespace: "kube-system" };
      const pod = await core.readNamespacedPod(name);
      await core.replaceNamespacedPodStatus({ ...name, body: { ...pod, status: { phase: "Succeeded" } } });
      assert.equal(live().code, 0);
    });
  });
});
