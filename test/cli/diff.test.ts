import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { copyOfProject, rewrite } from "../project.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";
import { netpol, netpolWith, withoutBasis } from "./command.ts";
import { folderOf, shopPods, shopPolicies } from "./folder.ts";

const author = {
  GIT_AUTHOR_NAME: "Test",
  GIT_AUTHOR_EMAIL: "test@example.com",
  GIT_COMMITTER_NAME: "Test",
  GIT_COMMITTER_EMAIL: "test@example.com",
  GIT_CONFIG_GLOBAL: "/dev/null",
};

const webhook = `const webhook = identity.workload("webhook", { labels: { app: "webhook" }, ports: { http: tcp(8888) } });`;

describe("netpol diff", function () {
  // Each revision is laid out and rendered by its own command.
  this.timeout(120_000);

  let folder: string;

  const git = (...args: string[]) =>
    execFileSync("git", args, { cwd: folder, env: { ...process.env, ...author }, stdio: "pipe" });

  const edit = (file: string, from: string, to: string): void => rewrite(folder, file, from, to);

  before(() => {
    folder = copyOfProject();
    git("init", "--quiet", "--initial-branch=main");
    appendFileSync(join(folder, ".git/info/exclude"), "node_modules\n");
    git("add", ".");
    git("commit", "--quiet", "--message=The program as it is");

    edit("cluster/monitoring.ts", `  from(grafana).to(postgres.postgresql).for("Dashboards"),\n`, "");
    edit("cluster/argocd.ts", "redis: tcp(6379)", "redis: tcp(6380)");
    edit("cluster/identity.ts", "export default", `${webhook}\n\nexport default`);
    edit("cluster/identity.ts", "  from(gateway)", "  from(login).to(webhook.http),\n  from(gateway)");
    git("commit", "--quiet", "--all", "--message=A port changed, a workload added, a flow removed");
  });

  const clients = ["argocd/server", "argocd/repo-server"];
  const told = {
    workloads: ["identity/webhook is added"],
    closed: [
      `${clients[0]} and ${clients[1]} can no longer reach argocd/redis:6379`,
      "monitoring/grafana can no longer reach data/postgres:5432",
    ],
    opened: [
      `${clients[0]} and ${clients[1]} can now reach argocd/redis:6380`,
      "identity/login can now reach identity/webhook:8888",
      "identity/webhook can now reach kube-system/coredns:53/TCP+UDP (L7 DNS)",
    ],
  };
  const summary = "1 workload added, 3 flows closed, 4 flows opened";

  it("says of a planted change of the program exactly what it changes, and ends with 1", () => {
    const { code, stdout, stderr } = netpol(folder, "diff", "git:HEAD~1", "program");
    assert.equal(stderr, "");
    assert.deepEqual(withoutBasis(stdout).split("\n"), [
      `HEAD~1, stack prod → stack prod: ${summary}`,
      ...told.workloads.map((text) => `* ${text}`),
      ...told.closed.map((text) => `- ${text}`),
      ...told.opened.map((text) => `+ ${text}`),
      "",
    ]);
    assert.equal(code, 1);
  });

  it("says the same in Markdown, and in JSON with every flow", () => {
    const { stdout: markdown } = netpol(folder, "diff", "git:HEAD~1", "program", "--output", "md");
    assert.match(markdown, new RegExp(`^### Network policies: ${summary}\n`));
    assert.match(
      markdown,
      /\n\*\*Closed\*\*\n\n- .*\n- `monitoring\/grafana` can no longer reach `data\/postgres:5432`\n/,
    );

    const { stdout } = netpol(folder, "diff", "git:HEAD~1", "program", "--output", "json");
    const data: unknown = JSON.parse(stdout);
    const { closed, ...rest } = json.parse(data);
    assert.deepEqual(rest, { summary, added: ["identity/webhook"] });
    assert.deepEqual(
      closed.map(({ from, to, ports }) => [from.name, to.name, ports]),
      [
        ...clients.map((client) => [client, "argocd/redis", [{ protocol: "TCP", from: 6379, to: 6379 }]]),
        ["monitoring/grafana", "data/postgres", [{ protocol: "TCP", from: 5432, to: 5432 }]],
      ],
    );
  });

  it("ends with 0 where policies were only renamed, in folders of YAML too", () => {
    const [first, second] = [temporaryFolder("before"), temporaryFolder("after")];
    for (const rendered of [first, second]) netpol(folder, "render", "--output-dir", rendered);
    const file = join(second, "data/postgres.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace("name: postgres", "name: database"));
    const pods = folderOf({ "pods.yaml": netpol(folder, "inventory").stdout });
    const { code, stdout } = netpol(folder, "diff", first, second, "--inventory", pods);
    assert.deepEqual(
      { code, answer: withoutBasis(stdout) },
      { code: 0, answer: `${first} → ${second}: no difference\n` },
    );
  });

  it("judges policies without pods against the pods of the other side, alike ones by the name of their workload", () => {
    const whole = folderOf({ "policies.yaml": shopPolicies, "pods.yaml": shopPods });
    const changed = folderOf({
      "policies.yaml": shopPolicies.replace("{app: web}}], toPorts", "{app: db}}], toPorts"),
    });
    const { stdout, stderr } = netpol(folder, "diff", whole, changed);
    assert.equal(stderr, "");
    assert.deepEqual(withoutBasis(stdout).split("\n").slice(1), ["- shop/web can no longer reach shop/api:9000", ""]);
  });

  const configuration = (data: string) =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cilium-config, namespace: kube-system}\ndata: {${data}}\n`;
  const configurations = folderOf({
    "always.yaml": configuration("enable-policy: always"),
    "never.yaml": configuration("enable-policy: never"),
    "none.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other, namespace: kube-system}\n",
  });

  describe("for pods that could exist", () => {
    const db = (peers: string) => `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: db}}
  ingress: [{fromEndpoints: ${peers}, toPorts: [{ports: [{port: "5432", protocol: TCP}]}]}]
