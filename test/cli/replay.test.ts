import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { z } from "zod";
import { inventoryOf } from "../../cilium/model/inventory.ts";
import { apiServer, dnsAnswer, flow, line, outside, pod, type RecordedEnd } from "../cilium/hubble/recorded.ts";
import { copyOfProject, sample } from "../project.ts";
import { program } from "../rendered.ts";
import { workloadCount } from "../sample/counts.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";
import { netpol as netpolIn, netpolWith } from "./command.ts";

const netpol = (...args: string[]) => netpolIn(sample, "replay", ...args);

const { endpoints } = inventoryOf(program.cluster);

function podOf(workload: string): RecordedEnd {
  const index = endpoints.findIndex(({ namespace, name }) => `${namespace}/${name}` === workload);
  const endpoint = endpoints[index];
  assert.ok(endpoint, workload);
  return pod(endpoint, index + 1);
}

const [grafana, postgres, redis] = [podOf("monitoring/grafana"), podOf("data/postgres"), podOf("argocd/redis")];
const declared = line(flow(grafana, postgres, 5432));
const undeclared = line(flow(grafana, postgres, 9187));
const lost = '{"lost_events":{"source":"HUBBLE_RING_BUFFER","num_events_lost":"12"},"node_name":"worker-1"}';
const gone = '{"node_status":{"state_change":"NODE_UNAVAILABLE","node_names":["worker-2"]}}';

let files = 0;

/** A file with these lines, or these bytes. */
function fileOf(...lines: readonly (string | Buffer)[]): string {
  const file = join(temporaryFolder("record"), `${++files}.json`);
  writeFileSync(file, Buffer.isBuffer(lines[0]) ? lines[0] : lines.map((line) => `${line}\n`).join(""));
  return file;
}

const answerSchema = z.looseObject({
  cluster: z.string(),
  record: z.looseObject({
    flows: z.number(),
    lostEvents: z.number(),
    duplicates: z.number(),
    unread: z.record(z.string(), z.number()),
    understoodPercent: z.number(),
  }),
  problems: z.array(z.string()),
  judgedPercent: z.number(),
  dropped: z.array(
    z.looseObject({ source: z.string(), destination: z.string(), port: z.string(), passed: z.number() }),
  ),
  allowed: z.number(),
  suggestions: z
    .array(
      z.object({
        file: z.string(),
        imports: z.array(z.string()),
        ports: z.array(z.unknown()),
        flows: z.array(z.string()),
      }),
    )
    .optional(),
});

function answer(...args: string[]) {
  const { code, stdout, stderr } = netpol(...args, "-o", "json");
  return { code, stderr, ...answerSchema.parse(JSON.parse(stdout)) };
}

