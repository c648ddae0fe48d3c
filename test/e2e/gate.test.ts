import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { copyOfProject, rewrite, sample } from "../project.ts";
import { type Environment, openEnvironment } from "../toolchain/environment.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";

const violations = z.array(
  z.looseObject({ policyName: z.string(), message: z.string(), enforcementLevel: z.string() }),
);

describe("netpol gate, without a cluster", function () {
  this.timeout("3m");
  let environment: Environment;

  before(async function () {
    this.timeout("45m");
    environment = await openEnvironment("");
  });
  after(() => environment?.close());

  const gate = (folder: string, ...args: string[]) =>
    environment.run(process.execPath, [join(folder, "cli/netpol.js"), "gate", ...args], { cwd: folder });

  /** A copy of the project in which one text of one file is another. */
  function changed(file: string, from: string, to: string): string {
    const folder = copyOfProject();
    rewrite(folder, file, from, to);
    return folder;
  }

  it("lets the project pass, and shows the creation of every policy", async () => {
    const { code, stdout, stderr } = await gate(sample);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /allow-dns/);
    assert.match(stdout, /\+ \d+ to create/);
  });

  it("needs no key to the secrets of the stack", async () => {
    const folder = changed("Pulumi.prod.yaml", "config:\n", "encryptionsalt: v1:b6IA9nQ=:v1:mE3:x\nconfig:\n");
    const { code, stdout, stderr } = await gate(folder);
    assert.equal(code, 0, stdout + stderr);
  });

  it("stops a rule that opens a workload to the world, with code 1 and the rule's name", async () => {
    const folder = changed("cluster/identity.ts", "from(gateway).to(login.https)", "from(world).to(login.https)");
    rewrite(folder, "cluster/identity.ts", "import { from, gateway,", "import { from, world,");
    const { code, stdout, stderr } = await gate(folder, "--output", "json");
    assert.equal(code, 1, stdout + stderr);
    const found = violations
      .parse(JSON.parse(stdout))
      .filter(({ enforcementLevel }) => enforcementLevel === "mandatory");
    assert.ok(
      found.some(({ policyName, message }) => policyName === "no-wide-open" && message.includes("identity/login")),
    );
  });

  it("judges by what the cluster declares now, whatever was generated of it", async () => {
    const folder = changed("cluster/policy-pack.ts", 'policy: "jobs/steps"', 'policy: "jobs/other"');
    const { code, stdout, stderr } = await gate(folder, "--output", "json");
    assert.equal(code, 1, stdout + stderr);
    const mandatory = violations
      .parse(JSON.parse(stdout))
      .filter(({ enforcementLevel }) => enforcementLevel === "mandatory");
    assert.deepEqual(
      mandatory.map(({ policyName }) => policyName),
      ["no-wide-open"],
    );
  });

  it("lets a roll-out be observed with the pack's config for it", async () => {
    const folder = changed(
      "Pulumi.prod.yaml",
      "  network-policies:clusterName: default\n",
      "  network-policies:clusterName: default\n  network-policies:enforcement: observe\n",
    );
    assert.equal((await gate(folder, "--output", "json")).code, 1);
    const { code, stdout, stderr } = await gate(
      folder,
      "--policy-pack-config",
      join(sample, "policypack/rollout.json"),
    );
    assert.equal(code, 0, stdout + stderr);
  });

  it("says what is wrong with the pack or its config, with code 2 and nothing on standard output", async () => {
    const wrong = join(temporaryFolder("pack-config"), "wrong.json");
    writeFileSync(wrong, '{"no-wide-open": {"exemption": []}}');
    const faults: [option: string, file: string, said: RegExp][] = [
      ["--policy-pack-config", wrong, /^The policy pack's config for no-wide-open is wrong:\n/],
      ["--policy-pack", "/nowhere", /^the preview failed: .* open \/nowhere\/PulumiPolicy.yaml: no such file/],
    ];
    for (const [option, file, said] of faults) {
      const { code, stdout, stderr } = await gate(sample, option, file, "-o", "json");
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
      assert.match(stderr, said);
      assert.doesNotMatch(stderr, /^\s+at /m);
    }
  });

  it("says a fault of the program in one line, with code 2", async () => {
    const folder = changed("cluster/argocd.ts", "repoServer.grpc, redis.redis", "repoServer.grcp, redis.redis");
    const { code, stderr } = await gate(folder);
    assert.equal(code, 2);
    assert.match(stderr, /^cluster\/argocd\.ts:\d+: flow argocd\/server → .*no port grcp; did you mean grpc\?\n/);
    assert.doesNotMatch(stderr, /^\s+at /m);
  });
});
