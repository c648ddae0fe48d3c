import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { flow, line, pod } from "../cilium/hubble/recorded.ts";
import { repository, sample } from "../project.ts";
import { netpol } from "./command.ts";
import { folderOf, shopPolicies } from "./folder.ts";
import { LokiDouble, type Stored } from "./loki-double.ts";

const web = pod({ namespace: "shop", name: "web", labels: { app: "web" } }, 1);
const api = pod({ namespace: "shop", name: "api", labels: { app: "api" } }, 2);

const start = Date.parse("2026-11-24T20:00:00Z");
const minute = 60_000;

/** A flow of some minute after the start. */
const stored = (minutes: number, port = 9000): Stored => {
  const time = new Date(start + minutes * minute).toISOString();
  return { time: BigInt(start + minutes * minute) * 1_000_000n, line: line(flow(web, api, port, { time })) };
};

/** Runs a replay beside the double, which answers in this process. */
async function replayOf(lines: readonly Stored[], args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const loki = new LokiDouble(lines);
  const url = await loki.listen();
  const folder = folderOf({ "policies/shop.yaml": shopPolicies });
  const words = ["replay", "--loki", url, "--from", join(folder, "policies"), "-o", "json", ...args];
  try {
    const ended = await new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      const options = { cwd: sample, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 };
      const child = execFile(
        process.execPath,
        [join(repository, "cli/netpol.js"), ...words],
        options,
        (_, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
      );
    });
    return { ...ended, asked: loki.asked, url };
  } finally {
    loki.close();
  }
}

const since = ["--since", "2026-11-24T20:00:00Z", "--until", "2026-11-24T22:30:00Z"];

describe("A record in a Loki", function () {
  this.timeout("1m");

  it("is read an hour at a time, and no longer than asked for", async () => {
    const lines = [stored(1), stored(90), stored(149), stored(151)];
    const { code, stdout, asked } = await replayOf(lines, [...since, "--loki-query", '{app="flows"} |= "flow"']);
    assert.equal(code, 0);
    assert.equal(JSON.parse(stdout).record.flows, 3);
    const hours = asked.map(({ query, start: from, end }) => [
      query,
      ...[from, end].map((time) => Number(time / 60_000_000_000n) - start / minute),
    ]);
    const query = '{app="flows"} |= "flow"';
    assert.deepEqual(hours, [
      [query, 0, 60],
      [query, 60, 120],
      [query, 120, 150],
    ]);
  });

  it("is read in pages, each line once, also where a page ends within a moment", async () => {
    const lines = Array.from({ length: 12_000 }, (_, i) => ({ ...stored(1 + Math.floor(i / 700), 1000 + i) }));
    const { stdout, asked } = await replayOf(lines, since);
    const { record } = JSON.parse(stdout);
    assert.deepEqual([record.flows, record.connections], [12_000, 12_000]);
    assert.equal(asked.length, 5, "three pages of the first hour, one of each other");
  });

  it("is asked for with the names that logcli takes from the environment", async () => {
    const env = { LOKI_USERNAME: "reader", LOKI_PASSWORD: "secret", LOKI_ORG_ID: "shop" };
    const { asked } = await replayOf([stored(1)], since, env);
    const authorization = `Basic ${Buffer.from("reader:secret").toString("base64")}`;
    assert.partialDeepStrictEqual(asked[0]?.headers, { authorization, "x-scope-orgid": "shop" });
  });

  it("gives an answer that ends with 2 where it cannot be read to the end", async () => {
    const lines = Array.from({ length: 5001 }, (_, i) => stored(1, 1000 + i));
    const { code, stderr, url } = await replayOf(lines, since);
    assert.equal(code, 2);
    assert.match(
      stderr,
      new RegExp(`^${url} cannot be read to the end: it holds 5000 lines or more of one moment\n`, "m"),
    );
  });

  it("gives none where it refuses, or is not there", async () => {
    const { code, stderr } = await replayOf([], [...since, "--loki-query", "oops"]);
    assert.deepEqual(
      [code, /cannot be read to the end: it answers 400: parse error at line 1/.test(stderr)],
      [2, true],
    );
    const gone = netpol(sample, "replay", "--loki", "http://127.0.0.1:59999");
    assert.equal(gone.code, 2);
    assert.match(gone.stderr, /^http:\/\/127\.0\.0\.1:59999 cannot be read to the end: connect ECONNREFUSED/m);
    assert.match(netpol(sample, "replay").stderr, /^name the flows: files, folders, -, or --loki$/m);
  });
});

describe("What Loki has counted", function () {
  this.timeout("1m");

  it("is a record, with the labels of its series as the fields of flows", () => {
    const labels = (one: typeof web) =>
      JSON.stringify(Object.entries(one.endpoint).find(([key]) => key === "labels")?.[1]);
    const metric = {
      flow__verdict: "FORWARDED",
      flow__is_reply: "false",
      flow__traffic_direction: "EGRESS",
      flow__source__namespace: "shop",
      flow__source__labels: labels(web),
      flow__destination__namespace: "shop",
      flow__destination__labels: labels(api),
      flow__l4__TCP__destination_port: "9001",
      flow__l4__UDP__destination_port: "",
    };
    const values = [
      [start / 1000, "17"],
      [start / 1000 + 3600, "4"],
    ];
    const counts = { status: "success", data: { resultType: "matrix", result: [{ metric, values }] } };
    const folder = folderOf({ "policies/shop.yaml": shopPolicies, "counts.json": JSON.stringify(counts) });
    const { code, stdout } = netpol(
      sample,
      ...["replay", join(folder, "counts.json"), "--from", join(folder, "policies"), "-o", "json"],
    );
    assert.equal(code, 1);
    const { record, dropped } = JSON.parse(stdout);
    assert.deepEqual([record.flows, record.understoodPercent], [21, 100]);
    assert.partialDeepStrictEqual(dropped, [
      {
        source: "shop/web",
        port: "9001/TCP",
        passed: 21,
        first: "2026-11-24T20:00:00.000Z",
        last: "2026-11-24T21:00:00.000Z",
      },
    ]);
  });
});
