/** `netpol readiness`: whether namespaces can be enforced, by what Hubble has recorded of them. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { judge } from "../../cilium/hubble/judge.ts";
import { readiness as readinessOf } from "../../cilium/hubble/readiness.ts";
import { replayJudged } from "../../cilium/hubble/replay.ts";
import { type Jobs, runsOf } from "../../cilium/hubble/runs.ts";
import { workloadFinder } from "../../cilium/hubble/workload.ts";
import { asEnforced, enforced, enforcedPolicies, underEnforcement } from "../enforced.ts";
import { printReport, type ReportFormat, reportFormats } from "../output/sections.ts";
import { dataOf, reportOf } from "../readied.ts";
import { percentOf, type RecordOptions, readRecorded, withRecord } from "../record.ts";
import { understood } from "../recorded.ts";
import type { Source } from "../sources/source.ts";

interface Options extends RecordOptions {
  readonly days: number;
  readonly atLeast: number;
  readonly output: ReportFormat;
}

export default function readiness(command: Command): void {
  withRecord(command)
    .option("--days <number>", "of how many days there has to be a record", daysOf, 7)
    .option("--at-least <percent>", "how much of a namespace's flows has to be judged", percentOf, 99)
    .addOption(new Option("-o, --output <format>", "how to print the answer").choices(reportFormats).default("table"))
    .addHelpText("after", help)
    .action(async (paths: string[], options: Options) => {
      const { source, read, ...recorded } = await readRecorded(paths, options, enforcedPolicies);
      const inventory = underEnforcement(recorded.inventory);
      const { record, problems } = read;
      const cluster = source.program && enforced(source.program.cluster);
      const find = cluster === undefined ? () => undefined : workloadFinder(cluster);
      const policies = enforcedPolicies(source);
      const judged = judge(record, policies, inventory);
      const replay = replayJudged(record, policies, inventory, find, cluster, judged);
      const jobs = jobsOf(source);
      const runs = runsOf(record, jobs);
      const own = cluster?.namespaces.map(({ name }) => name) ?? [];
      const wanted = options.namespace === undefined ? own : [options.namespace];
      const all = readinessOf(record, policies, wanted, judged, replay, runs, options);
      const namespaces = all.namespaces.filter(
        ({ namespace }) => options.namespace === undefined || namespace === options.namespace,
      );
      const answer = { ...all, namespaces };
      const isKnown = jobs.cronJobs.length + jobs.jobs.length > 0;
      const shown = { complete: options.output !== "table", isKnown, atLeast: options.atLeast };
      const report = reportOf(read, source.title, answer, shown);
      const basis = { ...source.basis, notes: [...source.basis.notes, ...asEnforced(source)] };
      printReport({ ...report, data: dataOf(read, inventory.cluster, answer), basis }, options.output);
      if (problems.length > 0 || understood(record) < options.atLeast || !replay.isConcerned) process.exitCode = 2;
      else if (namespaces.some(({ reasons }) => reasons.length > 0)) process.exitCode = 1;
    });
}

/** What runs now and then, as far as the objects say that the policies are judged against. */
const jobsOf = ({ cluster, objects }: Source): Jobs => {
  const { cronJobs, jobs } = cluster ?? objects;
  return { cronJobs: cronJobs.map(({ object }) => object), jobs: jobs.map(({ object }) => object) };
};

function daysOf(text: string): number {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1) throw new InvalidArgumentError("write a number of days, from 1 on");
  return days;
}

const help = `
Judges like replay, and says of each namespace what speaks against enforcing it: connections, requests and lookups that
would be refused, too few days, days without a record, lost events, flows that are not judged, and runs of CronJobs and
Jobs that are not in the record. Those are known from the manifests or with --inventory (kubectl get cronjobs,jobs -A -o
yaml). What is declared and was never seen is listed, and speaks against nothing. Ends with 2 where the record does not
carry an answer.

Examples:
  netpol readiness /var/run/cilium/hubble/ --inventory cluster.yaml
  netpol readiness flows.json --namespace monitoring --days 14 -o md`;
