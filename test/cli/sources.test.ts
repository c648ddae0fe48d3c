import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, symlinkSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadAll } from "js-yaml";
import { compileCache, copyOfProject, sample } from "../project.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";
import { netpol, netpolWith } from "./command.ts";
import { folderOf, shopPods, shopPolicies, shopPolicy } from "./folder.ts";
import { netpolHere } from "./here.ts";

const policies = shopPolicies + shopPods;
const allowedInShop = "shop/api → shop/db:5432/TCP is allowed";
const askShop = ["explain", "shop/api", "shop/db", "5432"];

/** Without the escapes of JSON and the line breaks of YAML. */
const asOneLine = (text: string): string => text.replaceAll("\\", "").replaceAll(/\s+/g, " ");

const gitIn = (folder: string, ...args: string[]) =>
  execFileSync("git", ["-c", "user.name=test", "-c", "user.email=test@example.com", ...args], { cwd: folder });

describe("sources of policies", function () {
  // Many answers take several commands.
  this.timeout(60_000);

  describe("--from", () => {
    it("reads all YAML and JSON files below a folder, whatever else lies there", () => {
      const asJson = JSON.stringify(loadAll(shopPods)[2]);
      const folder = folderOf({
        "deep/er/policies.yml": shopPolicies,
        "pods/api.json": asJson,
        "pods/others.yaml": shopPods,
        "README.md": "kind: [",
        "node_modules/package/manifest.yaml": "kind: [",
      });
      const { code, stdout, stderr } = netpol(sample, ...askShop, "--from", folder);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
      assert.ok(stdout.startsWith(allowedInShop), stdout);
    });

    it("reads standard input, and the items of Lists as kubectl prints them", () => {
      const items = loadAll(policies);
      const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
      const { code, stdout } = netpolWith({ input: list }, sample, ...askShop, "--from", "-");
      assert.equal(code, 0);
      assert.ok(stdout.startsWith(allowedInShop), stdout);
    });

    it("leaves out foreign documents, and counts them by what they are", () => {
      const foreign = `${policies}---
apiVersion: v1
kind: Secret
metadata: {name: web}
---
apiVersion: v1
kind: Secret
metadata: {name: api}
---
values: 1
`;
      const { code, stdout, stderr } = netpolWith({ input: foreign }, sample, ...askShop, "--from", "-");
      assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
      assert.match(stdout, /^Rests on 3 CiliumNetworkPolicy, 5 Pod, 1 Namespace, 2 Node; not known: Service, /m);
      assert.match(stdout, /^Left out 2 \(another kind: 2 Secret\)$/m);
      assert.match(stdout, /^Left out 1 \(no Kubernetes object\): standard input, document 14$/m);
    });

    it("judges the other policies where one is broken or refused, and says so in every format", () => {
      const folder = folderOf({
        "good.yaml": policies,
        "field.yaml": shopPolicy("web-2", "egres: [{}]"),
        "refused.yaml": shopPolicy("web-3", 'ingress: [{fromEntities: [world], fromCIDR: ["192.0.2.0/24"]}]'),
        "kind.yaml": shopPolicy("web-4", "ingress: [{}]").replace("CiliumNetworkPolicy", "CiliumNetworkPolcy"),
        "torn.yaml": `${shopPolicy("web-5", "ingress: [{}]")}  - [\n`,
      });
      const said = [
        /field\.yaml: CiliumNetworkPolicy shop\/web-2: spec: there is no field egres/,
        /refused\.yaml: CiliumNetworkPolicy shop\/web-3: Cilium refuses it, so it is not enforced: ingress\[0\]: combining/,
        /kind\.yaml: CiliumNetworkPolcy shop\/web-4: there is no kind CiliumNetworkPolcy in cilium\.io; did you mean CiliumNetworkPolicy\?/,
        /torn\.yaml, line \d+: CiliumNetworkPolicy shop\/web-5: no valid YAML: /,
      ];
      for (const format of ["table", "json", "yaml", "md", "dot"]) {
        const { code, stdout } = netpol(sample, "list", "--from", folder, "-o", format);
        assert.equal(code, 0, format);
        assert.match(stdout, /shop\/api/, format);
        for (const line of said) assert.match(asOneLine(stdout), line, format);
      }
      const { stdout } = netpol(sample, "check", "--from", folder, "-o", "csv");
      for (const line of said.slice(0, 2)) assert.match(stdout, new RegExp(line.source.replace(/: .*/, "")));
    });

    it("does not decide where a broken policy may say otherwise, and does everywhere else", () => {
      const folder = folderOf({ "good.yaml": policies, "bad.yaml": shopPolicy("db", "egres: [{}]") });
      const doubtful = netpol(sample, ...askShop, "--from", folder);
      assert.equal(doubtful.code, 2);
      assert.match(doubtful.stdout, /^shop\/api → shop\/db:5432\/TCP is not decidable/);
      assert.match(doubtful.stdout, /bad\.yaml: CiliumNetworkPolicy shop\/db: spec: there is no field egres/);
      const certain = netpol(sample, "explain", "shop/web", "shop/api", "9000", "--from", folder);
      assert.equal(certain.code, 0);
      assert.match(certain.stdout, /^shop\/web-7d4b9-aaaaa → shop\/api:9000\/TCP is allowed\n/);
    });

    it("makes it an error, with --strict, that anything is left out or broken", () => {
      const folder = folderOf({ "good.yaml": policies, "home.yaml": "password: !secret wifi\n" });
      const { code, stdout, stderr } = netpol(sample, "list", "--from", folder, "--strict");
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
      assert.match(stderr, /^.*home\.yaml: YAML tags of another program: !secret\n$/);
    });

    it("passes over what --exclude names, hidden folders and node_modules, and follows a link once", () => {
      const broken = "kind: [";
      const folder = folderOf({
        "shop/all.yaml": policies,
        "old/a.yaml": broken,
        "deep/er/values.yaml": broken,
        ".github/workflow.yaml": broken,
        "node_modules/package/manifest.yaml": broken,
      });
      symlinkSync(join(folder, "shop"), join(folder, "alias"));
      symlinkSync(folder, join(folder, "shop/loop"));
      const { code, stdout } = netpol(
        sample,
        ...["list", "--from", folder, "--strict", "--exclude", "old", "--exclude", "values.yaml", "-o", "json"],
      );
      assert.equal(code, 0);
      assert.equal(JSON.parse(stdout).basis.read.CiliumNetworkPolicy, 3);
      const asNamed = ["--exclude", join(folder, "old"), "--exclude", join(folder, "deep/er/values.yaml")];
      assert.equal(netpol(sample, "list", "--from", folder, "--strict", ...asNamed).code, 0);
    });

    it("refuses an answer for a policy of which there are two versions, and names the clusters", () => {
      const folder = folderOf({
        "pods.yaml": shopPods,
        "clusters/blue/all.yaml": shopPolicies,
        "clusters/green/all.yaml": shopPolicies.replace('port: "9000"', 'port: "9001"'),
      });
      const { code, stdout, stderr } = netpol(sample, "list", "--from", folder);
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
      assert.match(stderr, /^CiliumNetworkPolicy shop\/web stands differently in \S+blue\/all\.yaml, document 1 and /);
      assert.match(
        stderr,
        /look like clusters of their own: \S+clusters\/blue, \S+clusters\/green; name one with --from/,
      );
      const one = netpol(sample, "list", "--from", folder, "--exclude", "clusters/green");
      assert.equal(one.code, 0);
      assert.match(one.stdout, /^shop\/api +shop\/db +5432/m);
    });

    it("judges policies without pods against nothing, and says what to name", () => {
      const rendered = netpol(sample, "render").stdout;
      const { code, stdout, stderr } = netpolWith({ input: rendered }, sample, "list", "-f", "-");
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
      assert.match(stderr, /^standard input holds no Pods and no workloads .*--inventory.*\n$/);
      const pods = folderOf({ "pods.yaml": netpol(sample, "inventory").stdout });
      const expected = folderOf({
        "expectations.yaml": "- {from: argocd/repo-server, to: argocd/redis, port: 6379, expect: allow}",
      });
      const args = ["test", join(expected, "expectations.yaml"), "-f", "-", "--inventory", pods];
      assert.equal(netpolWith({ input: rendered }, sample, ...args).code, 0);
    });

    it("reads another revision of a folder with --git, and compares it by git:REF", () => {
      const folder = folderOf({ "shop/pods.yaml": shopPods, "shop/policies.yaml": shopPolicies });
      const git = (...args: string[]) => gitIn(folder, ...args);
      git("init", "--quiet", "--initial-branch=main");
      git("commit", "--quiet", "--allow-empty", "--message=nothing yet");
      git("tag", "nothing");
      git("add", "--all");
      git("commit", "--quiet", "--message=shop");
      const shop = join(folder, "shop");
      writeFileSync(join(shop, "policies.yaml"), shopPolicies.replaceAll('"9000"', '"9001"'));
      const ask = (...more: string[]) =>
        netpol(sample, "explain", "shop/web", "shop/api", "9000", "--from", shop, ...more).stdout.split("\n")[0];
      assert.match(ask() ?? "", /is denied$/);
      assert.match(ask("--git", "main") ?? "", /is allowed$/);
      const changed = netpol(sample, "diff", "git:main", shop);
      assert.equal(changed.code, 1, changed.stderr);
      assert.match(changed.stdout, /^- shop\/web can no longer reach shop\/api:9000$/m);
      assert.match(changed.stdout, /^\+ shop\/web can now reach shop\/api:9001$/m);
      const first = netpol(sample, "diff", "git:nothing", shop);
      assert.equal(first.code, 1, first.stderr);
      assert.match(first.stdout, /3 workloads enter default deny/);
    });
  });

  it("--inventory reads the workloads that netpol inventory prints, and answers the same", () => {
    const folder = folderOf({ "pods.yaml": netpol(sample, "inventory").stdout });
    const direct = netpol(sample, "list", "--output", "csv").stdout;
    assert.equal(netpol(sample, "list", "-o", "csv", "--inventory", join(folder, "pods.yaml")).stdout, direct);
    assert.ok(direct.split("\n").length > 100);
  });

  describe("--git", function () {
    // Each answer runs three commands: this one, and two of the revision.
    this.timeout(120_000);

    let project: string;
    const git = (...args: string[]) => gitIn(project, ...args);

    before(() => {
      project = copyOfProject();
      git("init", "--quiet", "--initial-branch=main");
      git("add", "--all", "--", ":!node_modules");
      git("commit", "--quiet", "--message=before");
      const file = join(project, "cluster/argocd.ts");
      const before = readFileSync(file, "utf8");
      const after = before.replace("redis: tcp(6379)", "redis: tcp(6380)");
      assert.notEqual(after, before);
      writeFileSync(file, after);
    });

    const redis = (port: string, ...more: string[]) =>
      netpol(project, "explain", "argocd/server", "argocd/redis", port, ...more).stdout.split("\n")[0];

    it("answers as the program of that revision would, not as the files say now", () => {
      assert.equal(redis("6379"), "argocd/server → argocd/redis:6379/TCP is denied");
      assert.equal(redis("6379", "--git", "main"), "argocd/server → argocd/redis:6379/TCP is allowed");
      assert.equal(redis("6380", "--git", "HEAD"), "argocd/server → argocd/redis:6380/TCP is denied");
    });

    it("leaves nothing behind: neither files nor a changed index or worktree", () => {
      const scratch = temporaryFolder("scratch");
      const state = () => [git("status", "--porcelain"), git("worktree", "list")].join("\n");
      const before = state();
      assert.equal(netpolWith({ env: { TMPDIR: scratch } }, project, "list", "--git", "main").code, 0);
      assert.deepEqual(readdirSync(scratch), []);
      assert.equal(state(), before);
    });

    it("leaves nothing behind when it is interrupted", async () => {
      const scratch = temporaryFolder("scratch");
      const watcher = watch(scratch, { persistent: false });
      const created = once(watcher, "change");
      const command = spawn(process.execPath, [join(project, "cli/netpol.js"), "list", "--git", "main"], {
        cwd: project,
        env: { ...process.env, NODE_COMPILE_CACHE: compileCache, TMPDIR: scratch },
        stdio: "ignore",
      });
      await created;
      watcher.close();
      assert.equal(readdirSync(scratch).length, 1);
      command.kill("SIGTERM");
      const [code] = await once(command, "exit");
      assert.equal(code, 128 + 15);
      assert.deepEqual(readdirSync(scratch), []);
    });

    it("names the nearest revision for one that does not exist", () => {
      const { code, stderr } = netpol(project, "list", "--git", "mian");
      assert.deepEqual({ code, stderr }, { code: 2, stderr: "there is no Git revision mian; did you mean main?\n" });
    });

    it("passes on why a revision's program cannot render", () => {
      const { code, stderr } = netpol(project, "list", "--git", "main", "--stack", "dev");
      assert.equal(code, 2);
      assert.match(
        stderr,
        /^the program at main cannot say netpol (render|inventory) --stack dev: there is no stack dev .*\n$/,
      );
    });
  });
});

