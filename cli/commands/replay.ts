/** `netpol replay`: what the policies would do to connections that Hubble has recorded. */
import { type Command, Option } from "commander";
import type { UnseenFlow } from "../../cilium/hubble/declared.ts";
import type { Group } from "../../cilium/hubble/groups.ts";
import type { FlowRecord, Times } from "../../cilium/hubble/record.ts";
import { destinationNames, type LookedUp, type Replay, replay as replayRecord } from "../../cilium/hubble/replay.ts";
import { type Suggestions, suggest } from "../../cilium/hubble/suggest.ts";
import { workloadFinder } from "../../cilium/hubble/workload.ts";
import { type ConfiguredCluster, enforcementOf, workloads } from "../../cilium/model/cluster.ts";
import { peerName } from "../../cilium/model/peers.ts";
import { portText } from "../../cilium/model/ports.ts";
import { renderPolicies } from "../../cilium/render/policies.ts";
import { linesOf } from "../../cilium/write/addition.ts";
import { loadSourceFiles } from "../../components/load.ts";
import { Failure } from "../failure.ts";
import { withProgress } from "../output/progress.ts";
import { printReport, type ReportFormat, reportFormats, type Section } from "../output/sections.ts";
import { projectFolder } from "../project.ts";
import { type ReadFlows, readFlows } from "../sources/flows.ts";
import { readRules, type Source, type SourceOptions, withSource } from "../sources/source.ts";

interface Options extends SourceOptions {
  readonly suggest?: true;
  readonly output: ReportFormat;
}

export default function replay(command: Command): void {
  withSource(command.argument("<flows...>", "Hubble records, or - for standard input"))
    .option("--suggest", "print the lines that would declare what would be dropped")
    .addOption(new Option("-o, --output <format>", "how to print the answer").choices(reportFormats).default("table"))
    .addHelpText("after", help)
    .action(async (files: string[], options: Options) => {
      if (files.includes("-") && options.from === "-") {
        throw new Failure("standard input holds either the flows or the policies; name a file for one of them");
      }
      // The pods are those of the record.
      const source = await readRules(options);
      if (options.suggest && source.program === undefined) {
        throw new Failure("--suggest writes lines for the program; leave out --from, --git and --context");
      }
      const read = await withProgress("reading flows", readFlows(files));
      if (read.record.flows === 0) throw nothingToReplay(files, read);
      for (const problem of read.problems) process.stderr.write(`${problem}\n`);
      const answer = await answerOf(read.record, source, options.suggest === true);
      const basis = { ...source.basis, notes: [...source.basis.notes, ...asEnforced(source)] };
      printReport({ ...reportOf(read, source, answer), data: dataOf(read, answer), basis }, options.output);
      if (read.problems.length > 0) process.exitCode = 2;
      else if (answer.replay.dropped.length + answer.replay.refused.length > 0) process.exitCode = 1;
    });
}

const help = `
Reads what \`hubble observe -o jsonpb\` prints and what Hubble's exporter writes: JSON lines, plain or gzip, several files
at once. Pods are told by the labels in the record; the policies are judged as enforced, also where the stack observes.

Examples:
  hubble observe --since 24h -o jsonpb > flows.json && netpol replay flows.json
  netpol replay events.log events-*.log.gz --suggest
  hubble observe --follow -o jsonpb | netpol replay -    (Ctrl-C ends the record and prints the answer)
  netpol replay flows.json --from manifests/ -o json`;

function nothingToReplay(files: readonly string[], { record, problems }: ReadFlows): Failure {
  const lines = record.otherLines + record.malformedLines;
  return new Failure(
    problems.length > 0
      ? problems.join("\n")
      : `${files.join(", ")}: no flow in ${lines} lines (${record.malformedLines} malformed); write hubble observe -o jsonpb`,
  );
}

interface Answer {
  readonly replay: Replay;
  readonly suggestions: Suggestions | undefined;
}

