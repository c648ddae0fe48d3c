import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import { decided, flow, line, pod } from "../cilium/hubble/recorded.ts";
import { sample } from "../project.ts";
import { netpol as netpolIn } from "./command.ts";
import { folderOf, shopPods, shopPolicies } from "./folder.ts";

const web = pod({ namespace: "shop", name: "web", labels: { app: "web" } }, 1);
const api = pod({ namespace: "shop", name: "api", labels: { app: "api" } }, 2);
const outsider = pod({ namespace: "attic", name: "box", labels: { app: "box" } }, 3);
const backup = (run: number) => {
  const { endpoint, address } = pod({ namespace: "shop", name: "backup", labels: { app: "db" } }, 4 + run);
  const workloads = [{ name: `backup-2973${run}000`, kind: "Job" }];
  return { endpoint: { ...endpoint, pod_name: `backup-2973${run}000-abcde`, workloads }, address };
};

const day = (number: number): string => `2026-11-${String(number).padStart(2, "0")}T12:00:00.000000001Z`;
const allowed = (number: number) => line(flow(web, api, 9000, { time: day(number) }));
const week = [1, 2, 3, 4, 5, 6, 7].map(allowed);

const template = { metadata: { labels: { app: "db" } }, spec: { containers: [] } };
const batch = (kind: string, name: string, more: object): string =>
  `---\n${JSON.stringify({ apiVersion: "batch/v1", kind, metadata: { name, namespace: "shop" }, ...more })}\n`;
const cronJob = (name: string, schedule: string, more: object = {}): string =>
  batch("CronJob", name, { spec: { schedule, ...more, jobTemplate: { spec: { template } } } });
const job = (name: string, ...conditions: object[]): string =>
  batch("Job", name, { spec: { template }, status: { conditions } });

function readiness(lines: readonly string[], jobs = "", ...args: string[]) {
  const folder = folderOf({
    "policies/shop.yaml": shopPolicies,
    "pods.yaml": shopPods + jobs,
    "flows.json": lines.join("\n"),
  });
  const paths = [
    join(folder, "flows.json"),
    "--from",
    join(folder, "policies"),
    "--inventory",
    join(folder, "pods.yaml"),
  ];
  return netpolIn(sample, "readiness", ...paths, ...args);
}

const answerSchema = z.looseObject({
  gaps: z.array(z.string()),
  namespaces: z.array(
    z.looseObject({
      namespace: z.string(),
      ready: z.boolean(),
      reasons: z.array(z.string()),
      runs: z.array(z.looseObject({ name: z.string(), state: z.string(), due: z.number() })),
    }),
  ),
});

function reasons(lines: readonly string[], jobs = "", ...args: string[]) {
  const { code, stdout, stderr } = readiness(lines, jobs, ...args, "-o", "json");
  assert.equal(stderr, "");
  const { namespaces, ...answer } = answerSchema.parse(JSON.parse(stdout));
  const shop = namespaces.find(({ namespace }) => namespace === "shop");
  assert.ok(shop);
  return { code, ...answer, shop, namespaces };
}

