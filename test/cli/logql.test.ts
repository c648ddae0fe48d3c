import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parser } from "@grafana/lezer-logql";
import type { End } from "../../cilium/hubble/end.ts";
import { recordReader } from "../../cilium/hubble/reading.ts";
import type { FlowRecord } from "../../cilium/hubble/record.ts";
import { decided, flow, host, line, pod, type RecordedEnd } from "../cilium/hubble/recorded.ts";
import { repository } from "../project.ts";

const [, query = ""] =
  /```logql\n([\s\S]*?)```/.exec(readFileSync(join(repository, "docs/aggregated.md"), "utf8")) ?? [];

type Found = { readonly name: string; readonly text: string; readonly within: readonly string[] };

/** What Grafana's grammar finds in the query, in its order. */
function parsed(): Found[] {
  const found: Found[] = [];
  const within: string[] = [];
  parser.parse(query).iterate({
    enter: ({ type, from, to }) => {
      const name = type.isError ? "error" : type.name;
      found.push({ name, text: query.slice(from, to), within: [...within] });
      within.push(name);
    },
    leave: () => {
      within.pop();
    },
  });
  return found;
}

const textsOf = (name: string, within: string): string[] =>
  parsed().flatMap((one) => (one.name === name && one.within.includes(within) ? [one.text] : []));
const unquoted = (text: string): string => text.replace(/^"(.*)"$/, "$1");

const extracted = new Map(
  textsOf("LabelExtractionExpression", "JsonExpressionParser").map((text) => {
    const [label = "", path = ""] = text.split("=");
    return [label, unquoted(path)];
  }),
);

/** The field that a path leads to, as Loki makes a label of it: lists and objects as their JSON. */
function labelAt(value: unknown, path: string): string {
  const [name = "", ...rest] = path.split(".");
  const field: unknown =
    typeof value === "object" && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
  if (rest.length > 0) return labelAt(field, rest.join("."));
  if (field === undefined) return "";
  return typeof field === "object" ? JSON.stringify(field) : `${field}`;
}

/** What Loki would answer: its documentation of LogQL, for the operators that the query has. */
function counted(lines: readonly string[]): string {
  const filters = textsOf("Matcher", "LabelFilter").map((text) => {
    const [, label = "", operator, value = ""] = /^(\w+)(!?=)(.*)$/.exec(text) ?? assert.fail(text);
    return ({ [label]: found = "" }: Record<string, string>): boolean =>
      (found === unquoted(value)) === (operator === "=");
  });
  const grouping = textsOf("Identifier", "Grouping");
  const counts = new Map<string, number>();
  for (const text of lines) {
    const labels = labelsOf(text);
    if (!filters.every((passes) => passes(labels))) continue;
    const metric = JSON.stringify(Object.fromEntries(grouping.map((label) => [label, labels[label] ?? ""])));
    counts.set(metric, (counts.get(metric) ?? 0) + 1);
  }
  const end = Date.parse("2026-11-24T22:00:00Z") / 1000;
  const result = Array.from(counts, ([metric, count]) => ({ metric: JSON.parse(metric), values: [[end, `${count}`]] }));
  return JSON.stringify({ status: "success", data: { resultType: "matrix", result } });
}

function labelsOf(text: string): Record<string, string> {
  try {
    const event: unknown = JSON.parse(text);
    return Object.fromEntries(Array.from(extracted, ([label, path]) => [label, labelAt(event, path)]));
  } catch {
    return { __error__: "JSONParserErr" };
  }
}

const web = pod({ namespace: "shop", name: "web", labels: { app: "web" } }, 1);
const api = pod({ namespace: "shop", name: "api", labels: { app: "api" } }, 2);
const elsewhere = ({ endpoint, address }: RecordedEnd): RecordedEnd => ({
  address,
  endpoint: { ...endpoint, ID: undefined, workloads: undefined },
});
const dropped = { ...decided({ direction: "ingress", verdict: "DROPPED" }), event_type: { type: 1 } };
const world = { identity: 2, labels: ["reserved:world"] };

/** A flow of each kind that the query has to tell from the others. */
const flows: readonly object[] = [
  flow(web, api, 9000),
  flow(web, api, 9000),
  flow(web, api, 9001, { more: decided({ direction: "egress", verdict: "FORWARDED" }) }),
  flow(web, elsewhere(api), 9002, { more: { trace_observation_point: "TO_OVERLAY" } }),
  flow(elsewhere(web), api, 9002, { more: dropped }),
  flow(web, api, 9003, { more: { ...dropped, l4: { TCP: { destination_port: 43_512, flags: { ACK: true } } } } }),
  flow(web, api, 9004, { protocol: "SCTP" }),
  flow(web, api, 9005, { protocol: "UDP" }),
  flow(web, api, 8, { protocol: "ICMP" }),
  flow(web, api, 128, { protocol: "ICMPv6" }),
  flow(web, api, 3, { protocol: "ICMP", more: { trace_reason: "RELATED" } }),
  flow(web, host, 10_250),
  flow(host, api, 9006, { more: { trace_observation_point: "TO_ENDPOINT", traffic_direction: "INGRESS" } }),
  flow(host, elsewhere(api), 9007, { more: { trace_observation_point: "TO_NETWORK" } }),
  flow({ ...host, endpoint: { ...host.endpoint, identity: 40_001 } }, api, 9008),
  flow(web, api, 9009, { more: { destination: world, destination_service: { name: "api", namespace: "shop" } } }),
  flow(web, api, 9010, { more: { source: { ...world, namespace: "shop", pod_name: "web-1" } } }),
  flow(web, api, 9011, { more: { event_type: { type: 3 } } }),
  flow(api, web, 43_512, { more: { is_reply: true } }),
];
const others = [
  'time="2026-11-24T21:00:00Z" level=info msg="Configuring Hubble event exporter"',
  '{"lost_events":{"num_events_lost":"12"},"node_name":"worker-1","time":"2026-11-24T21:00:00Z"}',
];

/** What tells connections, and what became of other flows, but for replies. */
function told({ connections, leftOut, notJudged }: FlowRecord): object {
  const endText = (end: End): string =>
    end.kind === "pod" ? JSON.stringify([end.namespace, end.labels]) : end.kind === "entity" ? end.entity : end.key;
  const reasons = [...leftOut, ...notJudged].filter(([reason]) => reason !== "replies");
  return {
    connections: connections
      .map(({ source, destination, protocol, port, passed, dropped, reached }) =>
        [endText(source), endText(destination), port, protocol, passed, dropped, reached].join(" "),
      )
      .sort(),
    reasons: Object.fromEntries(reasons),
  };
}

function read(...lines: readonly string[]): FlowRecord {
  const reader = recordReader();
  for (const one of lines) reader.add(one);
  return reader.record();
}

describe("The documented query for Loki", () => {
  it("is LogQL: it sums what it counts of an hour, by each label that it takes from a line", () => {
    assert.deepEqual(
      parsed().filter(({ name }) => name === "error"),
      [],
    );
    assert.deepEqual(textsOf("Sum", "VectorOp"), ["sum"]);
    assert.deepEqual(textsOf("CountOverTime", "RangeOp"), ["count_over_time"]);
    assert.deepEqual(textsOf("Duration", "Range"), ["1h"]);
    assert.deepEqual(textsOf("Identifier", "Grouping"), [...extracted.keys()]);
    for (const [label, path] of extracted) assert.equal(label.replaceAll("__", "."), path);
  });

  it("tells apart what the flows themselves tell", () => {
    const lines = [...flows.map(line), ...others];
    assert.deepEqual(told(read(counted(lines))), told(read(...lines)));
  });
});
