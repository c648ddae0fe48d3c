import assert from "node:assert/strict";
import { createWriteStream, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { anyFlow } from "../cilium/hubble/any-flow.ts";
import { repository, sample } from "../project.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";
import { netpol } from "./command.ts";

const seed = Number(process.env.SEED ?? 20261129);
const kinds = 1500;
/** How many flows each command is asked about: a million take their time, to read as well as to add up. */
const asked: readonly (readonly [flows: number, ...commands: string[]])[] = [
  [30_000, "calibrate", "readiness"],
  [1_000_000, "replay"],
];

/** As many flows, of some kinds, in the order of time, a few of them stored twice, and some that are lost. */
function* record(flows: number): Generator<string> {
  const shapes = fc
    .sample(anyFlow, { numRuns: kinds, seed })
    .map((shape) => JSON.stringify({ ...shape, ...unread }).replace(/^\{"time":"[^"]*"/, ""));
  const step = (3 * 86_400_000) / flows;
  let block = "";
  for (let i = 0; i < flows; i++) {
    const time = new Date(Date.UTC(2026, 10, 24) + Math.floor(i * step))
      .toISOString()
      .replace(/0*Z$/, "Z")
      .replace(".Z", "Z");
    const uuid = `${i.toString(16).padStart(8, "0")}-1bce-5276-a133-d8ea5a78502b`;
    const shape = shapes[(Math.imul(i, 0x9e3779b1) >>> 8) % kinds];
    const event = `{"flow":{"time":"${time}","uuid":"${uuid}"${shape},"node_name":"default/worker-1","time":"${time}"}\n`;
    block += i % 50 === 0 ? event + event : event;
    if (block.length < 1024 * 1024) continue;
    yield block;
    block = "";
  }
  yield block;
  yield '{"lost_events":{"num_events_lost":"12"},"node_name":"default/worker-1","time":"2026-11-24T00:00:00Z"}\n';
  yield '{"node_status":{"state_change":"NODE_UNAVAILABLE","node_names":["worker-9"]}}';
}

/** What nobody reads of a flow, and makes it long. */
const unread = { ethernet: undefined, node_labels: undefined, Summary: undefined };

/** The statements of the page. */
function query(files: string, folder: string): string[] {
  const [, sql = ""] = /```sql\n([\s\S]*?)```/.exec(readFileSync(join(repository, "docs/aggregated.md"), "utf8")) ?? [];
  const own = sql.replaceAll("'/var/run/cilium/hubble/*'", `'${files}'`).replaceAll("'aggregated/", `'${folder}/`);
  return own.split(/;\n/).filter((statement) => statement.trim() !== "");
}

/** An answer without what the counting leaves out: lines that were stored twice. */
function answer(command: string, path: string): object {
  const { stdout, stderr } = netpol(sample, command, path, "-o", "json");
  const { record, ...rest } = JSON.parse(stdout || assert.fail(stderr));
  return { ...rest, record: { ...record, duplicates: 0 } };
}

describe("Aggregated records", function () {
  this.timeout("10m");

  for (const [flows, ...commands] of asked) {
    it(`give the same answers as the ${flows} flows that DuckDB has added up with the documented query`, async () => {
      const folder = temporaryFolder("aggregated");
      const [files, added] = [join(folder, "hubble"), join(folder, "aggregated")];
      for (const one of [files, added]) mkdirSync(one);
      await pipeline(record(flows), createWriteStream(join(files, "flows.log")));
      const database = await DuckDBInstance.create();
      const connection = await database.connect();
      try {
        for (const statement of query(join(files, "*"), added)) await connection.run(statement);
      } finally {
        connection.closeSync();
        database.closeSync();
      }
      const lines = readFileSync(join(added, "flows.json"), "utf8").split("\n").length;
      console.log(`      seed ${seed}: ${flows} flows of ${kinds} kinds in ${lines} lines`);
      assert.ok(lines < flows / 4);
      for (const command of commands) assert.deepEqual(answer(command, added), answer(command, files), command);
    });
  }
});