describe("netpol readiness", function () {
  this.timeout("1m");

  it("ends with 0 where a week was recorded and nothing speaks against enforcing", () => {
    const { code, stdout } = readiness(week);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /: 1 of 1 namespace ready to be enforced\n7 flows from 2026-11-01 12:00:00 to .*, of 7 days\n/,
    );
    assert.match(stdout, /\nno CronJob and no Job is known: whether all have run is not judged \(--inventory\)\n/);
    assert.match(stdout, /\nshop +yes +7 +2026-11-01 12:00:00 +2026-11-07 12:00:00 +7 +0 +0\n/);
    assert.doesNotMatch(stdout, /Not yet, because/);
  });

  const against: Readonly<Record<string, readonly [lines: readonly string[], reasons: readonly string[]]>> = {
    "too few days": [week.slice(0, 3), ["recorded on 3 of 7 days"]],
    "days without a record": [
      [...week.filter((_, i) => i !== 2), allowed(8), allowed(9)],
      ["nothing was recorded on 2026-11-03"],
    ],
    "lost events": [[...week, '{"lost_events":{"num_events_lost":"12"}}'], ["Hubble lost 12 events"]],
    "a node that was away": [
      [...week, '{"node_status":{"state_change":"NODE_UNAVAILABLE","node_names":["worker-2"]}}'],
      ["nothing came from worker-2"],
    ],
    "a connection that would be dropped": [
      [...week, line(flow(web, api, 9001, { time: day(7) }))],
      ["1 connection would be dropped"],
    ],
  };
  for (const [name, [lines, expected]] of Object.entries(against)) {
    it(`ends with 1 and says what speaks against: ${name}`, () => {
      const { code, shop } = reasons(lines);
      assert.deepEqual({ code, reasons: shop.reasons }, { code: 1, reasons: expected });
    });
  }

  it("counts a connection against the namespace at whose end it would be dropped, and names one without a record", () => {
    const { shop, namespaces } = reasons([...week, line(flow(outsider, api, 9001, { time: day(7) }))]);
    assert.deepEqual(shop.reasons, ["1 connection would be dropped"]);
    assert.deepEqual(
      namespaces.map(({ namespace }) => namespace),
      ["shop"],
      "no policy isolates the other one",
    );
    assert.deepEqual(reasons([line(flow(outsider, web, 8080))]).shop.reasons.at(-1), "1 connection would be dropped");
  });

  it("counts what would be dropped also where the agent only audits today", () => {
    const audit = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "cilium-config", namespace: "kube-system" },
      data: { "policy-audit-mode": "true" },
    };
    const recorded = [...week, line(flow(outsider, web, 9000, { time: day(2) }))];
    const { stdout } = readiness(recorded, `---\n${JSON.stringify(audit)}\n`);
    assert.match(stdout, /\nshop +1 connection would be dropped\n/);
  });

  it("does not count what was dropped when recorded, too", () => {
    const dropped = line(
      flow(web, api, 9001, { time: day(7), more: decided({ direction: "egress", verdict: "DROPPED" }) }),
    );
    assert.equal(reasons([...week, dropped]).code, 0);
  });

  it("says which CronJobs and Jobs have not run while it was recorded, by their schedules", () => {
    const jobs = [
      cronJob("backup", "0 3 * * *"),
      cronJob("report", "0 6 * * 1", { timeZone: "Europe/Berlin" }),
      cronJob("billing", "30 4 15 * *"),
      cronJob("paused", "@daily", { suspend: true }),
      cronJob("odd", "whenever"),
      job("migrate"),
      job("seed", { type: "Complete", status: "True" }),
    ].join("");
    const runs = [2, 3].map((run) =>
      line(
        flow(backup(run), api, 1, {
          time: day(run),
          more: { verdict: "DROPPED", drop_reason_desc: "POLICY_DENIED", is_reply: undefined },
        }),
      ),
    );
    const { code, shop } = reasons([...week, ...runs], jobs);
    assert.equal(code, 1);
    assert.deepEqual(
      shop.runs.map(({ name, state, due }) => [name, state, due]),
      [
        ["backup", "recorded", 6],
        ["report", "missing", 1],
        ["billing", "not due", 0],
        ["paused", "suspended", 6],
        ["odd", "unreadable schedule", 0],
        ["migrate", "missing", 0],
        ["seed", "finished", 0],
      ],
    );
    assert.deepEqual(shop.reasons, [
      "no run of CronJob report, which was due 1 time",
      "CronJob billing was not due before 2026-11-15 04:30",
      "no run of CronJob odd, whose schedule cannot be read",
      "no run of Job migrate",
    ]);
  });

  it("takes fewer days and the namespace that is asked for, and says nothing is there of one", () => {
    assert.equal(readiness(week.slice(0, 2), "", "--days", "2").code, 0);
    const { code, stdout } = readiness(week, "", "--namespace", "shop");
    assert.equal(code, 0);
    assert.match(stdout, /1 of 1 namespace ready/);
  });

  it("ends with 2 where the record does not carry an answer", () => {
    assert.equal(readiness([...week, "{"]).code, 2);
    assert.equal(readiness(week, "", "--cluster", "elsewhere").code, 2);
    const unknown = line(
      flow(web, api, 9000, { time: day(3), more: { is_reply: undefined, l4: { UDP: { destination_port: 1 } } } }),
    );
    const { code, stdout } = readiness([...week, "hello", unknown]);
    assert.equal(code, 2);
    assert.match(stdout, /^\S+: 1 of 1 namespace ready to be enforced, only 77\.77 % of the record was understood\n/);
    assert.match(
      stdout,
      /\nskipped: 1 lines that are no JSON\nnot judged: 1 flow \(1 since whether it is a reply was not recorded /,
    );
  });

  it("lists for the program's own policies what was declared and never seen, in Markdown", () => {
    const folder = folderOf({ "flows.json": week.join("\n") });
    const { stdout } = netpolIn(sample, "readiness", join(folder, "flows.json"), "-o", "md");
    assert.match(stdout, /\n### Declared, never seen\n\n\| from \| to \| ports \| pods \|\n/);
    assert.match(stdout, /\n\| monitoring \| nothing of it is in the record \|\n/);
  });
});
