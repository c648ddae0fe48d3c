/** `netpol replay`: what the policies would do to connections that Hubble has recorded. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { destinationNames } from "../../cilium/hubble/naming.ts";
import type { FlowRecord } from "../../cilium/hubble/record.ts";
import { replay as replayRecord } from "../../cilium/hubble/replay.ts";
import { suggest } from "../../cilium/hubble/suggest.ts";
import { workloadFinder } from "../../cilium/hubble/workload.ts";
import type { Inventory } from "../../cilium/reach/compile/inventory.ts";
import { loadSourceFiles } from "../../components/load.ts";
import { asEnforced, enforced, enforcedPolicies, underEnforcement } from "../enforced.ts";
import { Failure } from "../failure.ts";
import { metricsText, serveMetrics } from "../metrics.ts";
import { printReport, type ReportFormat, reportFormats } from "../output/sections.ts";
import { projectFolder } from "../project.ts";
import {
  durationOf,
  type FollowOptions,
  followRecorded,
  percentOf,
  type Recorded,
  readRecorded,
  withRecord,
} from "../record.ts";
import { understood } from "../recorded.ts";
import { type Answer, dataOf, findings, losses, reportOf } from "../replayed.ts";
import { type Source, sourceChoice } from "../sources/source.ts";

interface Options extends FollowOptions {
  readonly suggest?: true;
  readonly all?: true;
  readonly atLeast: number;
  readonly follow?: true;
  readonly metrics?: number;
  readonly output: ReportFormat;
}

export default function replay(command: Command): void {
  withRecord(command)
    .option("--suggest", "print the lines that would declare what would be dropped")
    .option("--all", "print what the record did not use, too: declared flows, rules and names")
    .option("--at-least <percent>", "end with 2 if less of the record was understood and judged", percentOf, 99)
    .option("--follow", "go on reading until SIGTERM, SIGINT or the end of standard input; then answer")
    .addOption(
      new Option("--every <time>", "with --follow, how often what is new is told, on standard error")
        .argParser(durationOf)
        .default(60_000, "1m"),
    )
    .option("--metrics <port>", "with --follow, a port of 127.0.0.1 to offer the counts to Prometheus on", portOf)
    .addOption(new Option("-o, --output <format>", "how to print the answer").choices(reportFormats).default("table"))
    .addHelpText("after", help)
    .action(async (paths: string[], options: Options) => {
      const asked = ["every", "metrics"].find((name) => command.getOptionValueSource(name) === "cli");
      if (asked !== undefined && !options.follow)
        throw new Failure(`--${asked} is about a record that goes on; add --follow`);
      if (options.suggest && sourceChoice(options).kind !== "program") {
        throw new Failure("--suggest writes lines for the program; leave out --from, --git and --context");
      }
      const read = options.follow ? followed(paths, options) : readRecorded(paths, options, enforcedPolicies);
      await answerTo(await read, options);
    });
}

async function answerTo({ source, read, inventory }: Recorded, options: Options): Promise<void> {
  const answer = await answerOf(read.record, source, inventory, options.suggest === true);
  const basis = { ...source.basis, notes: [...source.basis.notes, ...asEnforced(source)] };
  const complete = options.all === true || options.output === "md";
  const report = reportOf(read, source.title, answer, { complete, atLeast: options.atLeast });
  printReport({ ...report, data: dataOf(read, inventory.cluster, answer), basis }, options.output);
  const isUnsure = read.problems.length > 0 || understood(read.record, answer.replay.notJudged) < options.atLeast;
  if (isUnsure || !answer.replay.isConcerned) process.exitCode = 2;
  else if (losses(answer.replay).length > 0) process.exitCode = 1;
}

/** Follows a record, tells what is new from time to time, and offers the counts as they were then. */
async function followed(paths: readonly string[], options: Options): Promise<Recorded> {
  let counts = "";
  const server = options.metrics === undefined ? undefined : await serveMetrics(options.metrics, () => counts);
  const known = new Set<string>();
  try {
    return await followRecorded(paths, options, enforcedPolicies, async ({ source, read, inventory }) => {
      const { replay } = await answerOf(read.record, source, inventory, false);
      counts = metricsText(read.record, replay);
      for (const finding of findings(replay)) {
        if (!known.has(finding)) process.stderr.write(`${new Date().toISOString().slice(0, 19)}Z ${finding}\n`);
        known.add(finding);
      }
    });
  } finally {
    server?.close();
    server?.closeAllConnections();
  }
}

function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new InvalidArgumentError("write a port, 1 to 65535");
  return port;
}

const help = `
Reads what \`hubble observe -o jsonpb\` prints and what Hubble's exporter writes: JSON lines, arrays or pretty-printed,
plain, gzip or zstd, also as container logs and as logcli and Elasticsearch give them back. Pods are told by the labels
in the record; the policies are judged as enforced, also where the stack or the agent only observes. Ends with 2 where
the record does not carry an answer: it was cut off, too little of it was understood and judged, or the policies select
nobody in it.

Examples:
  hubble observe --since 24h -o jsonpb > flows.json && netpol replay flows.json
  netpol replay /var/run/cilium/hubble/ --suggest
  hubble observe --follow -o jsonpb | netpol replay -    (Ctrl-C ends the record and prints the answer)
  netpol replay /var/run/cilium/hubble/ --follow --every 5m --metrics 9465
  netpol replay flows.json --from manifests/ -o json`;

async function answerOf(record: FlowRecord, source: Source, inventory: Inventory, wanted: boolean): Promise<Answer> {
  const cluster = source.program && enforced(source.program.cluster);
  const find = cluster === undefined ? () => undefined : workloadFinder(cluster);
  const replay = replayRecord(record, enforcedPolicies(source), underEnforcement(inventory), find, cluster);
  if (!wanted || cluster === undefined) return { replay, suggestions: undefined };
  const files = await loadSourceFiles(projectFolder());
  return { replay, suggestions: suggest(replay.dropped, cluster, files, find, destinationNames(record)) };
}
