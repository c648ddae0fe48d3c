import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { type KubernetesApi, type KubernetesObject, kubernetesApiOf } from "../provider/kubernetes-api.ts";
import { namespaces, policyCount } from "../sample/counts.ts";
import { type Cluster, startCluster } from "../toolchain/cluster.ts";
import { type ProdStack, prodStack, recordSteps, type Step } from "../toolchain/stack.ts";
import { recorded, rendered, stored, touched } from "./policies.ts";

describe("The program on a real API server", function () {
  this.timeout("2m");
  let cluster: Cluster;
  let api: KubernetesApi;
  let stack: ProdStack;

  const preview = async (options: { refresh?: true } = {}): Promise<Step[]> => {
    const { steps, onEvent } = recordSteps();
    await stack.preview({ ...options, onEvent });
    return steps;
  };
  const up = async (options: { refresh?: true } = {}): Promise<Step[]> => {
    const { steps, onEvent } = recordSteps();
    await stack.up({ ...options, onEvent });
    return steps;
  };

  before(async function () {
    this.timeout("45m");
    cluster = await startCluster({ namespaces });
    api = kubernetesApiOf(cluster.kubeconfig, cluster.context);
    stack = await prodStack(cluster);
  });
  after(async () => {
    await stack?.close();
    await cluster?.stop();
  });

  it("previews the creation of every policy and stores none", async () => {
    const steps = await preview();
    assert.deepEqual(touched(steps, "create").sort(), [...(await rendered(stack)).keys()].sort());
    assert.equal(touched(steps).length, policyCount);
    assert.equal((await stored(api)).size, 0);
  });

  describe("once it is up", () => {
    before(() => up());

    it("has stored a policy for each workload in its namespace and one for the cluster, with every field as rendered", async () => {
      const [expected, actual] = [await rendered(stack), await stored(api)];
      assert.deepEqual([...actual.keys()].sort(), [...expected.keys()].sort());
      assert.equal(actual.size, policyCount);
      for (const [name, { apiVersion, kind, metadata, spec }] of expected) {
        const object = actual.get(name);
        assert.deepEqual(
          { apiVersion, kind, spec },
          { apiVersion: object?.apiVersion, kind: object?.kind, spec: object?.spec },
        );
        assert.deepEqual(object?.metadata.labels, metadata.labels, name);
        assert.deepEqual(object?.metadata.annotations, metadata.annotations, name);
      }
    });

    it("gives uid and generation of each policy as the API server has them", async () => {
      const outputs = (await stack.outputs()).policies?.value;
      const expected = [...(await stored(api)).values()].map(
        ({ kind, metadata: { namespace, name, uid, generation } }) => ({
          kind,
          ...(namespace && { namespace }),
          name,
          uid,
          generation,
        }),
      );
      const byUid = <T extends { uid?: unknown }>(list: readonly T[]) =>
        new Map(list.map((entry) => [entry.uid, entry]));
      assert.deepEqual(byUid(outputs), byUid(expected));
    });

    it("previews no change", async () => {
      assert.deepEqual(touched(await preview()), []);
    });

    it("leaves the API server alone when nothing has changed", async () => {
      const before = await stored(api);
      await up();
      assert.deepEqual(await stored(api), before);
    });

    for (const [key, value, because] of [
      ["addresses", { nas: "10.9.8.7" }, "an address changes"],
      ["apiServerPort", 7443, "the API server's port changes"],
      ["labels", { "data/postgres": { "cnpg.io/cluster": "other" } }, "a workload's labels change"],
    ] as const) {
      it(`updates exactly the policies concerned when ${because}`, async () => {
        const before = await rendered(stack);
        const storedBefore = await stored(api);
        stack.configure({ [key]: value });
        const after = await rendered(stack);
        const concerned = [...after.keys()]
          .filter((name) => !isDeepStrictEqual(after.get(name), before.get(name)))
          .sort();
        assert.ok(concerned.length > 0 && concerned.length < policyCount, `${concerned.length} concerned`);

        assert.deepEqual(touched(await preview(), "update").sort(), concerned);
        assert.deepEqual(touched(await up()).sort(), concerned);
        const storedAfter = await stored(api);
        for (const [name, { spec }] of after) assert.deepEqual(storedAfter.get(name)?.spec, spec, name);
        const rewritten = [...storedAfter].filter(
          ([name, { metadata }]) => metadata.resourceVersion !== storedBefore.get(name)?.metadata.resourceVersion,
        );
        assert.deepEqual(rewritten.map(([name]) => name).sort(), concerned);
      });
    }
  });

  describe("after somebody changed the cluster behind its back", () => {
    const [edited, deleted, applied] = ["argocd/redis", "monitoring/grafana", "data/postgres"];
    const open = { ingress: [{ fromEntities: ["all"] }] };

    const policy = async (name: string): Promise<KubernetesObject> => {
      const object = (await stored(api)).get(name);
      assert.ok(object, name);
      return object;
    };
    const asRendered = async (name: string) =>
      assert.deepEqual((await policy(name)).spec, (await rendered(stack)).get(name)?.spec);

    before(async () => {
      await up();
      await api.patch(await policy(edited), { spec: open });
      await api.delete(await policy(deleted), "Background");
    });

    it("sees nothing of it, a deleted policy included", async () => {
      assert.deepEqual(touched(await preview()), []);
      assert.deepEqual(touched(await up()), []);
      assert.ok(!(await stored(api)).has(deleted));
    });

    it("with --refresh puts back what kubectl edited, and creates what was deleted", async () => {
      assert.deepEqual(touched(await preview({ refresh: true })).sort(), [edited, deleted]);
      await up({ refresh: true });
      for (const name of [edited, deleted]) await asRendered(name);
      assert.deepEqual(touched(await preview({ refresh: true })), []);
    });

    it("with --refresh stops at what somebody else applied, and names the field and whose it is", async () => {
      const { apiVersion, kind } = await policy(applied);
      const [namespace = "", name = ""] = applied.split("/");
      const theirs = { apiVersion, kind, metadata: { name, namespace }, spec: open };
      await api.apply(theirs, { fieldManager: "argocd-controller", force: true });
      const conflict =
        /"data\/postgres" failed to fully initialize or become live: server-side apply field conflict detected.*conflict with "argocd-controller": \.spec\.ingress/s;
      await assert.rejects(preview({ refresh: true }), conflict);
      await assert.rejects(up({ refresh: true }), conflict);
      assert.deepEqual(
        z.looseObject({ ingress: z.unknown() }).parse((await policy(applied)).spec).ingress,
        open.ingress,
      );
    });

    it("puts that back when it is told to adopt what exists", async () => {
      stack.configure({ adoptExisting: true });
      await up({ refresh: true });
      await asRendered(applied);
      assert.deepEqual(touched(await preview({ refresh: true })), []);
    });
  });

  describe("when it is destroyed", () => {
    before(() => up());

    it("leaves nothing behind", async () => {
      await stack.destroy();
      assert.equal((await stored(api)).size, 0);
      assert.deepEqual(await recorded(stack), []);
    });
  });
});
