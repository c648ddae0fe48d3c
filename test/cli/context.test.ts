import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  CoreV1Api,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  RbacAuthorizationV1Api,
} from "@kubernetes/client-node";
import { loadAll } from "js-yaml";
import { flow, line, pod } from "../cilium/hubble/recorded.ts";
import { sample } from "../project.ts";
import { objectSchema } from "../provider/kubernetes-api.ts";
import { type Cluster, startCluster } from "../toolchain/cluster.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";
import { netpolWith } from "./command.ts";
import { shopPods, shopPolicies, shopPolicy } from "./folder.ts";

/** Without these there is no answer. */
const fewRights = [
  { apiGroups: ["cilium.io"], resources: ["ciliumnetworkpolicies"], verbs: ["list"] },
  { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
];

/** Building the API server takes long, once. */
const building = 20 * 60_000;

describe("netpol --context, against a real API server", function () {
  this.timeout(building);

  let cluster: Cluster;
  let config: KubeConfig;

  const netpol = (kubeconfig: string, ...args: string[]) =>
    netpolWith({ env: { KUBECONFIG: kubeconfig } }, sample, ...args);
  const explain = (kubeconfig: string) =>
    netpol(kubeconfig, "explain", "shop/web", "10.0.0.3", "9000", "--context", "embedded");

  before(async () => {
    cluster = await startCluster({ namespaces: ["shop"] });
    config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    const api = KubernetesObjectApi.makeApiClient(config);
    const core = config.makeApiClient(CoreV1Api);
    for (const object of objects(shopPolicies + shopPods)) {
      if (object.kind === "Namespace") continue;
      await api.create(object);
      // The API server takes the status of a new pod for the kubelet's business.
      if (object.kind !== "Pod" || !object.metadata?.name) continue;
      const [name, namespace] = [object.metadata.name, "shop"];
      const pod = await core.readNamespacedPod({ name, namespace });
      await core.replaceNamespacedPodStatus({ name, namespace, body: { ...pod, ...statusOf(object) } });
    }
  });

  after(() => cluster.stop());

  it("judges the cluster's own policies and pods, by the names of workloads and by addresses", () => {
    const { code, stdout, stderr } = explain(cluster.kubeconfig);
    assert.equal(code, 0, stderr);
    assert.equal(stdout.split("\n")[0], "shop/web-7d4b9-aaaaa → 10.0.0.3:9000/TCP is allowed");
    assert.match(stdout, /arriving at 10\.0\.0\.3: allowed by shop\/api ingress\[0\]\.toPorts\[0\]/);
  });

  describe("whether a namespace is ready to enforce", () => {
    const batch = { apiVersion: "batch/v1", kind: "CronJob", metadata: { name: "backup", namespace: "shop" } };
    const template = {
      metadata: { labels: { app: "db" } },
      spec: { containers: [{ name: "db", image: "db" }], restartPolicy: "Never" },
    };
    const cronJob = { ...batch, spec: { schedule: "0 3 * * *", jobTemplate: { spec: { template } } } };
    const [web, api] = ["web", "api"].map((name, i) => pod({ namespace: "shop", name, labels: { app: name } }, i + 1));
    const readiness = (kubeconfig: string) => {
      assert.ok(web && api);
      const days = ["2026-11-24T12:00:00Z", "2026-11-26T12:00:00Z"];
      const flows = join(temporaryFolder("readiness"), "flows.json");
      writeFileSync(flows, days.map((time) => line(flow(web, api, 9000, { time }))).join("\n"));
      return netpol(kubeconfig, "readiness", flows, "--context", "embedded", "--cluster", "default");
    };

    before(() => KubernetesObjectApi.makeApiClient(config).create(cronJob));
    after(() => KubernetesObjectApi.makeApiClient(config).delete(cronJob));

    it("turns on the runs of the cluster's CronJobs", () => {
      const { stdout, stderr } = readiness(cluster.kubeconfig);
      assert.match(stdout, /no run of CronJob backup, which was due 2 times/, stderr);
    });

    it("is said without them where they may not be listed", async () => {
      const { stdout, stderr } = readiness(await kubeconfigOf("no-cron-jobs", fewRights));
      assert.match(stdout, /does not let you list CronJob objects: .*nor whether they have run/, stderr);
      assert.doesNotMatch(stdout, /no run of CronJob/);
    });
  });

  it("says what the cluster does not have, and what follows", () => {
    const { stdout } = explain(cluster.kubeconfig);
    assert.deepEqual(notes(stdout), [
      "the cluster of context embedded has no CiliumCIDRGroup: rules on CIDR groups are not decidable",
      "the cluster of context embedded has no ConfigMap kube-system/cilium-config: Cilium's defaults are taken",
    ]);
  });

  it("reports a stored policy that Cilium refuses as not enforced, and goes on", async () => {
    const api = KubernetesObjectApi.makeApiClient(config);
    const [refused] = objects(shopPolicy("refused", 'ingress: [{fromEntities: [world], fromCIDR: ["192.0.2.0/24"]}]'));
    assert.ok(refused);
    await api.create(refused);
    try {
      const { code, stdout } = explain(cluster.kubeconfig);
      assert.equal(code, 0);
      assert.match(
        stdout,
        /^Not judged: embedded: CiliumNetworkPolicy shop\/refused: Cilium refuses it, so it is not enforced: /m,
      );
    } finally {
      await api.delete(refused);
    }
  });

  it("says what somebody with few rights may not list, and what is therefore not judged", async () => {
    const { code, stdout, stderr } = explain(await kubeconfigOf("reader", fewRights));
    assert.equal(code, 0, stderr);
    assert.match(stdout, /is allowed\n/);
    assert.deepEqual(
      notes(stdout).flatMap((note) => note.split("the cluster of context embedded does not let you ").slice(1)),
      [
        "list CiliumClusterwideNetworkPolicy objects: clusterwide policies are not judged",
        "list NetworkPolicy objects: Kubernetes NetworkPolicies are not judged",
        "list Namespace objects: the labels of namespaces are not known",
        "list Node objects: the addresses and labels of nodes are not known",
        "list Service objects: Services are not known",
        "list EndpointSlice objects: the backends of Services are not known",
        ...["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"].map(
          (kind) => `list ${kind} objects: those without pods are not judged`,
        ),
        ...["Job", "CronJob"].map(
          (kind) => `list ${kind} objects: those without pods are not judged, nor whether they have run`,
        ),
        "read ConfigMap kube-system/cilium-config: Cilium's defaults are taken",
      ],
    );
  });

  for (const [user, rules, missing] of [
    ["nobody", [], "CiliumNetworkPolicy"],
    ["policies-only", [{ apiGroups: ["cilium.io"], resources: ["*"], verbs: ["list"] }], "Pod"],
  ] as const) {
    it(`has no answer for somebody who may not list ${missing} objects`, async () => {
      const { code, stdout, stderr } = explain(await kubeconfigOf(user, rules));
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
      assert.match(
        stderr,
        new RegExp(`^the cluster of context embedded does not let you list ${missing} objects\\n$`, "m"),
      );
    });
  }

  it("does not accept a wrong token", () => {
    const { code, stderr } = explain(kubeconfigWith("wrong"));
    assert.deepEqual(
      { code, stderr },
      { code: 2, stderr: "the cluster of context embedded does not accept your credentials\n" },
    );
  });

  it("asks whether Cilium is installed where its policies are unknown", async () => {
    const bare = await startCluster({ namespaces: [], crds: false });
    try {
      const { code, stderr } = explain(bare.kubeconfig);
      assert.equal(code, 2);
      assert.equal(stderr, "the cluster of context embedded has no CiliumNetworkPolicy; is Cilium installed?\n");
    } finally {
      await bare.stop();
    }
  });

  type Rule = {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  };

  /** A kubeconfig for a new service account with some rights. */
  async function kubeconfigOf(name: string, rules: readonly Rule[]): Promise<string> {
    const core = config.makeApiClient(CoreV1Api);
    const rbac = config.makeApiClient(RbacAuthorizationV1Api);
    const namespace = "shop";
    await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name } } });
    const plain = rules.map(({ apiGroups, resources, verbs }) => ({
      apiGroups: [...apiGroups],
      resources: [...resources],
      verbs: [...verbs],
    }));
    await rbac.createClusterRole({ body: { metadata: { name }, rules: plain } });
    await rbac.createClusterRoleBinding({
      body: {
        metadata: { name },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
        subjects: [{ kind: "ServiceAccount", name, namespace }],
      },
    });
    const { status } = await core.createNamespacedServiceAccountToken({
      name,
      namespace,
      body: { spec: { audiences: [], expirationSeconds: 3600 } },
    });
    return kubeconfigWith(status?.token ?? "");
  }

  /** The cluster's kubeconfig with another token. */
  function kubeconfigWith(token: string): string {
    const [current] = config.getClusters();
    const user = new KubeConfig();
    user.loadFromClusterAndUser(
      { name: "embedded", server: current?.server ?? "", caData: current?.caData ?? "", skipTLSVerify: false },
      { name: "embedded", token },
    );
    user.contexts = [{ name: "embedded", cluster: "embedded", user: "embedded" }];
    user.setCurrentContext("embedded");
    const path = join(temporaryFolder("kubeconfig"), "config");
    writeFileSync(path, user.exportConfig());
    return path;
  }
});

const notes = (stdout: string): string[] => [...stdout.matchAll(/^Note: (.*)$/gm)].map(([, text = ""]) => text);

const objects = (text: string): KubernetesObject[] => loadAll(text).map((document) => objectSchema.parse(document));

const statusOf = (object: KubernetesObject) => ("status" in object && object.status ? { status: object.status } : {});
