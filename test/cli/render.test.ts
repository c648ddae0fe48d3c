import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadAll } from "js-yaml";
import { policyName } from "../../cilium/policy/parts.ts";
import { copyOfProject, sample } from "../project.ts";
import { renderedPolicies } from "../rendered.ts";
import { policyCount } from "../sample/counts.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";
import { netpol } from "./command.ts";

const documents = (yaml: string): unknown[] => loadAll(yaml);

describe("netpol render", () => {
  it("prints all policies as a YAML stream and nothing else", () => {
    const { code, stdout, stderr } = netpol(sample, "render");
    assert.equal(code, 0);
    assert.equal(stderr, "");
    assert.deepEqual(documents(stdout), JSON.parse(JSON.stringify(renderedPolicies())));
    assert.equal(documents(stdout).length, policyCount);
  });

  it("prints the same bytes for the same input, with nothing that refers to another part of the stream", () => {
    const { stdout } = netpol(sample, "render");
    assert.equal(netpol(sample, "render").stdout, stdout);
    assert.doesNotMatch(stdout, /^\s*- \*|: [*&]a\d/m);
  });

  it("writes one file for each policy, by namespace", () => {
    const folder = join(temporaryFolder("render"), "manifests");
    const { code, stdout } = netpol(sample, "render", "--output-dir", folder);
    assert.equal(code, 0);
    assert.equal(stdout, "");
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".yaml"));
    assert.deepEqual(
      files.sort(),
      renderedPolicies()
        .map((policy) => `${policyName(policy)}.yaml`)
        .sort(),
    );
    const [server] = documents(readFileSync(join(folder, "argocd/server.yaml"), "utf8"));
    const rendered = renderedPolicies().find((policy) => policyName(policy) === "argocd/server");
    assert.deepEqual(server, JSON.parse(JSON.stringify(rendered)));
  });

  it("removes the files that it wrote for policies that are gone, says so, and leaves all others alone", () => {
    const folder = temporaryFolder("render");
    netpol(sample, "render", "--output-dir", folder);
    const server = readFileSync(join(folder, "argocd/server.yaml"), "utf8");
    const stale = server.replaceAll("argocd", "gone").replace("name: server", "name: old");
    mkdirSync(join(folder, "gone/deeper"), { recursive: true });
    mkdirSync(join(folder, "alone"));
    const foreign: Record<string, string> = {
      "gone/mine.yaml": stale,
      "gone/deeper/old.yaml": stale,
      "gone/notes.yaml": "hosts: [old]\n",
      "gone/broken.yaml": "a: [",
      "argocd/lab.yaml": server
        .replace("name: server", "name: lab")
        .replace(/stack: .*prod/, "stack: network-policies/lab"),
      "argocd/kubectl.yaml": server.replace("name: server", "name: kubectl").replace(/annotations:\n( {4}.*\n)+/, ""),
    };
    for (const [file, text] of Object.entries(foreign)) writeFileSync(join(folder, file), text);
    writeFileSync(join(folder, "gone/old.yaml"), stale);
    writeFileSync(join(folder, "alone/old.yaml"), stale.replaceAll("gone", "alone"));
    const { code, stderr } = netpol(sample, "render", "--output-dir", folder);
    assert.equal(code, 0);
    assert.deepEqual(stderr.split("\n").sort().filter(Boolean), [
      `${policyCount} policies in ${folder}`,
      ...["alone/old.yaml", "gone/old.yaml"].map(
        (file) => `note: ${join(folder, file)} is removed: network-policies/prod has no such policy any more`,
      ),
    ]);
    const left = readdirSync(folder, { recursive: true, encoding: "utf8" });
    assert.deepEqual(
      left.filter((file) => file.endsWith(".yaml")).sort(),
      [...renderedPolicies().map((policy) => `${policyName(policy)}.yaml`), ...Object.keys(foreign)].sort(),
    );
    assert.ok(!left.includes("alone"));
  });

  it("reads the config of the stack that it is told", () => {
    const folder = copyOfProject();
    writeFileSync(join(folder, "Pulumi.lab.yaml"), "config:\n  network-policies:apiServerPort: 16443\n");
    const { stdout } = netpol(folder, "render", "--stack", "lab");
    assert.ok(stdout.includes('"16443"') && !stdout.includes('"6443"'));
    assert.ok(stdout.includes("network-policies/stack: network-policies/lab"));
  });

  const refused: [title: string, stackFile: string | undefined, stack: string, expected: RegExp][] = [
    ["a stack that does not exist", undefined, "prdo", /^there is no stack prdo .*did you mean prod\?\n$/],
    ["a stack file that is no YAML", "config: [", "lab", /^\S+Pulumi\.lab\.yaml cannot be read: .*\n$/],
    [
      "an encrypted value",
      "config:\n  network-policies:context:\n    secure: v1:x\n",
      "lab",
      /^Pulumi\.lab\.yaml: .* is encrypted/,
    ],
    [
      "an unknown key",
      "config:\n  network-policies:port: 1\n",
      "lab",
      /^config network-policies:port: there is no such key.*\n$/,
    ],
  ];
  for (const [title, stackFile, stack, expected] of refused) {
    it(`refuses ${title} in one line, with code 2 and no output`, () => {
      const folder = copyOfProject();
      if (stackFile !== undefined) writeFileSync(join(folder, `Pulumi.${stack}.yaml`), stackFile);
      const { code, stdout, stderr } = netpol(folder, "render", "--stack", stack);
      assert.equal(code, 2);
      assert.equal(stdout, "");
      assert.match(stderr, expected);
      assert.equal(stderr.trim().split("\n").length, 1);
    });
  }

  it("says where it cannot write", () => {
    const file = join(temporaryFolder("render"), "taken");
    writeFileSync(file, "");
    const { code, stderr } = netpol(sample, "render", "--output-dir", file);
    assert.equal(code, 2);
    assert.match(stderr, /^cannot write to .*taken: .*\n$/);
  });
});
