/**
 * A stack that an earlier version applied sees no change in the first preview after an upgrade: a policy that is replaced is
 * missing for a moment, so URNs, type tokens, names, annotations and config keys stay, or are aliased.
 *
 * `before/` is the version cef212c: its `Pulumi.prod.yaml`, and the resources that `pulumi stack export` gave once its `up` had
 * created the stack prod on the embedded API server, through the provider's double. Left out of them is what the engine does not
 * compare (times, places in the source, the stack's outputs), what is of one cluster only (kubeconfig and context of the
 * provider) and what the API server answers again here (the outputs of the policies, except the provider's own two).
 */
import assert from "node:assert/strict";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { copyWithOwnCluster } from "../project.ts";
import { kubernetesApiOf, objectSchema } from "../provider/kubernetes-api.ts";
import { type Cluster, startCluster } from "../toolchain/cluster.ts";
import { type ProdStack, prodStack, recordSteps } from "../toolchain/stack.ts";
import { namespaces } from "./rows.ts";

const versionBefore = join(import.meta.dirname, "before");

const policyInState = z.looseObject({
  type: z.string().startsWith("kubernetes:"),
  inputs: objectSchema,
  outputs: z.object({ __fieldManager: z.string(), __initialApiVersion: z.string() }),
});
const providerInState = z.looseObject({ inputs: z.looseObject({}), outputs: z.looseObject({}) });

const resources = z
  .array(z.looseObject({ type: z.string() }))
  .parse(JSON.parse(readFileSync(join(versionBefore, "resources.json"), "utf8")));

/** The engine's own provider, which a preview asks what the stack has deployed: in no state, and in no count. */
const engineOwn = "pulumi:providers:pulumi";

describe("A stack that the version before applied", function () {
  this.timeout("2m");
  let cluster: Cluster;
  let stack: ProdStack;

  before(async function () {
    this.timeout("45m");
    cluster = await startCluster({ namespaces });
    const folder = copyWithOwnCluster();
    copyFileSync(join(versionBefore, "Pulumi.prod.yaml"), join(folder, "Pulumi.prod.yaml"));
    stack = await prodStack(cluster, { folder, double: true });
    const { version, deployment } = await stack.exportStack();
    await stack.importStack({ version, deployment: { ...deployment, resources: await applied(cluster) } });
  });
  after(async () => {
    await stack?.close();
    await cluster?.stop();
  });

  it("sees nothing but unchanged resources in the first preview", async () => {
    const { steps, onEvent } = recordSteps();
    const { changeSummary } = await stack.preview({ onEvent });
    assert.deepEqual(
      steps.filter(({ op, type }) => op !== "same" && type !== engineOwn),
      [],
    );
    assert.deepEqual(changeSummary, { same: 75 });
  });
});

/** The resources of before, once their policies are in the API server as they were applied then. */
async function applied({ kubeconfig, context }: Cluster) {
  const api = kubernetesApiOf(kubeconfig, context);
  return Promise.all(
    resources.map(async (resource) => {
      if (resource.type === "pulumi:providers:kubernetes") {
        const { inputs, outputs } = providerInState.parse(resource);
        const here = { kubeconfig, context };
        return { ...resource, inputs: { ...inputs, ...here }, outputs: { ...outputs, ...here } };
      }
      const policy = policyInState.safeParse(resource);
      if (!policy.success) return resource;
      const { inputs, outputs } = policy.data;
      const object = await api.apply(inputs, { fieldManager: outputs.__fieldManager });
      return { ...resource, outputs: { ...object, ...outputs, __inputs: inputs } };
    }),
  );
}