`;
    const some = "[{matchLabels: {app: api}}, {matchLabels: {app: jobs}}]";
    const others = "[{matchExpressions: [{key: app, operator: NotIn, values: [web]}]}]";
    const pods = folderOf({
      "pods.yaml": ["api", "jobs", "web"]
        .map(
          (app) => `---\napiVersion: v1\nkind: Pod\nmetadata: {name: ${app}, namespace: shop, labels: {app: ${app}}}\n`,
        )
        .join(""),
    });
    const differ = (before: string, after: string, ...more: string[]) => {
      const sides = [before, after].map((peers) => folderOf({ "policies.yaml": db(peers) }));
      return netpol(folder, "diff", ...sides, "--inventory", pods, ...more);
    };
    const opened = "any pod of shop without app=api,app=jobs,app=web can now reach any pod of shop with app=db:5432";

    it("says what changes that those that there are do not show, and ends with 1", () => {
      const { code, stdout } = differ(some, others);
      assert.equal(code, 1);
      assert.match(stdout, /: no difference\nFor pods that could exist\n/);
      assert.ok(stdout.includes(`\n+ ${opened}\n`), stdout);
      assert.match(
        differ(some, others, "-o", "md").stdout,
        /\n\*\*For pods that could exist\*\*\n\n- `any pod of shop without [^`]*` can now reach `any pod of shop with app=db:5432`\n/,
      );
      const { possible } = JSON.parse(differ(some, others, "-o", "json").stdout);
      assert.deepEqual(possible.sentences, [{ topic: "opened", text: opened }]);
    });

    it("says nothing where nothing changes for them, or they show it all", () => {
      const split = "[{matchExpressions: [{key: app, operator: In, values: [api, jobs]}]}]";
      assert.equal(differ(some, split).code, 0);
      const { code, stdout } = differ("[{matchLabels: {app: api}}]", some);
      assert.equal(code, 1);
      assert.match(stdout, /any pod of shop with app=jobs can now reach any pod of shop with app=db:5432/);
    });
  });

  it("compares the same policies under two configurations of the agent", () => {
    const whole = folderOf({ "policies.yaml": shopPolicies, "pods.yaml": shopPods, "c.yaml": configuration("") });
    const { code, stdout } = netpol(folder, "diff", whole, whole, "--config-after", join(configurations, "never.yaml"));
    assert.equal(code, 1);
    assert.match(stdout, /^\S+ → \S+ under \S+never\.yaml: .* leave default deny, /);
    const always = join(configurations, "always.yaml");
    assert.equal(netpol(folder, "diff", whole, whole, "--config-before", always, "--config-after", always).code, 0);
  });

  it("tells what switching the host firewall on closes at nodes", () => {
    const node = `apiVersion: v1
kind: Node
metadata: {name: edge-1, labels: {role: edge}}
status: {addresses: [{type: InternalIP, address: 192.0.2.30}]}
---
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: nodes}
spec:
  nodeSelector: {matchLabels: {role: edge}}
  ingress: [{fromEntities: [cluster]}, {fromEntities: [world], toPorts: [{ports: [{port: "22", protocol: TCP}]}]}]
`;
    const whole = folderOf({
      "nodes.yaml": node,
      "pods.yaml": shopPods,
      "on.yml.txt": configuration('enable-host-firewall: "true"'),
    });
    const { stdout } = netpol(folder, "diff", whole, whole, "--config-after", join(whole, "on.yml.txt"));
    assert.deepEqual(withoutBasis(stdout).split("\n"), [
      `${whole} → ${whole} under ${join(whole, "on.yml.txt")}: 1 node enters default deny, 1 flow closed`,
      "! edge-1 enters default deny for ingress: what no rule allows is refused",
      "- world can no longer reach edge-1 on every port but 22",
      "",
    ]);
  });

  const podless = folderOf({ "policies.yaml": shopPolicies });
  const misuses: [args: string[], expected: RegExp][] = [
    [[podless, podless], /^nothing to judge: neither \S+ nor \S+ holds Pods or workloads .*--inventory\n$/],
    [["git:mian", "program"], /^there is no Git revision mian; did you mean main\?\n$/],
    [["main", "program"], /^there is no file or folder main; a Git revision is git:main, a context context:main\n$/],
    [["live", "program"], /^the kubeconfig \/nowhere cannot be read: .*\n$/],
    [
      ["live", "program", "--inventory", "pods.yaml"],
      /^--inventory cannot stand in for the pods of a cluster \(live\)\n$/,
    ],
    [["program"], /missing required argument 'after'/],
    [
      ["program", "program", "--config-after", "nowhere.yaml"],
      /^there is no file or folder nowhere\.yaml with a cilium-config/,
    ],
    [
      ["program", "program", "--config-before", join(configurations, "none.yaml")],
      /none\.yaml holds no ConfigMap cilium-config\n$/,
    ],
  ];
  for (const [args, expected] of misuses) {
    it(`ends with 2 and says what to write instead of diff ${args.join(" ")}`, () => {
      const { code, stdout, stderr } = netpolWith({ env: { KUBECONFIG: "/nowhere" } }, folder, "diff", ...args);
      assert.equal(code, 2);
      assert.equal(stdout, "");
      assert.match(stderr, expected);
    });
  }
});

const json = z.object({
  summary: z.string(),
  added: z.array(z.string()),
  closed: z.array(
    z.object({
      from: z.object({ name: z.string() }),
      to: z.object({ name: z.string() }),
      ports: z.array(z.unknown()),
    }),
  ),
});
