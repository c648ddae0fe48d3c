/** `netpol calibrate`: whether the verdicts of policies are those that Hubble recorded in the cluster. */
import { type Command, Option } from "commander";
import { calibrate as calibrateRecord } from "../../cilium/hubble/calibrate.ts";
import { endNames } from "../../cilium/hubble/naming.ts";
import { workloadFinder } from "../../cilium/hubble/workload.ts";
import { agreement, dataOf, isReadable, reportOf } from "../calibrated.ts";
import { printReport, type ReportFormat, reportFormats } from "../output/sections.ts";
import { percentOf, type RecordOptions, readRecorded, withRecord } from "../record.ts";

interface Options extends RecordOptions {
  readonly atLeast: number;
  readonly output: ReportFormat;
}

export default function calibrate(command: Command): void {
  withRecord(command)
    .option("--at-least <percent>", "end with 1 if fewer of the compared connections agree", percentOf, 100)
    .addOption(new Option("-o, --output <format>", "how to print the answer").choices(reportFormats).default("table"))
    .addHelpText("after", help)
    .action(async (paths: string[], options: Options) => {
      const { source, read, inventory } = await readRecorded(paths, options);
      const { policies, program, objects, title, basis } = source;
      const find = program === undefined ? () => undefined : workloadFinder(program.cluster);
      const name = endNames(read.record, find, inventory.cluster);
      const broken = new Map(objects.malformed.map(({ name, reasons }) => [name, reasons.join("; ")]));
      const calibration = calibrateRecord(read.record, policies, inventory, name, broken);
      const report = reportOf(read, title, calibration);
      printReport({ ...report, data: dataOf(read, inventory.cluster, calibration), basis }, options.output);
      if (read.problems.length > 0 || calibration.compared === 0 || !isReadable(read.record)) process.exitCode = 2;
      else if (agreement(calibration) < options.atLeast) process.exitCode = 1;
    });
}

const help = `
Name the policies that were in force while the record was made, best as the cluster has them: --context. Each connection
is compared at the ends that are pods of that cluster: verdict, whether a proxy took it, and the policies that decided,
as far as the record tells (egress_allowed_by, ingress_denied_by, …, since Cilium 1.16). Where all agree, the verdicts of
every other command are those of that cluster. Ends with 2 where nothing can be compared.

Examples:
  hubble observe --since 1h -o jsonpb | netpol calibrate - --context prod
  netpol calibrate flows.json --from policies.yaml --configuration cilium-config.yaml --at-least 99.5`;
