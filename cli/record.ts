/** A Hubble record, the policies that it is held against, and whose cluster they are: the same for every command. */
import { type Command, InvalidArgumentError } from "commander";
import { clustersOf } from "../cilium/hubble/cluster.ts";
import { distinctionsOf } from "../cilium/hubble/judge.ts";
import type { FlowRecord } from "../cilium/hubble/record.ts";
import type { Reading } from "../cilium/hubble/sums.ts";
import type { Policy } from "../cilium/policy/schema.ts";
import { clusterLabel } from "../cilium/policy/selector.ts";
import type { Inventory } from "../cilium/reach/compile/inventory.ts";
import { Failure } from "./failure.ts";
import { follow } from "./follow.ts";
import { withProgress } from "./output/progress.ts";
import { type ReadFlows, readFlows } from "./sources/flows.ts";
import { lokiSource } from "./sources/loki.ts";
import { readRules, type Source, type SourceOptions, withSource } from "./sources/source.ts";

export interface RecordOptions extends SourceOptions {
  readonly cluster?: string;
  readonly since?: number;
  readonly until?: number;
  readonly loki?: string;
  readonly lokiQuery: string;
}

export interface Recorded {
  readonly source: Source;
  readonly read: ReadFlows;
  /** The source's, under the cluster's name. */
  readonly inventory: Inventory;
}

/** Adds the record, the options that choose what of it counts, and those that choose a source. */
export function withRecord(command: Command): Command {
  command
    .argument("[flows...]", "Hubble records: files, folders, or - for standard input")
    .option("--namespace <name>", "only flows from or to this namespace; also that of objects that name none");
  return withSource(command)
    .option(
      "--cluster <name>",
      "the cluster whose policies these are, where neither cilium-config nor the record tells",
    )
    .option("--since <time>", "only flows from then on: RFC 3339, or 90m, 24h, 7d before now", timeOf)
    .option("--until <time>", "only flows until then", timeOf)
    .option("--loki <url>", "read the lines that a Loki holds, from --since on (1h)")
    .option("--loki-query <logql>", "which lines of it", '{app="hubble"}');
}

/**
 * Reads the policies, then the record; what could not be read of it is told on standard error.
 * @param judged the policies that the record will be held against, if not the source's own
 * @throws Failure where there is no flow, or nothing tells whose cluster it is
 */
export async function readRecorded(
  paths: readonly string[],
  options: RecordOptions,
  judged: (source: Source) => readonly Policy[] = ({ policies }) => policies,
): Promise<Recorded> {
  const { loki, lokiQuery, since, until } = options;
  const source = await readBeforehand(paths, options);
  const stored = loki === undefined ? [] : [lokiSource(loki, lokiQuery, since, until)];
  const reading = readingOf(options, source, judged(source));
  const read = await withProgress("reading flows", readFlows(paths, reading, stored));
  return whole(paths, options, source, read);
}

export interface FollowOptions extends RecordOptions {
  /** In milliseconds. */
  readonly every: number;
}

/** Like `readRecorded`, of a record that goes on. @param told is given what there is by now */
export async function followRecorded(
  paths: readonly string[],
  options: FollowOptions,
  judged: (source: Source) => readonly Policy[],
  told: (recorded: Recorded) => Promise<void>,
): Promise<Recorded> {
  const { loki, lokiQuery, since, every } = options;
  const source = await readBeforehand(paths, options);
  const following = { paths, every, loki: loki === undefined ? undefined : { url: loki, query: lokiQuery, since } };
  const reading = readingOf(options, source, judged(source));
  const read = await follow(following, reading, (now) => told(recordedBy(options, source, now)));
  return whole(paths, options, source, read);
}

/** The policies; the pods are those of the record. */
async function readBeforehand(paths: readonly string[], options: RecordOptions): Promise<Source> {
  if (paths.includes("-") && options.from === "-") {
    throw new Failure("standard input holds either the flows or the policies; name a file for one of them");
  }
  if (paths.length === 0 && options.loki === undefined) {
    throw new Failure("name the flows: files, folders, -, or --loki");
  }
  return readRules(options);
}

function whole(paths: readonly string[], options: RecordOptions, source: Source, read: ReadFlows): Recorded {
  const { loki } = options;
  if (read.record.flows === 0) throw nothingRecorded(loki === undefined ? paths : [...paths, loki], read);
  for (const problem of read.problems) process.stderr.write(`${problem}\n`);
  return recordedBy(options, source, read);
}

const recordedBy = (options: RecordOptions, source: Source, read: ReadFlows): Recorded => ({
  source,
  read,
  inventory: { ...source.inventory, cluster: clusterName(options, source, read.record) },
});

const milliseconds: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90m` in milliseconds. */
export function durationOf(text: string): number {
  const [, count = "", unit = ""] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const length = milliseconds[unit];
  if (length === undefined || Number(count) === 0)
    throw new InvalidArgumentError("write a duration, such as 30s or 5m");
  return Number(count) * length;
}

function timeOf(text: string): number {
  const at = /^\d+[smhd]$/.test(text) ? Date.now() - durationOf(text) : Date.parse(text);
  if (Number.isNaN(at)) throw new InvalidArgumentError("write 2026-11-24T21:00:00Z, or 90m, 24h, 7d for so long ago");
  return at;
}

/** A share in percent, from 0 to 100. */
export function percentOf(text: string): number {
  const percent = Number(text);
  if (!(percent >= 0 && percent <= 100)) throw new InvalidArgumentError("write a number from 0 to 100");
  return percent;
}

const readingOf = (
  { since, until, namespace }: RecordOptions,
  source: Source,
  policies: readonly Policy[],
): Reading => ({
  ...(since !== undefined && { since }),
  ...(until !== undefined && { until }),
  ...(namespace !== undefined && { namespace }),
  pods: { endpoints: source.inventory.endpoints, replicas: source.replicas },
  distinctions: distinctionsOf(policies, source.inventory),
});

function nothingRecorded(paths: readonly string[], { record, problems }: ReadFlows): Failure {
  if (problems.length > 0) return new Failure(problems.join("\n"));
  const unread = [...record.unread].map(([reason, count]) => `${count} ${reason}`);
  const found = [...unread, ...(record.otherLines > 0 ? [`${record.otherLines} of something else`] : [])];
  const said = found.length === 0 ? "it is empty" : found.join(", ");
  return new Failure(`${paths.join(", ")}: no flow (${said}); write hubble observe -o jsonpb`);
}

/**
 * The cluster whose policies these are: a selector without a cluster means its pods only.
 * @throws Failure where nothing tells, and it matters
 */
function clusterName({ cluster }: RecordOptions, { inventory, program, policies }: Source, record: FlowRecord): string {
  const stated = cluster ?? inventory.configuration?.["cluster-name"];
  if (stated) return stated;
  if (program !== undefined) return inventory.cluster;
  const [recorded, ...others] = clustersOf(record);
  const advice = "name the cluster whose policies these are with --cluster, or bring its cilium-config";
  if (others.length > 0) {
    throw new Failure(`the record is of the clusters ${[recorded, ...others].join(", ")}; ${advice}`);
  }
  if (recorded === undefined && JSON.stringify(policies).includes(clusterLabel)) {
    throw new Failure(`the policies name clusters, and nothing in the record tells its own; ${advice}`);
  }
  return recorded ?? inventory.cluster;
}
