import assert from "node:assert/strict";
import { ApiException, CustomObjectsApi, KubeConfig } from "@kubernetes/client-node";
import fc from "fast-check";
import { manifestsForServer } from "../cilium/policy/manifests.ts";
import { type Cluster, startCluster } from "../toolchain/cluster.ts";
import { startValidityOracle, whileTesting } from "./oracle.ts";

const seed = Number(process.env.SEED ?? 20260101);
const numRuns = 500;

describe("The oracle's API server", function () {
  this.timeout(0);
  let cluster: Cluster;
  const oracle = whileTesting(startValidityOracle);
  let api: CustomObjectsApi;

  before(async () => {
    cluster = await startCluster({ namespaces: [] });
    const config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    config.setCurrentContext(cluster.context);
    api = config.makeApiClient(CustomObjectsApi);
  });
  after(() => cluster?.stop());

  it(`refuses what a real one refuses, over ${numRuns} manifests`, async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(manifestsForServer(), async (manifest) => {
        const real = await create(api, manifest);
        const answer = await oracle.ask(manifest);
        if (real !== undefined) refused += 1;
        assert.equal(!answer.accepted && answer.stage === "crd", real !== undefined, JSON.stringify({ real, answer }));
      }),
      { numRuns, seed },
    );
    console.log(`      seed ${seed}: ${refused} of ${numRuns} refused, 0 disagreements`);
    assert.ok(refused > numRuns / 4 && refused < (numRuns * 3) / 4);
  });
});

/** Why the API server refuses to create an object, with strict field validation; it stores nothing. */
async function create(api: CustomObjectsApi, body: object): Promise<string | undefined> {
  const dry = { group: "cilium.io", version: "v2", body, dryRun: "All", fieldValidation: "Strict" };
  const namespaced = "kind" in body && body.kind === "CiliumNetworkPolicy";
  try {
    if (namespaced) {
      await api.createNamespacedCustomObject({ ...dry, namespace: "default", plural: "ciliumnetworkpolicies" });
    } else {
      await api.createClusterCustomObject({ ...dry, plural: "ciliumclusterwidenetworkpolicies" });
    }
    return undefined;
  } catch (error) {
    if (error instanceof ApiException) return error.message;
    throw error;
  }
}
