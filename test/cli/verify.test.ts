import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CoreV1Api, CustomObjectsApi, KubeConfig, RbacAuthorizationV1Api } from "@kubernetes/client-node";
import { z } from "zod";
import type { CiliumPolicy } from "../../cilium/policy/schema.ts";
import { sample } from "../project.ts";
import {
  type KubernetesApi,
  type KubernetesObject,
  kubernetesApiOf,
  objectSchema,
} from "../provider/kubernetes-api.ts";
import { renderedPolicies } from "../rendered.ts";
import { namespaces, policyCount, policyCounts } from "../sample/counts.ts";
import { type Cluster, startCluster } from "../toolchain/cluster.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";
import { netpolWith } from "./command.ts";

const answerSchema = z.object({
  verified: z.array(
    z.object({
      policy: z.string(),
      problems: z.array(z.looseObject({ kind: z.string(), fields: z.array(z.unknown()).optional() })),
    }),
  ),
  strangers: z.array(z.unknown()),
  unread: z.array(z.string()),
});

describe("netpol verify, against a real API server", function () {
  this.timeout("5m");
  let cluster: Cluster;
  let config: KubeConfig;
  let api: KubernetesApi;

  const verify = (kubeconfig: string, ...args: string[]) =>
    netpolWith({ env: { KUBECONFIG: kubeconfig } }, sample, "verify", "--context", "embedded", ...args);

  /** The problems of the policies that have some, and what else the answer names. */
  function problems() {
    const { code, stdout, stderr } = verify(cluster.kubeconfig, "-o", "json");
    assert.equal(stderr, "");
    const { verified, strangers } = answerSchema.parse(JSON.parse(stdout));
    return { code, faulty: verified.filter((policy) => policy.problems.length > 0), strangers };
  }

  before(async function () {
    this.timeout("45m");
    cluster = await startCluster({ namespaces });
    config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    api = kubernetesApiOf(cluster.kubeconfig, cluster.context);
    for (const policy of renderedPolicies()) {
      await apply(policy);
      await setValid(policy, "True", "Policy validation succeeded");
    }
  });
  after(() => cluster?.stop());

  it("finds nothing to say where every policy is stored as rendered and accepted", () => {
    const { code, stdout, stderr } = verify(cluster.kubeconfig);
    assert.deepEqual(
      { code, stdout, stderr },
      {
        code: 0,
        stdout: `context embedded: ${policyCount} of ${policyCount} policies of stack prod are stored as rendered and accepted by Cilium\n`,
        stderr: "",
      },
    );
  });

  it("takes the current context of the kubeconfig where none is named", () => {
    const { code, stdout } = netpolWith({ env: { KUBECONFIG: cluster.kubeconfig } }, sample, "verify");
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^context embedded: ${policyCount} of ${policyCount} `));
  });

  it("says which policy is not there", async () => {
    const redis = policyOf("argocd", "redis");
    await api.delete(objectOf(redis), "Background");
    try {
      assert.deepEqual(problems(), {
        code: 1,
        faulty: [{ policy: "argocd/redis", problems: [{ kind: "missing" }] }],
        strangers: [],
      });
    } finally {
      await apply(redis);
      await setValid(redis, "True", "Policy validation succeeded");
    }
  });

  it("shows field by field what somebody changed", async () => {
    const server = policyOf("argocd", "server");
    await api.patch(objectOf(server), {
      spec: {
        endpointSelector: { matchLabels: { "app.kubernetes.io/name": "other" } },
        egress: [{}],
        ingressDeny: [{}],
      },
    });
    try {
      const { code, stdout } = verify(cluster.kubeconfig);
      assert.equal(code, 1);
      const fields = stdout.split("\n").filter((line) => line.startsWith("argocd/server"));
      assert.match(fields[0] ?? "", /^argocd\/server +\d+ fields differ from what is rendered$/);
      const cells = fields.slice(1).map((line) => line.split(/ {2,}/).slice(1));
      assert.deepEqual(
        cells.find(([place]) => place === "spec.endpointSelector.matchLabels.app.kubernetes.io/name"),
        ["spec.endpointSelector.matchLabels.app.kubernetes.io/name", '"other"', '"argocd-server"'],
      );
      assert.deepEqual(
        cells.find(([place]) => place === "spec.ingressDeny"),
        ["spec.ingressDeny", "[{}]", "absent"],
      );
      assert.ok(cells.some(([place, stored]) => place === "spec.egress[0].toEntities" && stored === "absent"));
    } finally {
      await apply(server);
      await api.patch(objectOf(server), { spec: { ingressDeny: null } });
    }
  });

  it("gives Cilium's reason where Cilium refuses a policy, and says where it has not judged one", async () => {
    const [login, grafana] = [policyOf("identity", "login"), policyOf("monitoring", "grafana")];
    await setValid(
      login,
      "False",
      "Invalid CiliumNetworkPolicy spec: combining ToEndpoints and ToFQDNs is not supported yet",
    );
    await setValid(grafana);
    try {
      assert.deepEqual(problems(), {
        code: 1,
        faulty: [
          { policy: "monitoring/grafana", problems: [{ kind: "not-judged" }] },
          {
            policy: "identity/login",
            problems: [
              {
                kind: "refused",
                reason: "Invalid CiliumNetworkPolicy spec: combining ToEndpoints and ToFQDNs is not supported yet",
              },
            ],
          },
        ],
        strangers: [],
      });
    } finally {
      for (const policy of [login, grafana]) await setValid(policy, "True", "Policy validation succeeded");
    }
  });

  it("lists policies of others in the stack's namespaces, and a policy that another stack has marked", async () => {
    const stranger = objectSchema.parse({
      apiVersion: "cilium.io/v2",
      kind: "CiliumNetworkPolicy",
      metadata: { name: "handmade", namespace: "jobs" },
      spec: { endpointSelector: {}, egress: [{ toEntities: ["world"] }] },
    });
    const elsewhere = { ...stranger, metadata: { name: "handmade", namespace: "default" } };
    await api.apply(stranger, { fieldManager: "kubectl" });
    await api.apply(elsewhere, { fieldManager: "kubectl" });
    const redis = policyOf("argocd", "redis");
    const marked = objectOf(redis);
    await api.apply(
      {
        ...marked,
        metadata: { ...marked.metadata, annotations: { "network-policies/stack": "network-policies/other" } },
      },
      { fieldManager: "other", force: true },
    );
    try {
      assert.deepEqual(problems(), {
        code: 1,
        faulty: [{ policy: "argocd/redis", problems: [{ kind: "foreign", owner: "network-policies/other" }] }],
        strangers: [{ policy: "jobs/handmade" }],
      });
      const { stdout } = verify(cluster.kubeconfig);
      assert.match(stdout, /; there is 1 policy of others too\n/);
      assert.match(stdout, /^jobs\/handmade +says nothing of one$/m);
    } finally {
      await apply(redis);
      for (const object of [stranger, elsewhere]) await api.delete(object, "Background");
    }
  });

  it("verifies the namespaces that somebody may read, names the others, and does not end well", async () => {
    const { code, stdout } = verify(await kubeconfigOf("reader", ["argocd"]), "-o", "json");
    const { verified, unread } = answerSchema.parse(JSON.parse(stdout));
    assert.equal(code, 2);
    assert.equal(verified.length, policyCounts.argocd);
    assert.deepEqual(unread, ["clusterwide policies", ...namespaces.filter((namespace) => namespace !== "argocd")]);
    assert.match(
      verify(await kubeconfigOf("reader2", ["argocd"])).stdout,
      /^identity: not verified, you may not list these policies$/m,
    );
  });

  it("has no answer for somebody who may list nothing", async () => {
    const { code, stdout, stderr } = verify(await kubeconfigOf("nobody", []));
    assert.deepEqual(
      { code, stdout, stderr },
      { code: 2, stdout: "", stderr: "the cluster of context embedded does not let you list its policies\n" },
    );
  });

  it("asks whether Cilium is installed where its policies are unknown", async () => {
    const bare = await startCluster({ namespaces: [], crds: false });
    try {
      const { code, stderr } = verify(bare.kubeconfig);
      const missing = "the cluster of context embedded has no CiliumClusterwideNetworkPolicy; is Cilium installed?\n";
      assert.deepEqual({ code, stderr }, { code: 2, stderr: missing });
    } finally {
      await bare.stop();
    }
  });

  it("says in one line that a cluster does not answer", async () => {
    const gone = await startCluster({ namespaces: [], crds: false });
    await gone.stop();
    const kubeconfig = join(temporaryFolder("kubeconfig"), "config");
    writeFileSync(kubeconfig, configOf(gone.server, "token").exportConfig());
    const { code, stdout, stderr } = verify(kubeconfig);
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
    assert.match(stderr, /^the cluster of context embedded does not answer: .*\n$/);
  });

  const apply = (policy: CiliumPolicy) => api.apply(objectOf(policy), { fieldManager: "pulumi", force: true });

  /** Writes what Cilium's operator would: the condition Valid, or no condition at all. */
  async function setValid(policy: CiliumPolicy, status?: "True" | "False", message?: string): Promise<void> {
    const objects = config.makeApiClient(CustomObjectsApi);
    const conditions = status && [{ type: "Valid", status, message, lastTransitionTime: "2026-11-24T21:00:00Z" }];
    const stored = await api.get(objectOf(policy));
    const { name, namespace } = policy.metadata;
    const body = { ...stored, status: { ...(conditions && { conditions }) } };
    const group = { group: "cilium.io", version: "v2", name, body };
    if (namespace == null) {
      await objects.replaceClusterCustomObjectStatus({ ...group, plural: "ciliumclusterwidenetworkpolicies" });
    } else {
      await objects.replaceNamespacedCustomObjectStatus({ ...group, namespace, plural: "ciliumnetworkpolicies" });
    }
  }

  /** A kubeconfig for a new service account that may list policies in some namespaces. */
  async function kubeconfigOf(name: string, namespaces: readonly string[]): Promise<string> {
    const core = config.makeApiClient(CoreV1Api);
    const rbac = config.makeApiClient(RbacAuthorizationV1Api);
    await core.createNamespacedServiceAccount({ namespace: "argocd", body: { metadata: { name } } });
    for (const namespace of namespaces) {
      const rules = [{ apiGroups: ["cilium.io"], resources: ["ciliumnetworkpolicies"], verbs: ["list"] }];
      await rbac.createNamespacedRole({ namespace, body: { metadata: { name }, rules } });
      const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name };
      const subjects = [{ kind: "ServiceAccount", name, namespace: "argocd" }];
      await rbac.createNamespacedRoleBinding({ namespace, body: { metadata: { name }, roleRef, subjects } });
    }
    const body = { spec: { audiences: [], expirationSeconds: 3600 } };
    const { status } = await core.createNamespacedServiceAccountToken({ name, namespace: "argocd", body });
    const path = join(temporaryFolder("kubeconfig"), "config");
    writeFileSync(path, configOf(cluster.server, status?.token ?? "").exportConfig());
    return path;
  }

  function configOf(server: string, token: string): KubeConfig {
    const caData = config.getClusters()[0]?.caData ?? "";
    const user = new KubeConfig();
    user.loadFromClusterAndUser(
      { name: "embedded", server, caData, skipTLSVerify: false },
      { name: "embedded", token },
    );
    user.contexts = [{ name: "embedded", cluster: "embedded", user: "embedded" }];
    user.setCurrentContext("embedded");
    return user;
  }
});

const objectOf = (policy: CiliumPolicy): KubernetesObject => objectSchema.parse(JSON.parse(JSON.stringify(policy)));

function policyOf(namespace: string, name: string): CiliumPolicy {
  const found = renderedPolicies().find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  assert.ok(found);
  return found;
}
