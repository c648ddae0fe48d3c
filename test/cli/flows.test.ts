import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { flowOutputs } from "../../components/outputs.ts";
import { sample } from "../project.ts";
import { program } from "../rendered.ts";
import { netpol, netpolWith, withoutBasis } from "./command.ts";
import { shopPods, shopPolicies } from "./folder.ts";

/** Asks a command about the shop. */
const shop = (command: string, ...args: string[]) => {
  const { code, stdout, stderr } = netpolWith({ input: shopPolicies + shopPods }, sample, command, ...args, "-f", "-");
  assert.equal(code, 0, stderr);
  return withoutBasis(stdout);
};

describe("netpol list", () => {
  it("lists the flows of a shop as a table", () => {
    assert.equal(
      shop("list"),
      `FROM               TO                 PORTS  CONDITIONS
shop/web (2 pods)  shop/api           9000
shop/api           shop/db            5432
gateway            shop/web (2 pods)  8080   L7 HTTP
`,
    );
  });

  it("lists the pods of a workload one by one when asked", () => {
    assert.equal(
      shop("list", "--pods"),
      `FROM                  TO                    PORTS  CONDITIONS
shop/web-7d4b9-aaaaa  shop/api              9000
shop/web-7d4b9-bbbbb  shop/api              9000
shop/api              shop/db               5432
gateway               shop/web-7d4b9-aaaaa  8080   L7 HTTP
gateway               shop/web-7d4b9-bbbbb  8080   L7 HTTP
`,
    );
  });

  const choices: [choice: string[], rows: string[]][] = [
    [["--to", "shop/db"], ["shop/api,shop/db,5432,"]],
    [["--source", "shop/web"], ["shop/web,shop/api,9000,"]],
    [
      ["--from-namespace", "shop", "--to-namespace", "shop"],
      ["shop/web,shop/api,9000,", "shop/api,shop/db,5432,"],
    ],
    [["--port", "8080"], ["gateway,shop/web,8080,L7 HTTP"]],
    [["--port", "8080/UDP"], []],
    [["--pods", "--source", "shop/web-7d4b9-bbbbb"], ["shop/web-7d4b9-bbbbb,shop/api,9000,"]],
  ];
  for (const [choice, rows] of choices) {
    it(`lists the flows that ${choice.join(" ")} chooses`, () => {
      assert.deepEqual(
        shop("list", "-o", "csv", ...choice)
          .trimEnd()
          .split("\n")
          .slice(1),
        rows,
      );
    });
  }

  it("has colours on a terminal only", () => {
    const coloured = netpolWith(
      { input: shopPolicies + shopPods, env: { FORCE_COLOR: "1" } },
      sample,
      "list",
      "-f",
      "-",
    );
    assert.ok(coloured.stdout.startsWith("\u001b[1mFROM"), coloured.stdout);
    assert.ok(shop("list").startsWith("FROM"));
  });

  it("prints CSV and Markdown", () => {
    assert.equal(shop("list", "-o", "csv").split("\n")[2], "shop/api,shop/db,5432,");
    assert.deepEqual(shop("list", "-o", "md").split("\n").slice(0, 2), [
      "| from | to | ports | conditions |",
      "| --- | --- | --- | --- |",
    ]);
  });

  it("prints data, in JSON and in YAML", () => {
    const { flows, pods } = JSON.parse(shop("list", "-o", "json"));
    assert.deepEqual(pods, { "shop/web": 2 });
    assert.deepEqual(flows[0], {
      from: "shop/web",
      to: "shop/api",
      ports: [{ protocol: "TCP", from: 9000, to: 9000 }],
      conditions: [],
    });
    assert.match(shop("list", "-o", "yaml"), /^flows:\n {2}- from: shop\/web\n {4}to: shop\/api\n/);
  });

  it("prints a graph with a box for each namespace", () => {
    const graph = shop("list", "-o", "dot");
    assert.match(graph, /^digraph flows \{\n/);
    assert.match(graph, /subgraph "cluster_shop" \{\n {4}label="shop";\n/);
    assert.match(graph, /\n {2}"gateway" -> "shop\/web" \[label="8080\\nL7 HTTP"\];\n/);
  });

  it("lists every flow between workloads that the program states, and no other but for DNS", () => {
    const listed = netpol(sample, "list", "-o", "csv").stdout.split("\n");
    const workload = /^[a-z0-9-]+\/[a-z0-9-]+$/;
    const pairs = (rows: readonly (readonly (string | undefined)[])[]) =>
      new Set(
        rows
          .filter(([from = "", to = ""]) => workload.test(from) && workload.test(to))
          .map(([from, to]) => `${from} ${to}`),
      );
    const stated = pairs(flowOutputs(program.cluster).map(({ from, to }) => [from, to]));
    const found = pairs(listed.map((row) => row.split(",")));
    const hostNetwork = (pair: string) =>
      / (monitoring\/node-exporter|kube-system\/(cilium-agent|kube-proxy))$/.test(pair);
    assert.deepEqual(
      [...found].filter((pair) => !pair.endsWith(" kube-system/coredns")).sort(),
      [...stated].filter((pair) => !pair.endsWith(" kube-system/coredns") && !hostNetwork(pair)).sort(),
    );
  });

  it("leaves out what no policy governs, says so, and lists it when asked", () => {
    const { stdout } = netpolWith({ input: shopPolicies + shopPods }, sample, "list", "-f", "-");
    assert.doesNotMatch(stdout, /world/);
    assert.match(stdout, /\nNote: \d+ flows that no policy governs are left out; --all lists them\n/);
    assert.match(shop("list", "--all"), /^gateway +world +every port$/m);
  });
});

describe("netpol matrix", () => {
  it("marks who may connect to whom", () => {
    assert.equal(
      shop("matrix"),
      `                    1 2 3
1 shop/web (2 pods) · ● ·
2 shop/api          · · ●
3 shop/db           · · ·
`,
    );
  });

  it("tells pods apart, and names columns that are not the rows, when asked", () => {
    assert.equal(shop("matrix", "--pods").split("\n")[2], "2 shop/web-7d4b9-bbbbb · · ● ·");
    const { stdout } = netpol(sample, "matrix", "--from-namespace", "monitoring", "--to-namespace", "identity");
    assert.match(stdout, /^1 identity\/login\n\n +1\n(monitoring\/\S+ +[·●]\n)+\n/);
    assert.match(stdout, /^monitoring\/grafana +●$/m);
  });

  it("names the ports in the other forms", () => {
    assert.equal(
      shop("matrix", "-o", "csv"),
      `from,shop/web,shop/api,shop/db
shop/web,,9000,
shop/api,,,5432
shop/db,,,
`,
    );
  });
});

describe("netpol exposure", () => {
  it("follows flows in both directions, with the shortest paths", () => {
    assert.equal(
      shop("exposure", "shop/api"),
      `shop/api can be reached by 1 directly and 1 more by way of other workloads
shop/api can reach 1 directly and 0 more by way of other workloads

Can reach it
FROM      PORTS  CONDITIONS
shop/web  9000

It can reach
TO       PORTS  CONDITIONS
shop/db  5432

Can reach it by way of others
FROM     PATH
gateway  gateway → shop/web:8080 → shop/api:9000
`,
    );
  });

  it("gives the paths as data", () => {
    const { inbound } = JSON.parse(shop("exposure", "shop/db", "-o", "json"));
    assert.deepEqual(inbound.at(-1), {
      from: "gateway",
      to: "shop/db",
      path: [
        { from: "gateway", to: "shop/web", ports: [{ protocol: "TCP", from: 8080, to: 8080 }] },
        { from: "shop/web", to: "shop/api", ports: [{ protocol: "TCP", from: 9000, to: 9000 }] },
        { from: "shop/api", to: "shop/db", ports: [{ protocol: "TCP", from: 5432, to: 5432 }] },
      ],
    });
  });
});

describe("the command itself", () => {
  it("has help with examples for every command", function () {
    this.timeout(120_000);
    const { stdout } = netpol(sample, "--help");
    const commands = [...stdout.matchAll(/^ {2}([a-z]+) (?!.*display help)/gm)].map(([, command = ""]) => command);
    assert.ok(commands.length >= 8, stdout);
    for (const command of commands) {
      const { code, stdout: help } = netpol(sample, command, "--help");
      assert.equal(code, 0);
      assert.match(help, /\nExamples?:\n/, command);
    }
  });

  it("ends quietly when nobody reads on", () => {
    const { stdout, stderr } = spawnSync(
      "sh",
      ["-c", '"$0" cli/netpol.js list -o json | head -n 1', process.execPath],
      {
        cwd: sample,
        encoding: "utf8",
      },
    );
    assert.equal(stdout, "{\n");
    assert.doesNotMatch(stderr, /EPIPE/);
  });
});
