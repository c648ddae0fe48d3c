import assert from "node:assert/strict";
import { existsSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { z } from "zod";
import { stackAnnotation } from "../../components/ownership.ts";
import { shellBlocks } from "../markdown.ts";
import { type KubernetesApi, kubernetesApiOf } from "../provider/kubernetes-api.ts";
import { namespaces, policyCount } from "../sample/counts.ts";
import { type Cluster, startCluster } from "../toolchain/cluster.ts";
import { toolchain } from "../toolchain/pulumi.ts";
import { type ProdStack, prodStack } from "../toolchain/stack.ts";
import { isPolicy, recorded, rendered, stored } from "./policies.ts";

/** When the engine is killed, and what else differs when the operator comes back. */
interface Moment {
  /** At which write to the API server. */
  readonly write: number;
  /** Whether the API server still gets that write, and those that are under way beside it. */
  readonly arrives: boolean;
  /** Whether the file backend was writing what it keeps beside the state. */
  readonly torn: boolean;
  /** Whether the config is another one by then. */
  readonly reconfigured: boolean;
}

const moment = fc.record({
  write: fc.integer({ min: 1, max: policyCount }),
  arrives: fc.boolean(),
  torn: fc.boolean(),
  reconfigured: fc.boolean(),
});

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const moments: Moment[] = [
  { write: 1, arrives: true, torn: false, reconfigured: false },
  { write: policyCount, arrives: true, torn: true, reconfigured: true },
  ...fc.sample(moment, { numRuns: 4, seed }),
];

const told = ({ write, arrives, torn, reconfigured }: Moment): string =>
  [
    `at write ${write}, which ${arrives ? "arrives" : "does not arrive"}`,
    ...(torn ? ["while the state is written"] : []),
    ...(reconfigured ? ["before the config changes"] : []),
  ].join(", ");

describe(`An update whose engine is killed (SEED=${seed})`, function () {
  this.timeout("5m");
  let cluster: Cluster;
  let api: KubernetesApi;
  let stack: ProdStack;

  before(async function () {
    this.timeout("45m");
    await toolchain();
    cluster = await startCluster({ namespaces });
    api = kubernetesApiOf(cluster.kubeconfig, cluster.context);
  });
  beforeEach(async () => {
    stack = await prodStack(cluster, { double: true });
  });
  afterEach(async () => {
    await stack.close();
    await Promise.all([...(await stored(api)).values()].map((object) => api.delete(object, "Background")));
  });
  after(() => cluster?.stop());

  const type = async (line: string) => {
    const options = { cwd: stack.folder };
    const { code, stdout } = await stack.environment.run("sh", ["-c", `exec 2>&1; ${line}`], options);
    return { code, output: stdout };
  };

  async function cutOff({ write, arrives, torn }: Moment): Promise<void> {
    const kill = new AbortController();
    const update = stack.environment.run("pulumi", ["up", "--yes"], { cwd: stack.folder, kill: kill.signal });
    let writes = 0;
    stack.environment.double?.inject(async () => {
      if (++writes < write) return;
      kill.abort();
      await update;
      if (!arrives) throw new Error("the API server never gets this");
    });
    assert.equal((await update).code, null, "the update is still running");
    stack.environment.double?.inject(() => {});
    if (torn) truncateSync(besideState());
  }

  /** Where the file backend keeps the media type of the state. */
  function besideState(): string {
    const backend = fileURLToPath(stack.environment.variables.PULUMI_BACKEND_URL ?? "");
    const file = join(backend, ".pulumi/stacks/network-policies/prod.json.attrs");
    assert.ok(existsSync(file), file);
    return file;
  }

  for (const moment of moments) {
    it(`${told(moment)}: the documented steps end with every policy stored and recorded as rendered`, async () => {
      await cutOff(moment);
      const { code, output } = await type("pulumi up --yes");
      assert.notEqual(code, 0);
      assert.match(output, /the stack is currently locked by 1 lock\(s\)|failed to load checkpoint: EOF/);

      if (moment.reconfigured) stack.configure({ apiServerPort: 16443 });
      for (const line of shellBlocks("docs/operations.md", "When an update was cut off").flat()) {
        const { code, output } = await type(line);
        assert.equal(code, 0, `${line}\n${output}`);
        assert.doesNotMatch(output, /interrupted while/, "nothing is pending");
      }
      const expected = await rendered(stack);
      const actual = await stored(api);
      const { resources, pending_operations: pending } = await state();
      assert.deepEqual([...actual.keys()].sort(), [...expected.keys()].sort());
      for (const [name, { apiVersion, kind, spec, metadata }] of expected) {
        const inCluster = actual.get(name);
        assert.deepEqual(inCluster?.spec, spec, name);
        assert.deepEqual(inCluster?.metadata.annotations, metadata.annotations, name);
        const [inState, ...more] = resources.filter(({ type, id }) => isPolicy(type) && id === name);
        assert.deepEqual(inState?.inputs, { apiVersion, kind, metadata, spec }, name);
        assert.deepEqual(more, []);
      }
      assert.deepEqual(pending, []);
    });
  }

  const state = async () => deploymentSchema.parse((await stack.exportStack()).deployment);

  it("leaves to their owners the policies that do not carry this stack's mark", async () => {
    const [own, foreign] = ["argocd/redis", "argocd/server"];
    const put = async (name: string, owner: string) => {
      const policy = (await rendered(stack)).get(name);
      assert.ok(policy?.kind === "CiliumNetworkPolicy");
      const { apiVersion, kind, metadata } = policy;
      const annotations = { [stackAnnotation]: owner };
      const spec = { endpointSelector: {}, egress: [{}] };
      await api.create(
        { apiVersion, kind, metadata: { name: metadata.name, namespace: metadata.namespace ?? "", annotations }, spec },
        "pulumi-kubernetes",
      );
      return spec;
    };
    await put(own, "network-policies/prod");
    const spec = await put(foreign, "network-policies/staging");
    const { code, output } = await type("pulumi up --yes");
    assert.notEqual(code, 0);
    assert.match(output, /Taken over from an update that was cut off: argocd\/redis\n/);
    assert.match(output, /argocd\/server.*already exists/s);
    const after = await stored(api);
    assert.deepEqual(after.get(own)?.spec, (await rendered(stack)).get(own)?.spec);
    assert.deepEqual(after.get(foreign)?.spec, spec);
    const known = await recorded(stack);
    assert.ok(known.includes(own) && !known.includes(foreign));
  });
});

const deploymentSchema = z.looseObject({
  resources: z.array(z.looseObject({ type: z.string(), id: z.string().optional(), inputs: z.unknown().optional() })),
  pending_operations: z.array(z.unknown()).default([]),
});
