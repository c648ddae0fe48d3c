import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { policyWith } from "../policypack/cases.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";
import { openStack, type TestStack } from "../toolchain/stack.ts";
import { declare, mandatoryRules, recordViolations } from "./policypack-runs.ts";

const repository = join(import.meta.dirname, "../..");
const run = promisify(execFile);

describe("The policy pack's npm package, in another project", function () {
  this.timeout("2m");
  let stack: TestStack;
  let policyPacks: string[];
  let declared = [policyWith({})];

  before(async () => {
    policyPacks = [await installedPack()];
    stack = await openStack({
      kubeconfig: "",
      program: async () => declare(declared, { kubeconfig: "" }),
    });
  });
  after(() => stack?.close());

  it("lets a compliant policy pass, with no cluster", async () => {
    await stack.preview({ policyPacks });
  });

  it("stops a policy with a fault, with no cluster", async () => {
    declared = [policyWith({ ingressDeny: [{ fromEntities: ["cluster"] }] })];
    const { violations, onEvent } = recordViolations();
    await assert.rejects(stack.preview({ policyPacks, onEvent }));
    assert.deepEqual(mandatoryRules(violations), ["ingress-deny-world-only"]);
  });
});

/** The package as npm installs it, but with this repository's copies of its dependencies. */
async function installedPack(): Promise<string> {
  const modules = join(temporaryFolder("project"), "node_modules");
  const pack = join(modules, "cilium-network-policy-pack");
  mkdirSync(pack, { recursive: true });
  for (const name of readdirSync(join(repository, "node_modules"))) {
    symlinkSync(join(repository, "node_modules", name), join(modules, name));
  }
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", modules], {
    cwd: join(repository, "policypack"),
  });
  const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf("[")));
  await run("tar", ["--extract", "--file", join(modules, filename), "--directory", pack, "--strip-components=1"]);
  return pack;
}