describe("bad input ends with 2 and one clear line", () => {
  const files = folderOf({
    "tab.yaml": "kind: x\n\tmetadata: 1",
    "second.yaml": `${shopPolicies}---\nkind: [\n`,
    "kind.yaml": `---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolcy\nmetadata: {name: web}\n`,
    "field.yaml": shopPolicies.replace("egress: [{}]", "egres: [{}]"),
    "refused.yaml": shopPolicy("web", 'ingress: [{fromEntities: [world], fromCIDR: ["192.0.2.0/24"]}]'),
    "foreign.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n",
    "policies.yaml": shopPolicies,
    "pods.yaml": shopPods,
    "pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {namespace: shop}\n",
    "kubeconfig.yaml": "apiVersion: v1\nkind: Config\nclusters: [",
    "elsewhere.yaml": `apiVersion: v1
kind: Config
clusters: [{name: elsewhere, cluster: {server: "https://127.0.0.1:2"}}]
contexts: [{name: elsewhere, context: {cluster: elsewhere, user: somebody}}]
users: [{name: somebody, user: {token: secret}}]
`,
    "empty/notes.txt": "",
  });
  const file = (name: string) => join(files, name);

  const cases: readonly (readonly [about: string, args: readonly string[], said: RegExp])[] = [
    ["malformed YAML", ["list", "-f", file("tab.yaml")], /tab\.yaml, line 2: no valid YAML: tab characters/],
    ["malformed YAML in a later document", ["list", "-f", file("second.yaml")], /second\.yaml, document 4, line \d+: /],
    [
      "a kind that Cilium does not have",
      ["list", "-f", file("kind.yaml")],
      /there is no kind CiliumNetworkPolcy in cilium\.io; did you mean CiliumNetworkPolicy/,
    ],
    [
      "a field that policies do not have",
      ["list", "-f", file("field.yaml")],
      /field\.yaml, document 3: CiliumNetworkPolicy shop\/db: spec: there is no field egres/,
    ],
    [
      "a policy that Cilium refuses",
      ["list", "-f", file("refused.yaml")],
      /refused\.yaml: CiliumNetworkPolicy shop\/web: Cilium refuses it, so it is not enforced: ingress\[0\]: combining/,
    ],
    [
      "no policy among the documents",
      ["list", "-f", file("foreign.yaml")],
      /foreign\.yaml holds no CiliumNetworkPolicy/,
    ],
    ["a file that is not there", ["list", "-f", file("nowhere.yaml")], /there is no file or folder .*nowhere\.yaml/],
    ["a folder instead of a file", ["test", file("empty")], /empty cannot be read: it is a folder\n/],
    [
      "a folder that what is written is to replace",
      ["map", "-o", file("empty")],
      /cannot write .*empty: it is a folder\n/,
    ],
    [
      "two folders without manifests",
      ["prove", "equal", file("empty"), file("empty")],
      /neither .*empty nor .*empty holds a \.yaml, \.yml or \.json file/,
    ],
    ["a folder without manifests", ["list", "-f", file("empty")], /empty holds no \.yaml, \.yml or \.json file/],
    ["an inventory without pods", ["list", "--inventory", file("foreign.yaml")], /foreign\.yaml holds no Pod/],
    [
      "a pod without a name",
      ["list", "--inventory", file("pod.yaml")],
      /pod\.yaml: Pod without a name: metadata\.name: /,
    ],
    ["an unknown workload", ["exposure", "argocd/sever"], /no workload.* argocd\/sever; did you mean argocd\/server/],
    [
      "a namespace as an end",
      ["exposure", "argocd"],
      /; argocd is a namespace: name something in it, such as argocd\/server/,
    ],
    ["rows of nobody", ["list", "--to-namespace", "argcd"], /no pod is in a namespace argcd; did you mean argocd\?/],
    [
      "columns of nobody",
      ["matrix", "--from-namespace", "argcd"],
      /no pod is in a namespace argcd; did you mean argocd\?/,
    ],
    [
      "a namespace for objects that nobody reads",
      ["list", "--namespace", "argocd"],
      /--namespace is that of objects that name none, .*; flows of a namespace: --from-namespace, --to-namespace/,
    ],
    ["files to pass over where none are read", ["check", "--exclude", "*.yaml"], /--exclude is for files of objects/],
    ["an end that is no workload", ["exposure", "world"], /world is no workload/],
    ["a port that is none", ["explain", "world", "argocd/server", "http"], /http is no port/],
    ["a stack that does not exist", ["list", "-s", "dev"], /there is no stack dev .*stacks: prod/],
    ["two sources at once", ["list", "--context", "main", "--from", "x"], /cannot be used with option/],
    ["an unknown option", ["list", "--form", "x"], /unknown option '--form'[\s\S]*\(netpol list --help says more\)/],
    ["an unknown output", ["list", "-o", "xml"], /'xml' is invalid\. Allowed choices are table, json/],
    ["a missing argument", ["explain", "world"], /missing required argument 'to'/],
    ["a command that does not exist", ["lst"], /unknown command 'lst'/],
  ];

  for (const [about, args, said] of cases) {
    it(about, () => assertFailure(netpol(sample, ...args), said));
  }

  it("a Git revision that does not exist", () => {
    const project = copyOfProject();
    execFileSync("git", ["init", "--quiet"], { cwd: project });
    assertFailure(netpol(project, "list", "--git", "no-such-ref"), /there is no Git revision no-such-ref/);
  });

  it("a branch that only the remote has, as in a checkout of CI", () => {
    const project = copyOfProject();
    gitIn(project, "init", "--quiet");
    gitIn(project, "commit", "--quiet", "--allow-empty", "--message=before");
    gitIn(project, "update-ref", "refs/remotes/origin/trunk", "HEAD");
    assertFailure(
      netpol(project, "list", "--git", "trunk"),
      /there is no Git revision trunk; did you mean origin\/trunk\?/,
    );
  });

  it("a repository that belongs to somebody else", () => {
    const project = copyOfProject();
    gitIn(project, "init", "--quiet");
    assertFailure(
      netpolWith({ env: { GIT_TEST_ASSUME_DIFFERENT_OWNER: "1" } }, project, "list", "--git", "main"),
      /dubious ownership .* git config --global --add safe\.directory /,
    );
  });

  it("no project", () => {
    const nowhere = temporaryFolder("nowhere");
    for (const [args, said] of [
      [["list"], /is in no project .*; run it in one, or name policies with --from or --context\n/],
      [
        ["diff", "program", "live"],
        /is in no project .*; run it in one, or name another side, such as a folder or context:NAME\n/,
      ],
      [["gate"], /is in no project \([^)]*\); run it in one\n/],
    ] as const) {
      assertFailure(netpolHere(nowhere, ...args), said);
    }
  });

  for (const [about, kubeconfig, said] of [
    [
      "a kubeconfig that is not there",
      "nowhere",
      /the kubeconfig .*nowhere cannot be read: there is no such file or folder/,
    ],
    ["a kubeconfig that is no YAML", "kubeconfig.yaml", /the kubeconfig .*kubeconfig\.yaml cannot be read: /],
  ] as const) {
    it(about, () => assertFailure(inContext("prod", file(kubeconfig)), said));
  }

  it("no kubeconfig at all", () => {
    const env = { HOME: temporaryFolder("home"), KUBECONFIG: "" };
    assertFailure(
      netpolWith({ env }, sample, "list", "--context", "prod"),
      /^there is no kubeconfig ~\/\.kube\/config\n$/,
    );
  });

  it("a context that the kubeconfig does not have", () => {
    assertFailure(inContext("elswhere", file("elsewhere.yaml")), /has no context elswhere; did you mean elsewhere\?/);
  });

  it("an API server that does not answer", () => {
    assertFailure(inContext("elsewhere", file("elsewhere.yaml")), /context elsewhere does not answer: .*ECONNREFUSED/);
  });

  const inContext = (context: string, kubeconfig: string) =>
    netpolWith({ env: { KUBECONFIG: kubeconfig } }, sample, "list", "--context", context);

  function assertFailure({ code, stdout, stderr }: ReturnType<typeof netpol>, said: RegExp): void {
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" }, stderr);
    assert.match(stderr, said);
    // Notes come before, and commander's hints, in parentheses, after the line that says what is wrong.
    const lines = stderr.trimEnd().split("\n");
    assert.equal(lines.filter((line) => !/^(note: |\()/.test(line)).length, 1, stderr);
    assert.doesNotMatch(stderr, /\n\s+at /);
  }
});
