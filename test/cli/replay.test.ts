import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
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

const [grafana, sharedPg, redis] = [podOf("monitoring/grafana"), podOf("database/shared-pg"), podOf("argocd/redis")];
const declared = line(flow(grafana, sharedPg, 5432));
const undeclared = line(flow(grafana, sharedPg, 9187));
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
  record: z.looseObject({ flows: z.number(), lostEvents: z.number(), malformedLines: z.number() }),
  problems: z.array(z.string()),
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
    assert.match(stdout, /\nDeclared, never seen\nFROM +TO +PORTS +PODS\n/);
    assert.doesNotMatch(stdout, /\nWould be dropped\n/);
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
      "database/shared-pg",
      "9187/TCP",
      "egress by default deny of monitoring/grafana; ingress by default deny of database/shared-pg",
      "2",
      "2026-11-24 21:00:00",
      "2026-11-24 21:00:00",
    ]);
    assert.match(example ?? "", /^monitoring\/grafana-\S+ [\d.]+:43512 → database\/shared-pg-\S+ [\d.]+:9187$/);
    assert.match(stdout, /^cluster\/monitoring\.ts +from\(grafana\)\.to\(sharedPg\.metrics\),$/m);
  });

  it("reads several files, plain and gzip, as one record", () => {
    const compressed = fileOf(gzipSync(`${undeclared}\n${declared}\n`));
    const rotated = fileOf(Buffer.concat([gzipSync(`${declared}\n`), gzipSync(`${declared}\n`)]));
    const { code, record, dropped, allowed } = answer(fileOf(declared), compressed, rotated);
    assert.deepEqual(
      { code, flows: record.flows, dropped: dropped.length, allowed },
      { code: 1, flows: 5, dropped: 1, allowed: 4 },
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
    const child = spawn(process.execPath, [join(sample, "cli/netpol.js"), "replay", "-", "-o", "json"]);
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

  it("counts lines that are no events and goes on", () => {
    const { code, record } = answer(fileOf("time=now level=info", declared, "{", "[1]"));
    assert.deepEqual(
      { code, flows: record.flows, malformed: record.malformedLines },
      { code: 0, flows: 1, malformed: 3 },
    );
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
        `^${compressed} is cut off in the middle of its gzip data; its first ${unpacked.record.flows} lines are judged\n$`,
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
    "a folder": [join(folder, "flows"), /is a folder; name its files\n$/],
    "damaged gzip data": [fileOf(damaged), /is damaged gzip data; nothing of it is judged\n$/],
    "a file without flows": [
      fileOf("hello", "world"),
      /: no flow in 2 lines \(2 malformed\); write hubble observe -o jsonpb\n$/,
    ],
    "an empty file": [fileOf(), /: no flow in 0 lines \(0 malformed\); write hubble observe -o jsonpb\n$/],
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

  it("judges other policies with --from, but suggests lines for the program only", () => {
    const manifest = join(temporaryFolder("manifests"), "pg.yaml");
    const spec = "{endpointSelector: {}, ingress: [{fromEntities: [world]}]}";
    writeFileSync(
      manifest,
      `apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: all, namespace: database}\nspec: ${spec}\n`,
    );
    const { code, dropped } = answer(fileOf(declared, line(flow(redis, grafana, 3000))), "--from", manifest);
    assert.deepEqual(
      { code, dropped: dropped.map(({ source, destination }) => `${source} → ${destination}`) },
      { code: 1, dropped: ["monitoring/grafana → database/shared-pg"] },
    );
    const refused = netpol(fileOf(declared), "--from", manifest, "--suggest");
    assert.deepEqual({ code: refused.code, stdout: refused.stdout }, { code: 2, stdout: "" });
    assert.match(refused.stderr, /^--suggest writes lines for the program; leave out --from, --git and --context$/m);
  });

  it("judges the policies as enforced where the stack only observes, and says so", () => {
    const folder = copyOfProject();
    const settings = join(folder, "Pulumi.prod.yaml");
    writeFileSync(settings, `${readFileSync(settings, "utf8")}  network-policies:enforcement: observe\n`);
    const { code, stdout } = netpolIn(folder, "replay", fileOf(undeclared));
    assert.equal(code, 1);
    assert.match(
      stdout,
      new RegExp(`\nNote: ${workloadCount} policies of the stack only observe; they are judged as enforced\n$`),
    );
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
