import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { policyWith } from "../policypack/cases.ts";
import { type Registered, ruleNames } from "../policypack/registration.ts";
import { sample } from "../project.ts";
import { type KubernetesApi, kubernetesApiOf } from "../provider/kubernetes-api.ts";
import { namespaces, policyCount } from "../sample/counts.ts";
import { type Cluster, startCluster } from "../toolchain/cluster.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";
import { openStack, prodStack, type TestStack } from "../toolchain/stack.ts";
import { packConfig, plantedFaults } from "./planted-faults.ts";
import { stored } from "./policies.ts";
import { declare, idOfTheOneBefore, mandatoryRules, recordViolations } from "./policypack-runs.ts";

const mandatory = ruleNames.filter((name) => !["described", "exemptions"].includes(name));
const policyPacks = [join(sample, "policypack")];

describe("The policy pack in the real engine", function () {
  this.timeout("2m");
  let cluster: Cluster;
  let api: KubernetesApi;

  before(async function () {
    this.timeout("45m");
    cluster = await startCluster({ namespaces: [...namespaces, "shop"] });
    api = kubernetesApiOf(cluster.kubeconfig, cluster.context);
  });
  after(() => cluster?.stop());

  describe("stops", () => {
    let stack: TestStack;
    let declared: readonly Registered[] = [];
    const policyPackConfigs = [join(temporaryFolder("pack-config"), "config.json")];

    before(async () => {
      writeFileSync(policyPackConfigs[0] ?? "", JSON.stringify(packConfig));
      stack = await openStack({
        kubeconfig: cluster.kubeconfig,
        program: async () => declare(declared, cluster),
      });
    });
    afterEach(() => stack.destroy());
    after(() => stack?.close());

    for (const [rule, resources] of Object.entries(plantedFaults)) {
      const fault = resources.at(-1)?.name ?? "";

      it(`what ${rule} forbids, in a preview and in an update without one`, async () => {
        declared = resources;
        const { violations, onEvent } = recordViolations();
        await assert.rejects(stack.preview({ policyPacks, policyPackConfigs, onEvent }));
        assert.deepEqual(mandatoryRules(violations), [rule]);
        assert.equal((await stored(api)).size, 0);

        await assert.rejects(stack.up({ policyPacks, policyPackConfigs }));
        const left = [...(await stored(api)).keys()];
        assert.ok(!left.includes(fault), `${fault} is in the API server`);
      });
    }

    it("all that its mandatory rules forbid", () => {
      assert.deepEqual(Object.keys(plantedFaults).sort(), mandatory);
    });

    it("what is only known after an update", async () => {
      declared = [policyWith({}), policyWith(labelledWith(idOfTheOneBefore), { name: "unknown" })];
      const { violations, onEvent } = recordViolations();
      await assert.rejects(stack.preview({ policyPacks, onEvent }));
      assert.deepEqual(mandatoryRules(violations), mandatory);
      for (const { message } of violations) assert.match(message, /cannot be judged before it is known/);
    });

    it("a wrong config, before it judges anything", async () => {
      declared = [policyWith({})];
      const wrong = join(temporaryFolder("pack-config"), "wrong.json");
      writeFileSync(wrong, JSON.stringify({ "no-wide-open": { exemptions: [{ policy: "shop/web" }] } }));
      await assert.rejects(
        stack.preview({ policyPacks, policyPackConfigs: [wrong] }),
        /exemptions\.0: reason is required/,
      );
    });
  });

  describe("lets the project's own program pass", () => {
    let stack: TestStack;
    before(async () => {
      stack = await prodStack(cluster);
    });
    after(() => stack?.close());

    it("in a preview, and says which exemptions apply", async () => {
      const { violations, onEvent } = recordViolations();
      await stack.preview({ policyPacks, onEvent });
      assert.deepEqual(mandatoryRules(violations), []);
      const exempt = violations.filter(({ policyName }) => policyName === "exemptions");
      assert.deepEqual(exempt.map(({ message }) => /\S+ is exempt from \S+:/.exec(message)?.[0]).sort(), [
        "jobs/steps is exempt from no-wide-open:",
      ]);
    });

    it("in an update", async () => {
      await stack.up({ policyPacks });
      assert.equal((await stored(api)).size, policyCount);
    });
  });
});

const labelledWith = (value: string) => ({ endpointSelector: { matchLabels: { app: value } } });