async function answerOf(
  record: FlowRecord,
  { program, policies, inventory }: Source,
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

function reportOf({ record, problems }: ReadFlows, { title }: Source, { replay, suggestions }: Answer) {
  const { dropped, stillDropped, refused, undeclared, unlisted, unseen, unusedRules, unusedNames } = replay;
  const sections: Section[] = [
    { title: "Would be dropped", table: groupTable(dropped, true) },
    { title: "Lookups that the DNS proxy would refuse", table: lookupTable(refused) },
    ...(suggestions === undefined ? [] : suggestionSections(suggestions)),
    { title: "Dropped when recorded, and by these policies too", table: groupTable(stillDropped, true) },
    { title: "Allowed, but stated by no flow", table: groupTable(undeclared, false) },
    { title: "Names looked up that no list of names covers", table: lookupTable(unlisted) },
    {
      title: "Not judged",
      table: {
        columns: ["reason", "flows"],
        rows: [...replay.notJudged].map(([reason, count]) => [reason, `${count}`]),
      },
    },
    {
      title: "Declared, never seen",
      table: { columns: ["from", "to", "ports", "pods"], rows: unseen.map(unseenCells) },
    },
    { title: "Rules that nothing used", table: { columns: ["rule"], rows: unusedRules.map((rule) => [rule]) } },
    {
      title: "Names in lists that nothing used",
      table: {
        columns: ["policy", "names", "pods"],
        rows: unusedNames.map(({ policy, names, podsSeen }) => [policy, names.join(", "), podsCell(podsSeen)]),
      },
    },
  ];
  const drops = dropped.reduce((sum, { passed }) => sum + passed, 0);
  const refusals = refused.reduce((sum, { count }) => sum + count, 0);
  const losses = [
    ...(drops > 0 ? [`${drops} of the flows that were let through would be dropped`] : []),
    ...(refusals > 0 ? [`${counted(refusals, "lookup")} would be refused`] : []),
  ];
  const conclusion = losses.join(", ") || "nothing that was let through would be dropped";
  const summary = [
    `${title}: ${conclusion}`,
    `${counted(record.flows, "flow")}${spanText(record)}: ${counts(record, replay)}`,
    ...incompleteness(record, problems),
    ...replay.otherClusters.map(
      (name) =>
        `pods of the record are in the cluster ${name}, whose name the policies do not know: these are not enforced there`,
    ),
  ];
  return { summary, sections };
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

const spanText = (times: Times): string => (times.first === "" ? "" : ` from ${timeCells(times).join(" to ")} UTC`);

function counts({ leftOut, malformedLines, connections }: FlowRecord, { allowed, notJudged }: Replay): string {
  const total = (map: ReadonlyMap<string, number>) => [...map.values()].reduce((sum, count) => sum + count, 0);
  const reasons = [...leftOut].map(([reason, count]) => `${count} ${reason}`).join(", ");
  return [
    `${allowed} allowed`,
    `${total(notJudged)} not judged`,
    `${total(leftOut)} left out${reasons === "" ? "" : ` (${reasons})`}`,
    counted(connections.length, "different connection"),
    ...(malformedLines > 0 ? [`lines that are no events: ${malformedLines}`] : []),
  ].join(", ");
}

function incompleteness({ lostEvents, missingNodes }: FlowRecord, problems: readonly string[]): string[] {
  const missing = [
    ...(lostEvents > 0 ? [`Hubble lost ${lostEvents} events`] : []),
    ...(missingNodes.size > 0 ? [`nothing came from ${[...missingNodes].join(", ")}`] : []),
    ...problems,
  ];
  return missing.length === 0 ? [] : [`this record is incomplete: ${missing.join("; ")}`];
}

const groupTable = (groups: readonly Group[], refused: boolean) => ({
  columns: ["from", "to", "port", ...(refused ? ["refused"] : []), "flows", "first", "last", "example"],
  rows: groups.map(({ source, destination, port, refusals, passed, dropped, example, ...times }) => [
    source,
    destination,
    port,
    ...(refused ? [refusals.join("; ")] : []),
    `${passed + dropped}${passed > 0 && dropped > 0 ? ` (${dropped} dropped)` : ""}`,
    ...timeCells(times),
    `${example.source} → ${example.destination}`,
  ]),
});

const lookupTable = (lookups: readonly LookedUp[]) => ({
  columns: ["workload", "name", "lookups", "first", "last"],
  rows: lookups.map(({ workload, name, count, ...times }) => [workload, name, `${count}`, ...timeCells(times)]),
});

/** `2026-11-24 21:03:11` */
const timeCells = ({ first, last }: Times): string[] =>
  [first, last].map((time) => time.slice(0, "2026-11-24T21:03:11".length).replace("T", " "));

const unseenCells = ({ flow, ports, sourceSeen }: UnseenFlow): string[] => [
  peerName(flow.from),
  peerName(flow.to),
  ports.map(portText).join(", "),
  podsCell(sourceSeen),
];

const podsCell = (seen: boolean): string => (seen ? "" : "none in the record");

function suggestionSections({ additions, without }: Suggestions): Section[] {
  return [
    {
      title: "Lines to add",
      table: {
        columns: ["file", "line"],
        rows: additions.flatMap((addition) => linesOf(addition).map((line) => [addition.file, line])),
      },
    },
    {
      title: "No line to suggest",
      table: {
        columns: ["from", "to", "port", "reason"],
        rows: without.map(({ group, reason }) => [group.source, group.destination, group.port, reason]),
      },
    },
  ];
}

function dataOf({ record, problems }: ReadFlows, { replay, suggestions }: Answer) {
  const { connections, lookups, names, leftOut, notJudged, missingNodes, ...counted } = record;
  return {
    record: {
      ...counted,
      connections: connections.length,
      leftOut: Object.fromEntries(leftOut),
      missingNodes: [...missingNodes],
    },
    problems,
    ...replay,
    dropped: replay.dropped.map(groupData),
    stillDropped: replay.stillDropped.map(groupData),
    undeclared: replay.undeclared.map(groupData),
    unseen: replay.unseen.map(({ flow, ports, sourceSeen }) => ({
      from: peerName(flow.from),
      to: peerName(flow.to),
      ports: ports.map(portText),
      sourceSeen,
    })),
    notJudged: Object.fromEntries(replay.notJudged),
    ...(suggestions !== undefined && {
      suggestions: suggestions.additions,
      unsuggested: suggestions.without.map(({ group, reason }) => ({ ...groupData(group), reason })),
    }),
  };
}

const groupData = ({ connections, byDenyRule, ...group }: Group) => group;
