import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { flow, line, outside, pod } from "../cilium/hubble/recorded.ts";
import { repository } from "../project.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";
import { folderOf, shopPods, shopPolicies } from "./folder.ts";
import { netpolHere } from "./here.ts";
import { install } from "./installed.ts";

describe("netpol init", () => {
  const folder = folderOf({ "policies.yaml": shopPolicies, "pods.yaml": shopPods });
  const from = ["--from", "policies.yaml", "--inventory", "pods.yaml"];

  describe("for a shop", () => {
    const project = join(folder, "shop-policies");
    let said: string;
    before(() => {
      const { code, stdout, stderr } = netpolHere(folder, "init", "shop-policies", ...from);
      assert.equal(code, 0, stdout + stderr);
      said = stdout;
      install(project);
    });

    it("says what it wrote, and that nothing changes", () => {
      assert.match(said, /^shop-policies is written: the 3 policies of policies.yaml as/);
      assert.match(said, /Nothing changes: no connection between 4 pods/);
      assert.match(said, /takes over 3 policies in place, creates 0, and leaves 0 to be deleted/);
    });

    it("writes a project in which every command works at once", () => {
      for (const [command, code, what] of [
        ["check", 0, /0 errors/],
        ["list", 0, /shop\/api +shop\/db +5432/],
        ["docs --check", 0, /^$/],
        ["test expectations.yaml", 0, /expectations hold/],
        ["map -o -", 0, /shop/],
      ] as const) {
        const ended = netpolHere(project, ...command.split(" "));
        assert.equal(ended.code, code, command + ended.stdout + ended.stderr);
        assert.match(ended.stdout, what, command);
      }
    });

    it("renders the same verdicts, whoever asks", () => {
      const rendered = netpolHere(project, "render");
      assert.equal(rendered.code, 0, rendered.stderr);
      writeFileSync(join(folder, "rendered.yaml"), rendered.stdout);
      const { stdout } = netpolHere(folder, "diff", "policies.yaml", "rendered.yaml", "--inventory", "pods.yaml");
      assert.match(stdout, /^policies.yaml → rendered.yaml: no difference\n/);
    });

    it("says with an example that a name of a port becomes the number that today's pods give it", () => {
      assert.match(
        said,
        /For pods that could exist[\s\S]*shop\/source → shop\/destination:\d+\/TCP is allowed today, and then denied/,
      );
      assert.match(said, /where shop\/destination has the labels app=db, the name sql for port \d+\/TCP/);
    });
  });

  it("overwrites nothing, and leaves nothing half-written", () => {
    const full = temporaryFolder("full");
    writeFileSync(join(full, "policies.yaml"), shopPolicies);
    writeFileSync(join(full, "pods.yaml"), shopPods);
    mkdirSync(join(full, "there"));
    writeFileSync(join(full, "there/README.md"), "mine");
    const ended = netpolHere(full, "init", "there", ...from);
    assert.equal(ended.code, 2);
    assert.match(ended.stderr, /^there has README.md already, and nothing is overwritten; name another folder\n$/);
    assert.deepEqual(readdirSync(full).sort(), ["pods.yaml", "policies.yaml", "there"]);
    assert.deepEqual(readdirSync(join(full, "there")), ["README.md"]);
  });

  it("writes into a folder that has other things in it, such as a repository", () => {
    const other = temporaryFolder("repository");
    mkdirSync(join(other, ".git"));
    const { code, stderr } = netpolHere(folder, "init", other, ...from);
    assert.equal(code, 0, stderr);
    assert.ok(existsSync(join(other, ".git")));
  });

  it("takes the package from where it is told, else from the checkout that runs, and says what makes it there", () => {
    const dependency = (name: string): string =>
      JSON.parse(readFileSync(join(folder, name, "package.json"), "utf8")).dependencies["cilium-network-policies"];
    const archive = "cilium-network-policies-0.1.0.tgz";
    const own = netpolHere(folder, "init", "own", ...from);
    assert.ok(
      own.stdout.includes(`\nNext: (cd ${repository} && npm pack) && cd own && npm install && npx netpol check\n`),
    );
    assert.equal(resolve(folder, "own", dependency("own").replace("file:", "")), join(repository, archive));
    const told = netpolHere(folder, "init", "told", ...from, "--package", "^0.1.0");
    assert.match(told.stdout, /^Next: cd told && npm install && npx netpol check$/m);
    assert.equal(dependency("told"), "^0.1.0");
    const mistyped = netpolHere(folder, "init", "mistyped", ...from, "--package", `./${archive}`);
    assert.deepEqual([mistyped.code, mistyped.stderr], [2, `there is no file or folder ./${archive}\n`]);
  });

  it("leaves the project open to whom the user lets read new folders", () => {
    const { code, stderr } = netpolHere(folder, "init", "open", ...from);
    assert.equal(code, 0, stderr);
    assert.equal(statSync(join(folder, "open")).mode & 0o777, 0o777 & ~process.umask());
  });

  it("writes flows of recorded traffic, of workloads that deny nothing yet", () => {
    const end = (name: string, number: number) => pod({ namespace: "shop", name, labels: { app: name } }, number);
    const [web, api, slack] = [end("web", 1), end("api", 2), "203.0.113.9"];
    const events = [
      flow(web, api, 9000),
      flow(web, outside(slack), 443, { more: { destination_names: ["hooks.slack.com"] } }),
      flow(outside("198.51.100.7"), web, 8080),
    ];
    writeFileSync(join(folder, "flows.json"), events.map((event) => `${line(event)}\n`).join(""));
    const { code, stdout, stderr } = netpolHere(folder, "init", "seen", "--flows", "flows.json");
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^Nothing changes[^\n]*, which is proved for every pod that could exist$/m);
    const text = readFileSync(join(folder, "seen/cluster/shop.ts"), "utf8");
    assert.match(text, /shop\.workload\("web", \{\n {2}labels: \{ app: "web" \},\n {2}defaultDeny: "none",\n\}\)/);
    assert.match(text, /from\(web\)\.to\(api\.on\(9000\), fqdn\("hooks\.slack\.com"\)\.on\(443\)\)/);
    assert.doesNotMatch(text, /8080/);
    install(join(folder, "seen"));
    const held = netpolHere(join(folder, "seen"), "test", "expectations.yaml");
    assert.equal(held.code, 0, held.stdout + held.stderr);
  });

  it("writes expectations that hold, however long the names of pods are that nobody declares", () => {
    const labels = Object.fromEntries(
      ["name", "instance", "component"].map((key) => [`app.kubernetes.io/${key}`, "long-name"]),
    );
    const policy = {
      apiVersion: "cilium.io/v2",
      kind: "CiliumNetworkPolicy",
      metadata: { name: "web", namespace: "shop" },
      spec: {
        endpointSelector: { matchLabels: { app: "web" } },
        egress: [{ toEndpoints: [{ matchLabels: { ...labels, "k8s:io.kubernetes.pod.namespace": "warehouse" } }] }],
      },
    };
    writeFileSync(join(folder, "long.yaml"), JSON.stringify(policy));
    assert.equal(netpolHere(folder, "init", "long", "--from", "long.yaml").code, 0);
    install(join(folder, "long"));
    const { code, stdout, stderr } = netpolHere(join(folder, "long"), "test", "expectations.yaml");
    assert.equal(code, 0, stdout + stderr);
    assert.match(readFileSync(join(folder, "long/expectations.yaml"), "utf8"), /to: "warehouse\//);
  });

  it("has to be told what to bring in", () => {
    const { code, stderr } = netpolHere(folder, "init", "nothing");
    assert.equal(code, 2);
    assert.match(stderr, /^name the policies to bring in: --from PATH or --context NAME; or traffic: --flows FILE\n$/);
  });
});
