import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dump, load, loadAll } from "js-yaml";
import { z } from "zod";
import { policyName } from "../../cilium/policy/parts.ts";
import { type CiliumPolicy, type Rule, rule as ruleSchema } from "../../cilium/policy/schema.ts";
import { netpol, netpolWith } from "../cli/command.ts";
import { copyOfProject } from "../project.ts";
import {
  type KubernetesApi,
  type KubernetesObject,
  kubernetesApiOf,
  objectSchema,
} from "../provider/kubernetes-api.ts";
import { renderedPolicies } from "../rendered.ts";
import { namespaces } from "../sample/counts.ts";
import { type Cluster, startCluster } from "../toolchain/cluster.ts";
import { type ProdStack, prodStack, recordSteps } from "../toolchain/stack.ts";
import { rendered, stored, touched } from "./policies.ts";

/** What the hand-written policies of these workloads are called. */
const policyNames = { "data/postgres": "postgres-access", "argocd/redis": "redis-clients" };

/** The same rules as somebody else would have written them: another order, one peer a rule, other names and labels. */
function handWritten(policy: CiliumPolicy): CiliumPolicy {
  const name = new Map(Object.entries(policyNames)).get(policyName(policy)) ?? policy.metadata.name;
  const spec: Rule = {
    ...policy.spec,
    description: "written by hand",
    ingress: policy.spec?.ingress
      ?.flatMap((rule) =>
        rule.fromEndpoints ? rule.fromEndpoints.map((peer) => ({ ...rule, fromEndpoints: [peer] })) : [rule],
      )
      .reverse(),
    egress: policy.spec?.egress?.toReversed(),
  };
  return {
    ...policy,
    metadata: {
      name,
      namespace: policy.metadata.namespace,
      labels: { "app.kubernetes.io/managed-by": "argocd" },
    },
    spec,
  };
}

/** A pod that the API server takes: every container has an image. */
function startable(object: KubernetesObject): KubernetesObject {
  const containers = podSchema.safeParse(object).data?.spec.containers;
  if (containers === undefined) return object;
  return objectSchema.parse({
    ...object,
    spec: { containers: containers.map((c) => ({ ...c, image: "example.invalid" })) },
  });
}

const podSchema = z.looseObject({
  kind: z.literal("Pod"),
  spec: z.looseObject({ containers: z.array(z.looseObject({})) }),
});

const managers = z.object({ managedFields: z.array(z.looseObject({ manager: z.string() })) });

describe("Taking over policies that somebody else applied", function () {
  this.timeout("3m");
  let cluster: Cluster;
  let api: KubernetesApi;
  let stack: ProdStack;
  let project: string;

  before(async function () {
    this.timeout("45m");
    cluster = await startCluster({ namespaces });
    api = kubernetesApiOf(cluster.kubeconfig, cluster.context);
    project = copyOfProject();
    for (const document of loadAll(netpol(project, "inventory").stdout)) {
      await api.apply(startable(objectSchema.parse(document)), { fieldManager: "kubelet" });
    }
    for (const policy of renderedPolicies().map(handWritten)) {
      await api.apply(objectSchema.parse(JSON.parse(JSON.stringify(policy))), { fieldManager: "argocd-controller" });
    }
    const file = join(project, "Pulumi.prod.yaml");
    const { config } = z.looseObject({ config: z.looseObject({}) }).parse(load(readFileSync(file, "utf8")));
    writeFileSync(file, dump({ config: { ...config, "network-policies:policyNames": policyNames } }));
    stack = await prodStack(cluster, { config: { policyNames } });
  });
  after(async () => {
    await stack?.close();
    await cluster?.stop();
  });

  const semanticDiff = () =>
    netpolWith({ env: { KUBECONFIG: cluster.kubeconfig } }, project, "diff", "live", "program");

  it("shows before anything is done that nothing would change", () => {
    const { code, stdout, stderr } = semanticDiff();
    assert.equal(code, 0, stdout + stderr);
  });

  it("shows a flow that the cluster's own policies lack", async () => {
    const redis = [...(await stored(api)).values()].find(({ metadata }) => metadata.name === "redis-clients");
    assert.ok(redis);
    const { apiVersion, kind, metadata } = redis;
    const spec = ruleSchema.parse(redis.spec);
    const own = { apiVersion, kind, metadata: { name: metadata.name, namespace: "argocd" } };
    const edit = (change: object) =>
      api.apply(objectSchema.parse({ ...own, spec: { ...spec, ...change } }), { fieldManager: "argocd-controller" });
    await edit({ ingress: [{}] });
    const { code, stdout } = semanticDiff();
    assert.equal(code, 1);
    assert.match(stdout, /argocd\/server.*argocd\/redis/);
    await edit({});
  });

  it("stops without adoptExisting at the first policy that exists, and changes nothing", async () => {
    const before = await stored(api);
    await assert.rejects(stack.up(), /ciliumclusterwidenetworkpolicies\.cilium\.io "allow-dns" already exists/);
    assert.deepEqual(await stored(api), before);
  });

  it("changes owner and form of every policy in place, and deletes none", async () => {
    const before = await stored(api);
    await stack.setConfig("network-policies:adoptExisting", { value: "true" });
    const { steps, onEvent } = recordSteps();
    await stack.up({ onEvent });
    assert.deepEqual(touched(steps, "delete"), []);

    const after = await stored(api);
    assert.deepEqual([...after.keys()].sort(), [...before.keys()].sort());
    for (const [name, policy] of await rendered(stack)) {
      const now = after.get(name);
      assert.equal(now?.metadata.uid, before.get(name)?.metadata.uid, name);
      assert.deepEqual(now?.spec, policy.spec, name);
      assert.equal(now?.metadata.annotations?.["network-policies/stack"], "network-policies/prod", name);
      assert.ok(
        managers.parse(now?.metadata).managedFields.some(({ manager }) => manager.startsWith("pulumi")),
        name,
      );
    }
  });

  it("leaves the verdicts as they were", () => {
    assert.equal(semanticDiff().code, 0);
  });

  it("needs adoptExisting for that one run only", async () => {
    await stack.removeConfig("network-policies:adoptExisting");
    await stack.up();
    const { steps, onEvent } = recordSteps();
    await stack.preview({ onEvent });
    assert.deepEqual(touched(steps), []);
    for (const { metadata } of (await stored(api)).values()) {
      assert.equal(metadata.annotations?.["pulumi.com/patchForce"], undefined, metadata.name);
    }
  });
});
