import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { CustomResourcePatch } from "@pulumi/kubernetes/apiextensions/customResourcePatch.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as yaml from "@pulumi/kubernetes/yaml/index.js";
import { dump } from "js-yaml";
import { policyWith, tcp } from "../policypack/cases.ts";
import type { Registered } from "../policypack/registration.ts";
import { repository, sample } from "../project.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";
import { openStack, type TestStack } from "../toolchain/stack.ts";
import { packed } from "./packed.ts";
import { declare as declareAll, mandatoryRules, manifestOf, recordViolations } from "./policypack-runs.ts";

const run = promisify(execFile);

/** What the sample cluster exempts is nothing to another project. */
const foreign = policyWith(
  { egress: [{ toCIDR: ["0.0.0.0/0"], toPorts: tcp("443") }] },
  { name: "steps", namespace: "jobs" },
);

const fault = policyWith({ ingressDeny: [{ fromEntities: ["cluster"] }] });

describe("The policy pack's npm package, in another project", function () {
  this.timeout("2m");
  let stack: TestStack;
  let policyPacks: string[];
  let declare = (): void => register([policyWith({})]);

  before(async function () {
    this.timeout("45m");
    policyPacks = [await installedPack()];
    stack = await openStack({
      kubeconfig: "",
      program: async () => declare(),
    });
  });
  after(() => stack?.close());

  it("lets a compliant policy pass, with no cluster", async () => {
    await stack.preview({ policyPacks });
  });

  it("knows nothing of a cluster, and exempts from nothing what one exempts", async () => {
    for (const pack of policyPacks) assert.ok(!existsSync(join(pack, "cluster.json")));
    declare = () => register([foreign]);
    const { violations, onEvent } = recordViolations();
    await assert.rejects(stack.preview({ policyPacks, onEvent }));
    assert.deepEqual(mandatoryRules(violations), ["no-wide-open"]);
  });

  it("knows a cluster by the file that netpol docs writes for it, as its config", async () => {
    declare = () => register([foreign]);
    const policyPackConfigs = [join(sample, "policypack/cluster.json")];
    const { violations, onEvent } = recordViolations();
    await stack.preview({ policyPacks, policyPackConfigs, onEvent });
    assert.deepEqual(
      violations.map(({ policyName }) => policyName),
      ["exemptions"],
    );
  });

  const forms: Record<string, () => void> = {
    "a custom resource": () => register([fault]),
    "a patch": () => new CustomResourcePatch("web", manifestOf(fault), { provider: provider() }),
    "a child of a group of objects": () =>
      new yaml.ConfigGroup("group", { objs: [manifestOf(fault)] }, { provider: provider() }),
    "a child of a group of YAML": () => new yaml.ConfigGroup("group", { yaml: manifest() }, { provider: provider() }),
    "in a YAML file": () => new yaml.ConfigFile("file", { file: manifestFile() }, { provider: provider() }),
    "in a YAML file, applied by the default provider": () => new yaml.ConfigFile("file", { file: manifestFile() }),
  };
  for (const [form, declareIt] of Object.entries(forms)) {
    it(`stops a policy with a fault that is ${form}, with no cluster`, async () => {
      declare = declareIt;
      const { violations, onEvent } = recordViolations();
      await assert.rejects(stack.preview({ policyPacks, onEvent }));
      assert.deepEqual(mandatoryRules(violations), ["ingress-deny-world-only"]);
    });
  }
});

const manifest = (): string => dump(manifestOf(fault));
function manifestFile(): string {
  const file = join(temporaryFolder("manifest"), "policy.yaml");
  writeFileSync(file, manifest());
  return file;
}
const provider = () => new Provider("cluster", { kubeconfig: "" });
const register = (resources: readonly Registered[]): void => declareAll(resources, { kubeconfig: "" });

/** The pack of the package as npm installs it, but with this repository's copies of its dependencies. */
async function installedPack(): Promise<string> {
  const modules = join(temporaryFolder("project"), "node_modules");
  const installed = join(modules, "cilium-network-policies");
  mkdirSync(installed, { recursive: true });
  for (const name of readdirSync(join(repository, "node_modules"))) {
    symlinkSync(join(repository, "node_modules", name), join(modules, name));
  }
  await run("tar", ["--extract", "--file", await packed(), "--directory", installed, "--strip-components=1"]);
  return join(installed, "policypack");
}
