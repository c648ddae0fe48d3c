import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { AppsV1Api, CoreV1Api, KubeConfig, RbacAuthorizationV1Api } from "@kubernetes/client-node";
import { z } from "zod";
import type { Policy } from "../../cilium/policy/schema.ts";
import { assertQuoted, quotations } from "../markdown.ts";
import { copyOfProject, rewrite, sample } from "../project.ts";
import {
  type KubernetesApi,
  type KubernetesObject,
  kubernetesApiOf,
  objectSchema,
} from "../provider/kubernetes-api.ts";
import { program } from "../rendered.ts";
import { namespaces } from "../sample/counts.ts";
import { type Cluster, startCluster } from "../toolchain/cluster.ts";
import { type Environment, openEnvironment } from "../toolchain/environment.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";
import { netpolWith } from "./command.ts";

const answerSchema = z.object({
  findings: z.array(z.strictObject({ effect: z.string(), about: z.string(), reason: z.string(), fix: z.string() })),
  unread: z.array(z.string()),
});

/** As the provider names the managers of fields. */
const pulumi = "pulumi-kubernetes-0badcafe";

const allVerbs = ["get", "list", "create", "patch", "delete"];
const ciliumPolicies = ["ciliumnetworkpolicies", "ciliumclusterwidenetworkpolicies"];

type Rule = { readonly apiGroups: string[]; readonly resources: string[]; readonly verbs: string[] };

/** A copy of the project with more lines in the stack's config. */
function projectWith(...lines: string[]): string {
  const folder = copyOfProject();
  rewrite(folder, "Pulumi.prod.yaml", "config:\n", `config:\n${lines.map((line) => `  ${line}\n`).join("")}`);
  return folder;
}

const objectOf = (policy: Policy): KubernetesObject => objectSchema.parse(JSON.parse(JSON.stringify(policy)));

const specOf = (policy: Policy) => z.record(z.string(), z.json()).parse(objectOf(policy).spec);

function policyOf(namespace: string, name: string): Policy {
  const found = program.policies.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  assert.ok(found);
  return found;
}

