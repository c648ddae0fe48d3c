import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { inventoryOf } from "../../cilium/model/inventory.ts";
import {
  apiServer,
  decided,
  decidedBy,
  dnsAnswer,
  flow,
  gateway,
  host,
  namedAddress,
  outside,
  pod,
  type RecordedEnd,
  remoteNode,
} from "../cilium/hubble/recorded.ts";
import { repository, sample } from "../project.ts";
import { program } from "../rendered.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";
import { netpol } from "./command.ts";

const seed = Number(process.env.SEED ?? 20261129);
const kinds = 1500;
const flows = 30_000;

const pods = inventoryOf(program.cluster)
  .endpoints.filter(({ hostNetwork }) => !hostNetwork)
  .map((endpoint, i) => pod(endpoint, i + 1));
const dns = pods.find(({ endpoint }) => JSON.stringify(endpoint).includes("coredns")) ?? host;

const addresses = ["203.0.113.7", "203.0.113.8", "198.51.100.1", "2001:db8::1"];
const end: fc.Arbitrary<RecordedEnd> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...pods) },
  fc.constantFrom(host, remoteNode, apiServer, gateway, ...addresses.map(outside), ...addresses.map(namedAddress)),
);
const masked = ({ endpoint, address }: RecordedEnd): RecordedEnd => ({
  endpoint: { ...endpoint, labels: undefined, workloads: undefined },
  address,
});
const far = ({ endpoint, address }: RecordedEnd): RecordedEnd => ({
  endpoint: { ...endpoint, ID: undefined, workloads: undefined },
  address,
});

/** What a node tells of a packet beside who sends it to whom. */
const told: fc.Arbitrary<object> = fc.oneof(
  fc.constantFrom(
    {},
    { trace_observation_point: "TO_ENDPOINT", traffic_direction: "INGRESS" },
    { trace_observation_point: "TO_OVERLAY" },
    { trace_observation_point: "FROM_ENDPOINT", is_reply: undefined },
    { is_reply: undefined, trace_reason: undefined },
    { is_reply: undefined, reply: true },
    { is_reply: true, trace_reason: "REPLY" },
    { Type: "SOCK", verdict: "TRACED" },
    { destination_names: ["api.example.com"] },
    { destination_service: { name: "api", namespace: "shop" } },
    { traffic_direction: undefined, node_name: "default/worker-2" },
    { l7: { type: "REQUEST", http: { method: "GET", url: "http://shop/items?page=2" } }, Type: "L7" },
    { l7: { type: "RESPONSE", http: { method: "GET", url: "http://shop/items" } }, Type: "L7", is_reply: true },
  ),
  fc
    .record({
      direction: fc.constantFrom("egress" as const, "ingress" as const),
      verdict: fc.constantFrom("FORWARDED" as const, "REDIRECTED" as const, "AUDIT" as const, "DROPPED" as const),
      by: fc.subarray([decidedBy("CiliumNetworkPolicy argocd/server"), decidedBy("NetworkPolicy shop/all")]),
    })
    .map(decided),
  fc.constantFrom("POLICY_DENIED", "POLICY_DENY", "STALE_OR_UNROUTABLE_IP").map((reason) => ({
    verdict: "DROPPED",
    drop_reason_desc: reason,
    is_reply: undefined,
    event_type: { type: 1 },
  })),
);

const recorded: fc.Arbitrary<object> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .record({
        ends: fc.tuple(end, end),
        seenFrom: fc.constantFrom<(end: RecordedEnd) => RecordedEnd>((one) => one, far, masked),
        port: fc.constantFrom(53, 80, 443, 5432, 8080, 43_512),
        protocol: fc.constantFrom("TCP" as const, "TCP" as const, "UDP" as const, "ICMP" as const),
        more: told,
      })
      .map(({ ends: [from, to], seenFrom, port, protocol, more }) =>
        flow(seenFrom(from), to, port, { protocol, more }),
      ),
  },
  fc
    .tuple(fc.constantFrom(...pods), fc.constantFrom("api.example.com", "github.com"), fc.subarray(addresses))
    .map(([asker, name, ips]) => dnsAnswer(asker, dns, name, ...ips)),
);

/** As many flows, of some kinds, in the order of time, a few of them stored twice, and some that are lost. */
function record(): string {
  const shapes = fc.sample(recorded, { numRuns: kinds, seed });
  const numbers = fc.sample(fc.nat(), { numRuns: flows, seed });
  const lines = numbers.flatMap((number, i) => {
    const time = new Date(Date.UTC(2026, 10, 24) + i * 2500).toISOString().replace(/0*Z$/, "Z").replace(".Z", "Z");
    const uuid = `${i.toString(16).padStart(8, "0")}-1bce-5276-a133-d8ea5a78502b`;
    const shape = shapes[number % shapes.length];
    const event = JSON.stringify({ flow: { ...shape, time, uuid }, node_name: "default/worker-1", time });
    return i % 50 === 0 ? [event, event] : [event];
  });
  const lost = '{"lost_events":{"num_events_lost":"12"},"node_name":"default/worker-1","time":"2026-11-24T00:00:00Z"}';
  return [...lines, lost, '{"node_status":{"state_change":"NODE_UNAVAILABLE","node_names":["worker-9"]}}'].join("\n");
}

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
  this.timeout("3m");

  it(`give the same answers as the ${flows} flows that DuckDB has added up with the documented query`, async () => {
    const folder = temporaryFolder("aggregated");
    const [files, added] = [join(folder, "hubble"), join(folder, "aggregated")];
    for (const one of [files, added]) mkdirSync(one);
    writeFileSync(join(files, "flows.log"), record());
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
    for (const command of ["replay", "calibrate", "readiness"]) {
      assert.deepEqual(answer(command, added), answer(command, files), command);
    }
  });
});
