/** `netpol replay`: what the policies would do to connections that Hubble has recorded. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { clustersOf } from "../../cilium/hubble/cluster.ts";
import type { FindEndpoint } from "../../cilium/hubble/end.ts";
import type { FlowRecord, Reading } from "../../cilium/hubble/record.ts";
import { destinationNames, replay as replayRecord } from "../../cilium/hubble/replay.ts";
import { suggest } from "../../cilium/hubble/suggest.ts";
import { workloadFinder } from "../../cilium/hubble/workload.ts";
import { type ConfiguredCluster, enforcementOf, workloads } from "../../cilium/model/cluster.ts";
import { clusterLabel } from "../../cilium/policy/selector.ts";
import type { Inventory } from "../../cilium/reach/compile/inventory.ts";
import { renderPolicies } from "../../cilium/render/policies.ts";
import { loadSourceFiles } from "../../components/load.ts";
import { Failure } from "../failure.ts";
import { withProgress } from "../output/progress.ts";
import { printReport, type ReportFormat, reportFormats } from "../output/sections.ts";
import { projectFolder } from "../project.ts";
import { type Answer, dataOf, losses, reportOf, understood } from "../replayed.ts";
import { type ReadFlows, readFlows } from "../sources/flows.ts";
import { readRules, type Source, type SourceOptions, withSource } from "../sources/source.ts";

interface Options extends SourceOptions {
  readonly suggest?: true;
  readonly all?: true;
  readonly cluster?: string;
  readonly since?: number;
  readonly until?: number;
  readonly atLeast: number;
  readonly output: ReportFormat;
}

export default function replay(command: Command): void {
  command
    .argument("<flows...>", "Hubble records: files, folders, or - for standard input")
    .option("--namespace <name>", "only flows from or to this namespace; also that of objects that name none");
  withSource(command)
    .option(
      "--cluster <name>",
      "the cluster whose policies these are, where neither cilium-config nor the record tells",
    )
    .option("--since <time>", "only flows from then on: RFC 3339, or 90m, 24h, 7d before now", timeOf)
    .option("--until <time>", "only flows until then", timeOf)
    .option("--suggest", "print the lines that would declare what would be dropped")
    .option("--all", "print what the record did not use, too: declared flows, rules and names")
    .option("--at-least <percent>", "end with 2 if less of the record was understood", percentOf, 99)
    .addOption(new Option("-o, --output <format>", "how to print the answer").choices(reportFormats).default("table"))
    .addHelpText("after", help)
    .action(async (paths: string[], options: Options) => {
      if (paths.includes("-") && options.from === "-") {
        throw new Failure("standard input holds either the flows or the policies; name a file for one of them");
      }
      // The pods are those of the record.
      const source = await readRules(options);
      if (options.suggest && source.program === undefined) {
        throw new Failure("--suggest writes lines for the program; leave out --from, --git and --context");
      }
      const read = await withProgress("reading flows", readFlows(paths, readingOf(options, source)));
      if (read.record.flows === 0) throw nothingToReplay(paths, read);
      for (const problem of read.problems) process.stderr.write(`${problem}\n`);
      const cluster = clusterName(options, source, read.record);
      const inventory = { ...source.inventory, cluster };
      const answer = await answerOf(read.record, source, inventory, options.suggest === true);
      const basis = { ...source.basis, notes: [...source.basis.notes, ...asEnforced(source)] };
      const complete = options.all === true || options.output === "md";
      const report = reportOf(read, source.title, answer, { complete, atLeast: options.atLeast });
      printReport({ ...report, data: dataOf(read, cluster, answer), basis }, options.output);
      const isUnsure = read.problems.length > 0 || understood(read.record) < options.atLeast;
      if (isUnsure || !answer.replay.isConcerned) process.exitCode = 2;
      else if (losses(answer.replay).length > 0) process.exitCode = 1;
    });
}

const help = `
Reads what \`hubble observe -o jsonpb\` prints and what Hubble's exporter writes: JSON lines, arrays or pretty-printed,
plain, gzip or zstd, also as container logs and as logcli and Elasticsearch give them back. Pods are told by the labels
in the record; the policies are judged as enforced, also where the stack observes. Ends with 2 where the record does not
carry an answer: it was cut off, too little of it was understood, or the policies select nobody in it.

Examples:
  hubble observe --since 24h -o jsonpb > flows.json && netpol replay flows.json
  netpol replay /var/run/cilium/hubble/ --suggest
  hubble observe --follow -o jsonpb | netpol replay -    (Ctrl-C ends the record and prints the answer)
  netpol replay flows.json --from manifests/ -o json`;

const milliseconds: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function timeOf(text: string): number {
  const [, count = "", unit = ""] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const ago = milliseconds[unit];
  const at = ago === undefined ? Date.parse(text) : Date.now() - Number(count) * ago;
  if (Number.isNaN(at)) throw new InvalidArgumentError("write 2026-11-24T21:00:00Z, or 90m, 24h, 7d for so long ago");
  return at;
}

function percentOf(text: string): number {
  const percent = Number(text);
  if (!(percent >= 0 && percent <= 100)) throw new InvalidArgumentError("write a number from 0 to 100");
  return percent;
}

const readingOf = ({ since, until, namespace }: Options, source: Source): Reading => ({
  ...(since !== undefined && { since }),
  ...(until !== undefined && { until }),
  ...(namespace !== undefined && { namespace }),
  findEndpoint: endpointFinder(source),
});

/** Finds pods by their own names, by those of their workloads, and by their addresses. */
function endpointFinder({ inventory, replicas }: Source): FindEndpoint {
  const byName = new Map(inventory.endpoints.map((endpoint) => [`${endpoint.namespace}/${endpoint.name}`, endpoint]));
  const byAddress = new Map(
    inventory.endpoints.flatMap((endpoint) =>
      (endpoint.addresses ?? []).map((address) => [address, endpoint] as const),
    ),
  );
  return ({ namespace, names, address }) => {
    const named = names.map((name) => `${namespace}/${name}`);
    const found = named.map((name) => byName.get(name) ?? byName.get(replicas.get(name) ?? "")).find(Boolean);
    return found ?? (address === undefined ? undefined : byAddress.get(address));
  };
}

