/** The counts of a replay as Prometheus reads them, on a port of this machine alone. */
import { createServer, type Server } from "node:http";
import type { Group } from "../cilium/hubble/groups.ts";
import type { FlowRecord } from "../cilium/hubble/record.ts";
import type { Replay } from "../cilium/hubble/replay.ts";
import { Failure } from "./failure.ts";
import { understood } from "./recorded.ts";

/** More series than anybody looks at. */
const mostSeries = 1000;

/** In Prometheus' text format. */
export function metricsText(record: FlowRecord, replay: Replay): string {
  const groups = (list: readonly Group[], count: "passed" | "dropped"): Sample[] =>
    list.slice(0, mostSeries).map((group) => ({
      labels: { from: group.source, to: group.destination, port: group.port },
      value: group[count],
    }));
  const one = (value: number): Sample[] => [{ labels: {}, value }];
  const lastFlow = Date.parse(record.last) / 1000;
  return [
    metric("flows_total", "counter", "Flows that were read.", one(record.flows)),
    metric("lost_events_total", "counter", "Events that Hubble lost.", one(record.lostEvents)),
    metric("duplicates_total", "counter", "Events that were read before.", one(record.duplicates)),
    metric("understood_percent", "gauge", "How much of the record is understood.", one(understood(record))),
    metric(
      "last_flow_timestamp_seconds",
      "gauge",
      "When the last flow was.",
      Number.isNaN(lastFlow) ? [] : one(lastFlow),
    ),
    metric("connections", "gauge", "Different connections.", one(record.connections.length)),
    metric("allowed_flows_total", "counter", "Flows that the policies allow.", one(replay.allowed)),
    metric(
      "not_judged_flows_total",
      "counter",
      "Flows that are not judged, by reason.",
      [...replay.notJudged].map(([reason, value]) => ({ labels: { reason }, value })),
    ),
    metric(
      "would_drop_flows_total",
      "counter",
      "Flows that were let through and that the policies would drop.",
      groups(replay.dropped, "passed"),
    ),
    metric(
      "would_pass_flows_total",
      "counter",
      "Flows that were dropped and that the policies would let through.",
      groups(replay.newlyAllowed, "dropped"),
    ),
  ].join("");
}

type Sample = { readonly labels: Readonly<Record<string, string>>; readonly value: number };

function metric(name: string, type: "counter" | "gauge", help: string, samples: readonly Sample[]): string {
  const full = `netpol_replay_${name}`;
  return [
    `# HELP ${full} ${help}`,
    `# TYPE ${full} ${type}`,
    ...samples.map(({ labels, value }) => `${full}${labelsText(labels)} ${value}`),
    "",
  ].join("\n");
}

function labelsText(labels: Sample["labels"]): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

const escaped = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

/**
 * Answers `GET /metrics` on the loopback address until it is closed.
 * @throws Failure if the port is taken
 */
export async function serveMetrics(port: number, text: () => string): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    response.setHeader("content-type", "text/plain; version=0.0.4; charset=utf-8");
    response.end(text());
  });
  return new Promise((resolve, reject) => {
    server.once("error", ({ message }) => reject(new Failure(`no metrics on port ${port}: ${message}`)));
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