describe("netpol preflight, against a real API server", function () {
  this.timeout("5m");
  let cluster: Cluster;
  let config: KubeConfig;
  let api: KubernetesApi;
  let core: CoreV1Api;
  let apps: AppsV1Api;

  const run = (folder: string, env: NodeJS.ProcessEnv, ...args: string[]) =>
    netpolWith(
      { env: { KUBECONFIG: cluster.kubeconfig, ...env } },
      folder,
      "preflight",
      "--context",
      "embedded",
      ...args,
    );

  /** What the command finds in the program of a folder, and how it ends. */
  function preflight(folder = sample, env: NodeJS.ProcessEnv = {}) {
    const { code, stdout, stderr } = run(folder, env, "-o", "json");
    assert.equal(stderr, "");
    return { code, ...answerSchema.parse(JSON.parse(stdout)) };
  }

  before(async function () {
    this.timeout("45m");
    cluster = await startCluster({ namespaces });
    config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    api = kubernetesApiOf(cluster.kubeconfig, cluster.context);
    core = config.makeApiClient(CoreV1Api);
    apps = config.makeApiClient(AppsV1Api);
    for (const policy of program.policies) await apply(objectOf(policy));
  });
  after(() => cluster?.stop());

  it("says that nothing is in the way, and what it did not look at", () => {
    assert.deepEqual(run(sample, { PATH: "" }), {
      code: 0,
      stdout: [
        "context embedded, update of stack prod: nothing stops it, and it overwrites nothing",
        "not looked at: the stack's state (there is no command pulumi): the marks on policies count instead",
        "not looked at: the cluster has no ConfigMap kube-system/cilium-config: whether Cilium's configuration fits the program is not known",
        "not looked at: the cluster has no DaemonSet kube-system/cilium: which version of Cilium runs is not known",
        "",
      ].join("\n"),
      stderr: "",
    });
  });

  it("takes the context that the stack is configured with", () => {
    const folder = projectWith("network-policies:context: elsewhere");
    const { code, stderr } = netpolWith({ env: { KUBECONFIG: cluster.kubeconfig } }, folder, "preflight");
    assert.equal(code, 2);
    assert.match(stderr, /^the kubeconfig .* has no context elsewhere; it has embedded\n$/);
  });

  describe("of policies that are there already", () => {
    const redis = policyOf("argocd", "redis");
    const unmarked = { ...objectOf(redis), metadata: { name: "redis", namespace: "argocd" } };

    afterEach(async () => {
      await api.delete(unmarked, "Background");
      await apply(objectOf(redis));
    });

    it("names one that is not marked as the stack's, with the fields that would change", async () => {
      await replace(
        { ...unmarked, spec: { ...specOf(redis), egress: [{ toEntities: ["world"] }] } },
        "argocd-controller",
      );
      assert.deepEqual(preflight().findings, [
        {
          effect: "stops",
          about: "argocd/redis",
          reason: "exists without this stack's mark; spec.egress would change",
          fix: "adoptExisting for one update, or another name in policyNames",
        },
      ]);
      assert.deepEqual(preflight(projectWith("network-policies:adoptExisting: true")), {
        ...preflight(),
        code: 1,
        findings: [
          {
            effect: "overwrites",
            about: "argocd/redis",
            reason: "exists without this stack's mark; spec.egress would change",
            fix: "put it into the program if it is to stay",
          },
        ],
      });
    });

    it("has nothing to say of one that is taken over as it is", async () => {
      await replace(unmarked, "argocd-controller");
      assert.equal(preflight().code, 1);
      const { code, findings } = preflight(projectWith("network-policies:adoptExisting: true"));
      assert.deepEqual({ code, findings }, { code: 0, findings: [] });
    });

    it("names the stack that one belongs to", async () => {
      const annotations = { "network-policies/stack": "network-policies/other" };
      await replace({ ...unmarked, metadata: { ...unmarked.metadata, annotations } }, "pulumi-kubernetes-1");
      assert.deepEqual(
        preflight().findings.map(({ reason }) => reason),
        ["exists and belongs to network-policies/other"],
      );
    });

    it("names who has applied a field otherwise: the update stops at it, unless it is told to take it over", async () => {
      const changed = { ...objectOf(redis), spec: { ...specOf(redis), ingress: [{ fromEntities: ["cluster"] }] } };
      await api.apply(changed, { fieldManager: "argocd-controller", force: true });
      const held = { about: "argocd/redis", reason: "argocd-controller has changed spec.ingress" };
      assert.deepEqual(preflight().findings, [
        {
          effect: "stops",
          ...held,
          fix: "keep argocd-controller off it, then adoptExisting for one update",
        },
      ]);
      assert.deepEqual(
        preflight(projectWith("network-policies:adoptExisting: true")).findings.filter(
          ({ about }) => about === "argocd/redis",
        ),
        [
          {
            effect: "overwrites",
            ...held,
            fix: "keep argocd-controller off it, and put it into the program if it is to stay",
          },
        ],
      );
    });

    it("agrees with the API server about which fields the update runs into", async () => {
      const changed = {
        ...objectOf(redis),
        metadata: { ...objectOf(redis).metadata, labels: { "app.kubernetes.io/managed-by": "argocd" } },
        spec: { ...specOf(redis), endpointSelector: { matchLabels: { "app.kubernetes.io/name": "other" } } },
      };
      await api.apply(changed, { fieldManager: "argocd-controller", force: true });
      const [finding] = preflight().findings;
      const named = finding?.reason.replace("argocd-controller has changed ", "").split(", ") ?? [];
      await assert.rejects(api.apply(objectOf(redis), { fieldManager: pulumi, dryRun: true }), ({ message }: Error) => {
        const fields = [...message.matchAll(/\.((?:spec|metadata)\.[\w./-]+)/g)].map(([, field]) => field);
        assert.deepEqual(named.toSorted(), fields.toSorted());
        return true;
      });
    });

    it("has nothing against a field that somebody else has applied as it is rendered, or added", async () => {
      const { spec } = objectOf(redis);
      assert.ok(spec && typeof spec === "object" && !Array.isArray(spec));
      const shared = { ...unmarked, spec: { ...spec, egressDeny: [{ toEntities: ["world"] }] } };
      await api.apply(shared, { fieldManager: "argocd-controller" });
      assert.deepEqual(preflight().findings, []);
    });

    it("names what was edited by hand, which the update puts back", async () => {
      await api.patch(objectOf(redis), { spec: { ingress: [{}], ingressDeny: [{ fromEntities: ["world"] }] } });
      assert.deepEqual(preflight().findings, [
        {
          effect: "overwrites",
          about: "argocd/redis",
          reason: "kubectl-edit has changed spec.ingress, spec.ingressDeny",
          fix: "put it into the program if it is to stay",
        },
      ]);
    });

    it("prints a list of it all", async () => {
      await api.patch(objectOf(redis), { spec: { ingress: [{}] } });
      const { code, stdout } = run(sample, { PATH: "" });
      assert.equal(code, 1);
      assert.match(stdout, /^context embedded, update of stack prod: it overwrites 1 thing\n/);
      assert.match(
        stdout,
        /\n\nBefore the update\nEFFECT +ABOUT +FINDING +WHAT TO DO\noverwrites {2}argocd\/redis {2}kubectl-edit has changed spec\.ingress {2}put it into the program if it is to stay\n$/,
      );
    });
  });

  describe("with the stack's state at hand", () => {
    const redis = policyOf("argocd", "redis");
    let environment: Environment;
    let folder: string;

    before(async function () {
      this.timeout("45m");
      environment = await openEnvironment(cluster.kubeconfig);
      folder = copyOfProject();
    });
    after(() => environment?.close());

    it("says why it could not look at it", () => {
      const { code, unread } = preflight(folder, environment.variables);
      assert.equal(code, 0);
      assert.equal(unread[0], "the stack's state (no stack named 'prod' found): the marks on policies count instead");
    });

    it("finds nothing where it has every policy", async () => {
      await remember(program.policies);
      const { code, findings, unread } = preflight(folder, environment.variables);
      assert.deepEqual({ code, findings, unread: unread.length }, { code: 0, findings: [], unread: 2 });
    });

    it("names policies with the stack's mark that an update created and did not record", async () => {
      await remember(program.policies.filter((policy) => policy !== redis));
      const left = {
        about: "argocd/redis",
        reason: "exists with this stack's mark, but not in its state: an update was cut off",
      };
      const { code, findings } = preflight(folder, environment.variables);
      assert.equal(code, 0);
      assert.deepEqual(findings, [{ effect: "resumes", ...left, fix: "nothing: the update takes it over" }]);
      // Who may not list policies everywhere does not find those that were left behind.
      const deputy = await userWith("deputy-of-all", [
        { apiGroups: ["cilium.io"], resources: ["ciliumclusterwidenetworkpolicies"], verbs: allVerbs },
      ]);
      const rules = [{ apiGroups: ["cilium.io"], resources: ["ciliumnetworkpolicies"], verbs: allVerbs }];
      for (const namespace of namespaces) await grant("deputy-of-all", namespace, rules);
      const seen = preflight(folder, { ...environment.variables, ...deputy });
      assert.equal(seen.code, 1);
      const fix = "have the right to list policies in the whole cluster, or adoptExisting";
      assert.deepEqual(seen.findings, [{ effect: "stops", ...left, fix }]);
    });

    it("names policies with the stack's mark that nobody has any more", async () => {
      await remember(program.policies);
      const left = { ...objectOf(redis), metadata: { ...objectOf(redis).metadata, name: "left" } };
      await apply(left);
      try {
        assert.deepEqual(preflight(folder, environment.variables).findings, [
          {
            effect: "defeats",
            about: "argocd/left",
            reason: "has this stack's mark, but neither program nor state has it: it stays",
            fix: "delete it with kubectl",
          },
        ]);
      } finally {
        await api.delete(left, "Background");
      }
    });

    it("notices a field that was removed, of which the cluster keeps no author", async () => {
      await remember(program.policies);
      await api.patch(objectOf(redis), { spec: { egress: null } });
      try {
        assert.deepEqual(preflight(folder, environment.variables).findings, [
          {
            effect: "overwrites",
            about: "argocd/redis",
            reason: "spec.egress changed since the last update; by whom is not recorded",
            fix: "put it into the program if it is to stay",
          },
        ]);
      } finally {
        await apply(objectOf(redis));
      }
    });

    /** Makes a state of the stack that has some policies. */
    async function remember(policies: readonly Policy[]): Promise<void> {
      const pulumiCommand = async (...args: string[]) => {
        const { code, stderr } = await environment.run("pulumi", [...args, "--non-interactive"], { cwd: folder });
        assert.equal(code, 0, stderr);
      };
      await pulumiCommand("stack", "select", "prod", "--create");
      const resources = policies.map((policy) => {
        const type = `kubernetes:cilium.io/v2:${policy.kind}`;
        const id = [policy.metadata.namespace, policy.metadata.name].filter(Boolean).join("/");
        return {
          urn: `urn:pulumi:prod::network-policies::${type}::${id}`,
          custom: true,
          id,
          type,
          inputs: policy,
          outputs: { ...policy, __fieldManager: pulumi },
        };
      });
      const file = join(temporaryFolder("state"), "state.json");
      writeFileSync(file, JSON.stringify({ version: 3, deployment: { manifest: {}, resources } }));
      await pulumiCommand("stack", "import", "--stack", "prod", "--file", file);
    }
  });

  describe("of namespaces", () => {
    it("names one that is being deleted, and one that is not there", async () => {
      const name = "identity";
      await core.deleteNamespace({ name });
      try {
        assert.deepEqual(preflight().findings, [
          {
            effect: "stops",
            about: "namespace identity",
            reason: "is being deleted and takes nothing new",
            fix: "wait until it is gone and create it again",
          },
        ]);
        const namespace = await core.readNamespace({ name });
        await core.replaceNamespaceFinalize({ name, body: { ...namespace, spec: { finalizers: [] } } });
        assert.deepEqual(preflight().findings, [
          {
            effect: "stops",
            about: "namespace identity",
            reason: "does not exist; the preview does not notice",
            fix: "kubectl create namespace identity",
          },
        ]);
      } finally {
        await core.createNamespace({ body: { metadata: { name } } });
      }
    });
  });

  describe("of rights", () => {
    const updater: Rule[] = [{ apiGroups: ["cilium.io"], resources: ciliumPolicies, verbs: allVerbs }];
    const readers: Rule[] = [
      { apiGroups: [""], resources: ["namespaces"], verbs: ["list"] },
      { apiGroups: [""], resources: ["configmaps"], verbs: ["get"] },
      { apiGroups: ["apps"], resources: ["daemonsets"], verbs: ["get"] },
    ];

    it("is content with what the update needs", async () => {
      const { code, findings } = preflight(sample, await userWith("updater", [...updater, ...readers]));
      assert.deepEqual({ code, findings }, { code: 0, findings: [] });
    });

    it("names each verb and kind that is missing, and where", async () => {
      const user = await userWith("deputy", [
        { apiGroups: ["cilium.io"], resources: ciliumPolicies, verbs: ["get", "list"] },
        { apiGroups: ["cilium.io"], resources: ["ciliumnetworkpolicies"], verbs: ["patch"] },
        ...readers,
      ]);
      await grant("deputy", "argocd", [
        { apiGroups: ["cilium.io"], resources: ["ciliumnetworkpolicies"], verbs: ["create", "delete"] },
      ]);
      await grant("deputy", "identity", [
        { apiGroups: ["cilium.io"], resources: ["ciliumnetworkpolicies"], verbs: ["create"] },
      ]);
      const others = namespaces.filter((namespace) => namespace !== "argocd" && namespace !== "identity");
      const { code, findings } = preflight(sample, user);
      assert.equal(code, 1);
      assert.deepEqual(findings, [
        {
          effect: "stops",
          about: "ciliumclusterwidenetworkpolicies.cilium.io",
          reason: "you may not create, patch, delete them",
          fix: "have a ClusterRole with these verbs bound to you",
        },
        {
          effect: "stops",
          about: "ciliumnetworkpolicies.cilium.io",
          reason: `you may not create, delete them in ${others.join(", ")}`,
          fix: "have a Role with these verbs bound to you",
        },
        {
          effect: "stops",
          about: "ciliumnetworkpolicies.cilium.io",
          reason: "you may not delete them in identity",
          fix: "have a Role with these verbs bound to you",
        },
      ]);
    });

    it("asks for Jobs as well where the stack probes, and for watching where it waits", async () => {
      const folder = projectWith(
        "network-policies:probe: true",
        "network-policies:probeNamespaces: [identity]",
        "network-policies:waitForValid: true",
      );
      const { findings } = preflight(folder, await userWith("prober", [...updater, ...readers]));
      assert.deepEqual(
        findings.map(({ about, reason }) => `${about}: ${reason}`),
        [
          "ciliumclusterwidenetworkpolicies.cilium.io: you may not watch them",
          `ciliumnetworkpolicies.cilium.io: you may not watch them in ${namespaces.join(", ")}`,
          "jobs.batch: you may not get, list, create, patch, delete, watch them in identity",
        ],
      );
    });

    it("says what somebody may not read, and goes on", async () => {
      const nobody = await userWith("nobody", []);
      const { code, findings, unread } = preflight(sample, { ...nobody, PATH: "" });
      assert.equal(code, 1);
      assert.deepEqual(
        findings.map(({ about, reason }) => `${about}: ${reason}`),
        [
          "ciliumclusterwidenetworkpolicies.cilium.io: you may not get, list, create, patch, delete them",
          `ciliumnetworkpolicies.cilium.io: you may not get, list, create, patch, delete them in ${namespaces.join(", ")}`,
        ],
      );
      assert.deepEqual(unread, [
        "the cluster does not let you list Namespace objects: whether the stack's namespaces are there is not known",
        `policies that you may not list (${["clusterwide", ...namespaces].join(", ")})`,
        "the stack's state (there is no command pulumi): the marks on policies count instead",
        "the cluster does not let you read ConfigMap kube-system/cilium-config: whether Cilium's configuration fits the program is not known",
        "the cluster does not let you read DaemonSet kube-system/cilium: which version of Cilium runs is not known",
      ]);
    });
  });

  describe("of Cilium as it is installed", () => {
    const metadata = { name: "cilium-config", namespace: "kube-system" };
    const daemonSet = { name: "cilium", namespace: "kube-system" };

    before(() => core.createNamespacedConfigMap({ namespace: "kube-system", body: { metadata, data: {} } }));
    after(() => core.deleteNamespacedConfigMap(metadata));

    it("finds where its configuration contradicts the program", async () => {
      const data = {
        "cluster-name": "homelab",
        "enable-cilium-network-policy": "false",
        "enable-cilium-clusterwide-network-policy": "false",
        "enable-l7-proxy": "false",
        "enable-non-default-deny-policies": "false",
        "enable-policy": "never",
        "policy-audit-mode": "true",
      };
      await core.replaceNamespacedConfigMap({ ...metadata, body: { metadata, data } });
      try {
        const { code, findings } = preflight();
        assert.equal(code, 1);
        assert.deepEqual(
          findings.map(({ effect, about }) => `${effect} ${about}`),
          Object.entries(data).map(([key, value]) => `defeats cilium-config ${key}=${value}`),
        );
      } finally {
        await core.replaceNamespacedConfigMap({ ...metadata, body: { metadata, data: {} } });
      }
    });

    for (const [image, expected] of [
      ["quay.io/cilium/cilium:v1.20.2@sha256:abc", { code: 0, findings: [], unread: [] }],
      ["registry:5000/cilium/cilium:1.15.7", { code: 1, findings: ["Cilium 1.15"], unread: [] }],
      [
        "quay.io/cilium/cilium@sha256:abc",
        {
          code: 0,
          findings: [],
          unread: ["the version of Cilium: the image of DaemonSet kube-system/cilium names none"],
        },
      ],
    ] as const) {
      it(`takes its version from the image ${image}, if it has one`, async () => {
        await runAgents(image);
        try {
          const { code, findings, unread } = preflight(sample, { PATH: "" });
          assert.deepEqual({ code, findings: findings.map(({ about }) => about), unread: unread.slice(1) }, expected);
        } finally {
          await apps.deleteNamespacedDaemonSet({ ...daemonSet, propagationPolicy: "Background" });
        }
      });
    }

    it("lists all of it together, as the page shows", async () => {
      const [redis, server, grafana] = [
        ...["redis", "server"].map((name) => objectOf(policyOf("argocd", name))),
        objectOf(policyOf("monitoring", "grafana")),
      ];
      assert.ok(redis && server && grafana);
      const { spec, ...unmarked } = grafana;
      const data = { "cluster-name": "homelab", "enable-l7-proxy": "false" };
      await core.replaceNamespacedConfigMap({ ...metadata, body: { metadata, data } });
      await runAgents("quay.io/cilium/cilium:v1.20.2");
      await core.deleteNamespace({ name: "identity" });
      const gone = await core.readNamespace({ name: "identity" });
      await core.replaceNamespaceFinalize({ name: "identity", body: { ...gone, spec: { finalizers: [] } } });
      await api.apply(
        { ...redis, spec: { ...specOf(policyOf("argocd", "redis")), ingress: [{ fromEntities: ["cluster"] }] } },
        { fieldManager: "argocd-controller", force: true },
      );
      await api.patch(server, { spec: { egress: [{}] } });
      await replace(
        {
          ...unmarked,
          metadata: { name: "grafana", namespace: "monitoring" },
          spec: { ...specOf(policyOf("monitoring", "grafana")), egress: [{ toEntities: ["world"] }] },
        },
        "somebody",
      );
      try {
        const [quotation] = quotations("docs/preflight.md");
        assert.ok(quotation);
        assertQuoted(run(sample, { PATH: "" }).stdout, quotation);
      } finally {
        await core.createNamespace({ body: { metadata: { name: "identity" } } });
        await apps.deleteNamespacedDaemonSet({ ...daemonSet, propagationPolicy: "Background" });
      }
    });

    async function runAgents(image: string): Promise<void> {
      const labels = { "k8s-app": "cilium" };
      const template = { metadata: { labels }, spec: { containers: [{ name: "cilium-agent", image }] } };
      const body = { metadata: daemonSet, spec: { selector: { matchLabels: labels }, template } };
      await apps.createNamespacedDaemonSet({ namespace: daemonSet.namespace, body });
    }
  });

  it("names the kinds that a cluster without Cilium does not know, and ends with 2 when it is gone", async () => {
    const bare = await startCluster({ namespaces, crds: false });
    const env = { KUBECONFIG: bare.kubeconfig };
    try {
      assert.deepEqual(
        preflight(sample, env).findings,
        ["CiliumClusterwideNetworkPolicy", "CiliumNetworkPolicy"].map((about) => ({
          effect: "stops",
          about,
          reason: "the cluster does not know this kind",
          fix: "install Cilium, whose operator brings its CustomResourceDefinitions",
        })),
      );
    } finally {
      await bare.stop();
    }
    const kubeconfig = join(temporaryFolder("kubeconfig"), "config");
    writeFileSync(kubeconfig, configOf(bare.server, "token").exportConfig());
    const { code, stdout, stderr } = run(sample, { KUBECONFIG: kubeconfig });
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
    assert.match(stderr, /^the cluster of context embedded does not answer: .*\n$/);
  });

  const apply = (object: KubernetesObject) => api.apply(object, { fieldManager: pulumi, force: true });

  /** Puts an object in the place of what is there, so that nobody else owns any of its fields. */
  async function replace(object: KubernetesObject, fieldManager: string): Promise<void> {
    await api.delete(object, "Background");
    await api.apply(object, { fieldManager });
  }

  /** The kubeconfig of a new service account with some rights, in the environment. */
  async function userWith(name: string, rules: readonly Rule[]): Promise<NodeJS.ProcessEnv> {
    const namespace = "argocd";
    await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name } } });
    const rbac = config.makeApiClient(RbacAuthorizationV1Api);
    await rbac.createClusterRole({ body: { metadata: { name }, rules: [...rules] } });
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name };
    const subjects = [{ kind: "ServiceAccount", name, namespace }];
    await rbac.createClusterRoleBinding({ body: { metadata: { name }, roleRef, subjects } });
    const body = { spec: { audiences: [], expirationSeconds: 3600 } };
    const { status } = await core.createNamespacedServiceAccountToken({ name, namespace, body });
    const path = join(temporaryFolder("kubeconfig"), "config");
    writeFileSync(path, configOf(cluster.server, status?.token ?? "").exportConfig());
    return { KUBECONFIG: path };
  }

  /** Gives a service account more rights in one namespace. */
  async function grant(name: string, namespace: string, rules: Rule[]): Promise<void> {
    const rbac = config.makeApiClient(RbacAuthorizationV1Api);
    await rbac.createNamespacedRole({ namespace, body: { metadata: { name }, rules } });
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name };
    const subjects = [{ kind: "ServiceAccount", name, namespace: "argocd" }];
    await rbac.createNamespacedRoleBinding({ namespace, body: { metadata: { name }, roleRef, subjects } });
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