function nothingToReplay(paths: readonly string[], { record, problems }: ReadFlows): Failure {
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
function clusterName({ cluster }: Options, { inventory, program, policies }: Source, record: FlowRecord): string {
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

async function answerOf(
  record: FlowRecord,
  { program, policies }: Source,
  inventory: Inventory,
  wanted: boolean,
): Promise<Answer> {
  if (program === undefined) {
    return { replay: replayRecord(record, policies, inventory, () => undefined, undefined), suggestions: undefined };
  }
  const cluster = enforced(program.cluster);
  const find = workloadFinder(cluster);
  const replay = replayRecord(record, renderPolicies(cluster), inventory, find, cluster);
  if (!wanted) return { replay, suggestions: undefined };
  const files = await loadSourceFiles(projectFolder());
  return { replay, suggestions: suggest(replay.dropped, cluster, files, find, destinationNames(record)) };
}

/** What the policies of a stack that only observes would do once they are enforced: that is the question. */
const enforced = (cluster: ConfiguredCluster): ConfiguredCluster => ({
  ...cluster,
  settings: { ...cluster.settings, enforcement: "enforce", namespaceEnforcement: {} },
});

function asEnforced({ program }: Source): string[] {
  if (program === undefined) return [];
  const { cluster } = program;
  const observing = workloads(cluster).filter((workload) => enforcementOf(cluster, workload) === "observe");
  return observing.length === 0
    ? []
    : [`${observing.length} policies of the stack only observe; they are judged as enforced`];
}
