import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { flow, line, pod } from "../cilium/hubble/recorded.ts";
import { repository, sample } from "../project.ts";
import { folderOf, shopPolicies } from "./folder.ts";
import { LokiDouble } from "./loki-double.ts";

const web = pod({ namespace: "shop", name: "web", labels: { app: "web" } }, 1);
const api = pod({ namespace: "shop", name: "api", labels: { app: "api" } }, 2);

let events = 0;
const event = (port: number, time = "2026-11-24T21:00:00.000000001Z"): string => {
  const uuid = `${(++events).toString(16).padStart(8, "0")}-1bce-5276-a133-d8ea5a78502b`;
  return `${line(flow(web, api, port, { time, more: { uuid } }))}\n`;
};

/** A port that is free now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}

/** Waits until something holds, looking often. */
async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await after(50)) if (await holds()) return;
  assert.fail(`never: ${what}`);
}

/** A replay that follows, with metrics. */
async function following(...words: string[]) {
  const port = await freePort();
  const args = ["replay", "--follow", "--every", "1s", "--metrics", `${port}`, ...words];
  const child = spawn(process.execPath, [join(repository, "cli/netpol.js"), ...args], { cwd: sample });
  const said = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said.stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const metrics = async (): Promise<string> =>
    fetch(`http://127.0.0.1:${port}/metrics`).then(
      (response) => response.text(),
      () => "",
    );
  const has = (name: string, value: number) => async () =>
    new RegExp(`^netpol_replay_${name} ${value}$`, "m").test(await metrics());
  return { child, said, ended, metrics, has };
}

describe("netpol replay --follow", function () {
  this.timeout("2m");

  it("reads on through rotation, tells what is new, offers counts, and answers on SIGTERM", async () => {
    const folder = folderOf({ "policies/shop.yaml": shopPolicies, "hubble/flows.log": event(9000) });
    const [file, rotated] = ["flows.log", "flows-1.log"].map((name) => join(folder, "hubble", name));
    assert.ok(file && rotated);
    const { child, said, ended, metrics, has } = await following(
      join(folder, "hubble"),
      "--from",
      join(folder, "policies"),
    );
    await until("the first flow is counted", has("flows_total", 1));
    assert.equal(said.stderr, "");

    const later = event(9001);
    appendFileSync(file, later.slice(0, 100));
    appendFileSync(file, later.slice(100));
    await until("what would be dropped is told", () => said.stderr !== "");
    assert.match(
      said.stderr,
      /^\S+Z would be dropped: shop\/web → shop\/api 9001\/TCP \(egress by default deny of shop\/web; /,
    );

    renameSync(file, rotated);
    writeFileSync(file, event(9001));
    await until("the new file is read", has("flows_total", 3));
    writeFileSync(`${rotated}.gz`, gzipSync(readFileSync(rotated)));
    await until("the packed one is read", has("duplicates_total", 2));
    const counts = await metrics();
    assert.match(counts, /^# TYPE netpol_replay_would_drop_flows_total counter$/m);
    assert.match(
      counts,
      /^netpol_replay_would_drop_flows_total\{from="shop\/web",to="shop\/api",port="9001\/TCP"\} 2$/m,
    );
    assert.match(counts, /^netpol_replay_flows_total 3$/m);

    child.kill("SIGTERM");
    assert.equal(await ended, 1);
    assert.match(said.stdout, /: 2 of the flows that were let through would be dropped\n/);
    assert.equal(said.stderr.split("would be dropped").length, 2, "it is told once");
  });

  it("waits for files that are not there yet, and reads one that begins again", async () => {
    const folder = folderOf({ "policies/shop.yaml": shopPolicies });
    const file = join(folder, "flows.log");
    const { child, ended, has } = await following(file, "--from", join(folder, "policies"));
    writeFileSync(file, event(9000) + event(9000));
    await until("its flows are counted", has("flows_total", 2));
    writeFileSync(file, event(9000));
    await until("it is read again", has("flows_total", 3));
    child.kill("SIGINT");
    assert.equal(await ended, 0);
  });

  it("ends where what there is by now has no answer", async () => {
    const folder = folderOf({ "policies/shop.yaml": shopPolicies });
    const { child, said, ended } = await following("-", "--from", join(folder, "policies"));
    const nodes = ["north/worker-1", "south/worker-1"];
    child.stdin.write(nodes.map((node_name) => `${line(flow(web, api, 9000, { more: { node_name } }))}\n`).join(""));
    assert.equal(await ended, 2);
    assert.match(said.stderr, /^the record is of the clusters north, south; /);
  });

  it("answers at the end of standard input", async () => {
    const folder = folderOf({ "policies/shop.yaml": shopPolicies });
    const { child, said, ended, has } = await following("-", "--from", join(folder, "policies"));
    child.stdin.write(event(9000));
    await until("it is counted", has("flows_total", 1));
    child.stdin.end(event(9000));
    assert.equal(await ended, 0);
    assert.match(said.stdout, /\n2 flows from /);
  });

  it("asks a Loki again that was away, from where it was", async () => {
    const folder = folderOf({ "policies/shop.yaml": shopPolicies });
    const at = Date.now() - 30 * 60_000;
    const stored = { time: BigInt(at) * 1_000_000n, line: event(9000, new Date(at).toISOString()).trim() };
    const port = await freePort();
    const { child, said, ended, has } = await following(
      ...["--loki", `http://127.0.0.1:${port}`, "--since", "1h", "--from", join(folder, "policies")],
    );
    await until("it is told that there is none", () => /: connect ECONNREFUSED .*; asked again\n/.test(said.stderr));
    const loki = new LokiDouble([stored]);
    await loki.listen(port);
    try {
      await until("its line is read", has("flows_total", 1));
      assert.match(said.stderr, / is back\n/);
      loki.close();
      await until("it is told again that there is none", () => said.stderr.split("; asked again\n").length === 3);
      child.kill("SIGTERM");
      assert.equal(await ended, 2, "what it holds since is not read");
      assert.match(said.stdout, /\nthis record is incomplete: \S+ was away at the end: /);
    } finally {
      loki.close();
    }
  });
});