describe("netpol replay", function () {
  this.timeout("1m");

  it("ends with 0 where the policies let everything through that was let through", () => {
    const { code, stdout, stderr } = netpol(fileOf(declared));
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.match(stdout, /^stack prod: nothing that was let through would be dropped\n1 flow from 2026-11-24 21:00:00/);
    assert.match(stdout, /\nnot used in this record: \d+ declared flows, .*\(--all lists them\)\n/);
    assert.match(stdout, /\n\nstack prod: nothing that was let through would be dropped\n$/, "the answer is last, too");
    assert.doesNotMatch(stdout, /\n(Would be dropped|Declared, never seen)\n/);
  });

  it("lists what the record did not use where that is wanted, and in Markdown, which is complete", () => {
    assert.match(netpol(fileOf(declared), "--all").stdout, /\nDeclared, never seen\nFROM +TO +PORTS +PODS\n/);
    const { stdout } = netpol(fileOf(declared), "-o", "md");
    assert.match(stdout, /\n### Declared, never seen\n\n\| from \| to \| ports \| pods \|\n/);
    assert.doesNotMatch(stdout, /… and \d+ more/);
  });

  it("ends with 1 and says what would be dropped, where, and what to write", () => {
    const { code, stdout } = netpol(fileOf(declared, undeclared, undeclared), "--suggest");
    assert.equal(code, 1);
    assert.match(stdout, /^stack prod: 2 of the flows that were let through would be dropped\n/);
    const [heading, columns, row] = stdout.slice(stdout.indexOf("Would be dropped")).split("\n");
    assert.equal(heading, "Would be dropped");
    assert.match(columns ?? "", /^FROM +TO +PORT +REFUSED +FLOWS +FIRST +LAST +EXAMPLE$/);
    const cells = row?.split(/ {2,}/);
    const example = cells?.pop();
    assert.deepEqual(cells, [
      "monitoring/grafana",
      "data/postgres",
      "9187/TCP",
      "egress by default deny of monitoring/grafana; ingress by default deny of data/postgres",
      "2",
      "2026-11-24 21:00:00",
      "2026-11-24 21:00:00",
    ]);
    assert.match(example ?? "", /^monitoring\/grafana-\S+ [\d.]+:43512 → data\/postgres-\S+ [\d.]+:9187$/);
    assert.match(stdout, /^cluster\/monitoring\.ts +from\(grafana\)\.to\(postgres\.metrics\),$/m);
  });

  it("reads several files, plain and gzip, as one record", () => {
    const compressed = fileOf(gzipSync(`${undeclared}\n${declared}\n`));
    const rotated = fileOf(Buffer.concat([gzipSync(`${declared}\n`), gzipSync(`${declared}\n`)]));
    const zstd = fileOf(zstdCompressSync(`${declared}\n`));
    const { code, record, dropped, allowed } = answer(fileOf(declared), compressed, rotated, zstd);
    assert.deepEqual(
      { code, flows: record.flows, dropped: dropped.length, allowed },
      { code: 1, flows: 6, dropped: 1, allowed: 5 },
    );
  });

  it("reads a folder of rotated files, and an event that two of them hold once", () => {
    const folder = temporaryFolder("exporter");
    const event = (digit: number) =>
      line({ ...flow(grafana, postgres, 9187), uuid: `${digit}fd51267-1bce-4276-a133-d8ea5a78502b` });
    mkdirSync(join(folder, "worker-1"));
    writeFileSync(
      join(folder, "worker-1", "events-2026-11-24T21-00-00.000.log.gz"),
      gzipSync(`${event(1)}\n${event(2)}\n`),
    );
    writeFileSync(join(folder, "worker-1", "events.log"), `${event(2)}\n${event(3)}\n`);
    const { code, record, dropped } = answer(folder);
    assert.deepEqual(
      { code, flows: record.flows, duplicates: record.duplicates, passed: dropped[0]?.passed },
      { code: 1, flows: 3, duplicates: 1, passed: 3 },
    );
  });

  it("reads standard input, gzip too", () => {
    for (const input of [`${declared}\n${undeclared}`, gzipSync(`${declared}\n${undeclared}\n`)]) {
      const { code, stdout } = netpolWith({ input }, sample, "replay", "-", "-o", "json");
      const { record, dropped } = answerSchema.parse(JSON.parse(stdout));
      assert.deepEqual({ code, flows: record.flows, dropped: dropped.length }, { code: 1, flows: 2, dropped: 1 });
    }
  });

  it("answers when it is interrupted while standard input still streams", async () => {
    const child = spawn(process.execPath, [join(sample, "cli/netpol.js"), "replay", "-", "-o", "json"], {
      cwd: sample,
    });
    const [stdout, ended] = [text(child.stdout), new Promise((resolve) => child.once("exit", resolve))];
    // The command has read this much when the pipe, which holds far less, has taken it all.
    await new Promise((resolve) => child.stdin.write(`${declared}\n`.repeat(2000), resolve));
    child.kill("SIGINT");
    assert.equal(await ended, 0);
    assert.ok(answerSchema.parse(JSON.parse(await stdout)).record.flows > 1000);
  });

  it("says that a record is incomplete: lost events, nodes without flows", () => {
    const { stdout } = netpol(fileOf(lost, declared, gone, lost));
    assert.match(stdout, /^this record is incomplete: Hubble lost 24 events; nothing came from worker-2$/m);
  });

  it("says by reason what it skipped, and ends with 2 where it understood too little", () => {
    const compact = "Nov 24 21:00:00.000: a/b:1 (ID:2) -> c/d:3 (ID:4) to-endpoint FORWARDED (TCP Flags: SYN)";
    const file = fileOf("time=now level=info", declared, "hello", "[1]", compact);
    const { code, record } = answer(file);
    assert.deepEqual(
      { code, flows: record.flows, unread: record.unread, understood: record.understoodPercent },
      {
        code: 2,
        flows: 1,
        unread: {
          "lines that are no JSON": 1,
          "JSON that is no event of Hubble": 1,
          "flows in Hubble's text form, which holds no labels (write hubble observe -o jsonpb)": 1,
        },
        understood: 25,
      },
    );
    assert.match(netpol(file).stdout, /^stack prod: nothing .*, only 25 % of the record was judged\n.*\nskipped: 1 /);
    assert.equal(answer(file, "--at-least", "25").code, 0);
    assert.equal(answer(fileOf(...Array.from({ length: 100 }, () => declared), "hello")).code, 0);
  });

  it("ends with 2 where too much turns on what the record does not say", () => {
    const unnamed = Array.from({ length: 3 }, (_, i) => line(flow(grafana, outside(`203.0.113.${i}`), 443)));
    const spec = {
      endpointSelector: {},
      egress: [
        { toFQDNs: [{ matchPattern: "*.example.org" }] },
        { toEndpoints: [{}], toPorts: [{ ports: [{ port: "53" }], rules: { dns: [{ matchPattern: "*" }] } }] },
      ],
    };
    const metadata = { name: "grafana", namespace: "monitoring" };
    const manifest = join(temporaryFolder("manifests"), "names.yaml");
    writeFileSync(
      manifest,
      JSON.stringify({ apiVersion: "cilium.io/v2", kind: "CiliumNetworkPolicy", metadata, spec }),
    );
    const flows = [...unnamed, line(flow(grafana, postgres, 5432))];
    const { code, stdout } = netpol(fileOf(...flows), "--from", manifest, "--at-least", "50");
    assert.match(stdout, /^\S+: 1 of the flows [^\n]+, only 25 % of the record was judged\n/);
    assert.equal(code, 2);
    const { record, judgedPercent } = answer(fileOf(...flows), "--from", manifest);
    assert.deepEqual([record.understoodPercent, judgedPercent], [100, 25]);
  });

  it("has no answer where the policies select nobody in the record", () => {
    const manifest = join(temporaryFolder("manifests"), "elsewhere.yaml");
    writeFileSync(
      manifest,
      "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: a, namespace: elsewhere}\nspec: {endpointSelector: {}, ingress: [{}]}\n",
    );
    const { code, stdout } = netpol(fileOf(declared), "--from", manifest);
    assert.equal(code, 2);
    assert.match(
      stdout,
      /^\S+elsewhere\.yaml: nothing is judged: the policies select no pod of the record; compare namespaces/,
    );
  });

  it("has no answer where no flow of the record is a connection that can be judged, whoever the policies select", () => {
    for (const args of [
      ["--since", "2027-01-01T00:00:00Z"],
      ["--namespace", "nowhere"],
    ]) {
      const { code, stdout } = netpol(fileOf(declared), ...args);
      assert.equal(code, 2);
      assert.match(stdout, /: nothing is judged: none of the flows is a connection that can be; the counts say why\n/);
    }
  });

  it("judges what there is of a record that is cut off, says so in one line, and ends with 2", () => {
    const plain = fileOf(Buffer.from(`${declared}\n${undeclared}\n${declared.slice(0, 99)}`));
    const compressed = fileOf(gzipSync(`${declared}\n`.repeat(50_000)).subarray(0, -5000));
    const cut = answer(plain);
    assert.deepEqual({ code: cut.code, dropped: cut.dropped.length }, { code: 2, dropped: 1 });
    assert.equal(cut.stderr, `${plain} ends within line 3: it was cut off there; the lines before are judged\n`);
    const unpacked = answer(compressed);
    assert.equal(unpacked.code, 2);
    assert.match(
      unpacked.stderr,
      new RegExp(
        `^${compressed} is cut off in the middle of its packed data; its first ${unpacked.record.flows} lines are judged\n$`,
      ),
    );
    assert.ok(unpacked.record.flows > 0);
  });

  const damaged = gzipSync(`${declared}\n`.repeat(1000));
  damaged.fill(0, 30, 60);
  const folder = temporaryFolder("record");
  mkdirSync(join(folder, "flows"));
  const unusable: Readonly<Record<string, readonly [string, RegExp]>> = {
    "a file that is not there": ["/nowhere/flows.json", /^\/nowhere\/flows\.json does not exist\n$/],
    "an empty folder": [join(folder, "flows"), /is a folder without a file\n$/],
    "damaged gzip data": [fileOf(damaged), /is damaged packed data; nothing of it is judged\n$/],
    "damaged zstd data": [
      fileOf(zstdCompressSync(`${declared}\n`).fill(0, 12, 40)),
      /is damaged packed data; nothing of it is judged\n$/,
    ],
    "a file without flows": [
      fileOf("hello", "world"),
      /: no flow \(2 lines that are no JSON\); write hubble observe -o jsonpb\n$/,
    ],
    "an empty file": [fileOf(), /: no flow \(it is empty\); write hubble observe -o jsonpb\n$/],
    "a file that has no lines": [
      fileOf(Buffer.alloc(17 * 1024 * 1024, "x")),
      /has no lines after the first 0: it is no Hubble record\n$/,
    ],
  };
  for (const [name, [file, message]] of Object.entries(unusable)) {
    it(`has no answer for ${name}`, () => {
      const { code, stdout, stderr } = netpol(file);
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
      assert.match(stderr, message);
      assert.equal(stderr.split("\n").length, 2, "one line");
    });
  }

  it("judges the files that it can read, names the others, and ends with 2", () => {
    const { code, stderr, dropped } = answer(fileOf(undeclared), "/nowhere/flows.json");
    assert.deepEqual(
      { code, stderr, dropped: dropped.length },
      { code: 2, stderr: "/nowhere/flows.json does not exist\n", dropped: 1 },
    );
  });

  it("says where other policies leave default deny off, as those of an observing stack do", () => {
    const spec = {
      endpointSelector: {},
      enableDefaultDeny: { ingress: false },
      ingress: [{ fromEntities: ["world"] }],
    };
    const manifest = join(temporaryFolder("manifests"), "observed.json");
    const metadata = { name: "all", namespace: "data" };
    writeFileSync(
      manifest,
      JSON.stringify({ apiVersion: "cilium.io/v2", kind: "CiliumNetworkPolicy", metadata, spec }),
    );
    const { code, stdout } = netpol(fileOf(declared), "--from", manifest);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /\nNote: 1 of 1 policies leave default deny off \(enableDefaultDeny: false\), and are judged so\n/,
    );
  });

  it("judges other policies with --from, but suggests lines for the program only", () => {
    const manifest = join(temporaryFolder("manifests"), "pg.yaml");
    const spec = "{endpointSelector: {}, ingress: [{fromEntities: [world]}]}";
    writeFileSync(
      manifest,
      `apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: all, namespace: data}\nspec: ${spec}\n`,
    );
    const { code, dropped } = answer(fileOf(declared, line(flow(redis, grafana, 3000))), "--from", manifest);
    assert.deepEqual(
      { code, dropped: dropped.map(({ source, destination }) => `${source} → ${destination}`) },
      { code: 1, dropped: ["monitoring/grafana → data/postgres"] },
    );
    const refused = netpol(fileOf(declared), "--from", manifest, "--suggest");
    assert.deepEqual({ code: refused.code, stdout: refused.stdout }, { code: 2, stdout: "" });
    assert.match(refused.stderr, /^--suggest writes lines for the program; leave out --from, --git and --context$/m);
  });

  describe("for the policies of files", () => {
    const labels = (name: string) => `{matchLabels: {app: ${name}}}`;
    const manifests = (cluster?: string): string => {
      const folder = temporaryFolder("manifests");
      const spec = `{endpointSelector: {}, ingress: [{fromEndpoints: [${labels("till")}]}]}`;
      writeFileSync(
        join(folder, "policy.yaml"),
        `apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: all, namespace: shop}\nspec: ${spec}\n`,
      );
      const config = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cilium-config, namespace: kube-system}\ndata: {cluster-name: ${cluster}}\n`;
      if (cluster !== undefined) writeFileSync(join(folder, "config.yaml"), config);
      return folder;
    };
    const app = (name: string, cluster: string) => pod({ namespace: "shop", name, labels: { app: name } }, 1, cluster);
    const between = (from: string, to: string, cluster: string) =>
      JSON.stringify({ flow: { ...flow(app(from, cluster), app(to, cluster), 80), node_name: `${cluster}/worker-1` } });
    const north = between("client", "web", "north");
    const both = fileOf(north, between("till", "web", "south"));

    const clusters: Readonly<Record<string, readonly [string[], string, number]>> = {
      "the record's": [[fileOf(north), "--from", manifests()], "north", 1],
      "that of cilium-config": [[both, "--from", manifests("south")], "south", 0],
      "the one that is named": [[both, "--from", manifests(), "--cluster", "north"], "north", 1],
    };
    for (const [name, [args, cluster, code]] of Object.entries(clusters)) {
      it(`takes the cluster that is ${name}`, () => {
        const given = answer(...args);
        assert.deepEqual({ cluster: given.cluster, code: given.code }, { cluster, code });
      });
    }

    it("has no answer where the record is of several clusters and nothing says whose the policies are", () => {
      const { code, stderr } = netpol(both, "--from", manifests());
      assert.deepEqual(
        { code, stderr },
        {
          code: 2,
          stderr:
            "the record is of the clusters north, south; name the cluster whose policies these are with --cluster, or bring its cilium-config\n",
        },
      );
    });

    it("has no answer where one of the clusters is called default, whose nodes are named without it", () => {
      const nodes = ["worker-1", "north/worker-1"];
      const events = nodes.map((node_name) => line(flow(grafana, postgres, 5432, { more: { node_name } })));
      assert.match(
        netpol(fileOf(...events), "--from", manifests()).stderr,
        /^the record is of the clusters default, north; /,
      );
    });

    it("has no answer where the record is of another cluster", () => {
      assert.equal(answer(fileOf(north), "--from", manifests("south")).code, 2);
    });
  });

  it("takes only the flows of the times and the namespace that are asked for", () => {
    const file = fileOf(undeclared, line(flow(redis, redis, 1, { time: "2026-11-25T21:00:00Z" })));
    const passed = (...args: string[]) => answer(file, ...args).dropped.map(({ source }) => source);
    assert.deepEqual(passed("--until", "2026-11-25T00:00:00Z"), ["monitoring/grafana"]);
    assert.deepEqual(passed("--since", "2026-11-25T00:00:00Z"), ["argocd/redis"]);
    assert.deepEqual(passed("--namespace", "argocd"), ["argocd/redis"]);
    const { code, stderr } = netpol(file, "--since", "yesterday");
    assert.equal(code, 2);
    assert.match(stderr, /write 2026-11-24T21:00:00Z, or 90m, 24h, 7d for so long ago/);
  });

  it("judges the policies as enforced where the stack only observes, and says so", () => {
    const folder = copyOfProject();
    const settings = join(folder, "Pulumi.prod.yaml");
    writeFileSync(settings, `${readFileSync(settings, "utf8")}  network-policies:enforcement: observe\n`);
    const { code, stdout } = netpolIn(folder, "replay", fileOf(undeclared));
    assert.equal(code, 1);
    assert.match(
      stdout,
      new RegExp(`\nNote: ${workloadCount} policies of the stack only observe; they are judged as enforced\n`),
    );
  });

  it("judges the policies as enforced where the agent enforces nothing, and says so", () => {
    for (const [key, value] of [
      ["policy-audit-mode", "true"],
      ["enable-policy", "never"],
    ] as const) {
      const configuration = join(temporaryFolder("agent"), "cilium-config.json");
      const config = {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "cilium-config", namespace: "kube-system" },
      };
      writeFileSync(configuration, JSON.stringify({ ...config, data: { [key]: value } }));
      const { code, stdout } = netpol(fileOf(undeclared), "--configuration", configuration);
      assert.equal(code, 1, key);
      const note = `\nNote: the agent enforces nothing (${key}: ${value}); it is judged as if it did\n`;
      assert.ok(stdout.includes(note), stdout);
    }
  });

  it("ends with 1 where only a lookup would be refused, and says by which name", () => {
    const folder = copyOfProject();
    const settings = join(folder, "Pulumi.prod.yaml");
    writeFileSync(settings, `${readFileSync(settings, "utf8")}  network-policies:dnsNames: ["*.example.com"]\n`);
    const record = fileOf(line(dnsAnswer(grafana, podOf("kube-system/coredns"), "grafana.com", "192.0.2.66")));
    const { code, stdout } = netpolIn(folder, "replay", record);
    assert.equal(code, 1);
    assert.match(stdout, /^stack prod: 1 lookup would be refused\n/);
    assert.match(stdout, /\nLookups that the DNS proxy would refuse\n.*\nmonitoring\/grafana +grafana\.com +1 /);
  });

  it("offers nothing of a record that does not go on", () => {
    for (const args of [
      ["--metrics", "9465"],
      ["--every", "5m"],
    ]) {
      const { code, stderr } = netpol(fileOf(declared), ...args);
      assert.deepEqual(
        { code, stderr },
        { code: 2, stderr: `${args[0]} is about a record that goes on; add --follow\n` },
      );
    }
  });

  it("does not take flows and policies from one input", () => {
    const { code, stderr } = netpol("-", "--from", "-");
    assert.deepEqual(
      { code, stderr },
      { code: 2, stderr: "standard input holds either the flows or the policies; name a file for one of them\n" },
    );
  });

  it("names external hosts that no list covers", () => {
    const repoServer = podOf("argocd/repo-server");
    const host = outside("192.0.2.66");
    const { dropped, suggestions } = answer(
      fileOf(
        line(dnsAnswer(repoServer, podOf("kube-system/coredns"), "charts.example.org", host.address)),
        line(flow(repoServer, host, 443)),
        line(flow(repoServer, apiServer, 6443)),
      ),
      "--suggest",
    );
    assert.deepEqual(
      dropped.map(({ destination, port }) => `${destination}:${port}`),
      ["charts.example.org:443/TCP", "kube-apiserver:6443/TCP"],
    );
    assert.deepEqual(suggestions, [
      {
        file: "cluster/argocd.ts",
        imports: [],
        ports: [],
        flows: ['from(repoServer).to(kubeApiserver, fqdn("charts.example.org").on(443)),'],
      },
    ]);
  });
});
