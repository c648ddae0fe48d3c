/** `netpol check`: what is wrong or odd about policies, before anybody applies them. */
import { styleText } from "node:util";
import type { Command } from "commander";
import { policyText, referenceTo } from "../../cilium/policy/parts.ts";
import type { Redundant } from "../../cilium/prove/redundant.ts";
import { some } from "../../cilium/reach/report/oddity.ts";
import type { PackConfig } from "../../policypack/config.ts";
import { type Finding, findingsOf } from "../findings.ts";
import { basisText, type Format, print, withOutput } from "../output/format.ts";
import { withProgress } from "../output/progress.ts";
import { sarif } from "../output/sarif.ts";
import { packConfig, packFile } from "../pack.ts";
import {
  readSourceAsIs,
  requirePolicies,
  type Source,
  type SourceOptions,
  sourceChoice,
  withSource,
} from "../sources/source.ts";
import { readStack } from "../stack.ts";

export default function check(command: Command): void {
  withOutput(withSource(command), ["table", "json", "yaml", "csv", "md", "sarif"])
    .addHelpText("after", help)
    .option("--policy-pack-config <file>", "JSON file with the policy pack's config, over what the program declares")
    .option("--rules", "judge by the house rules of the policy pack too, which is so for the program")
    .option("--no-rules", "leave the house rules out")
    .option("--redundant", "name rules and policies that could go without any change, for every pod that could exist")
    .action(async (options: Options) => {
      const source = await readSourceAsIs(options);
      if (source.objects.malformed.length + source.objects.unplaced.length === 0) requirePolicies(source);
      const rules = wantsRules(options);
      const findings = [
        ...findingsOf(source, rules ? await packConfigFor(source, options) : undefined, isProgram(options)),
        ...(options.redundant ? await withProgress("proving", redundancies(source)) : []),
      ];
      const serious = findings.filter(({ level }) => level !== "note");
      // What is broken is a finding.
      const basis = {
        ...source.basis,
        broken: [],
        notes: [...source.basis.notes, ...(rules ? packNotes(options) : [])],
      };
      if (options.output === "table") process.stdout.write(`${report(findings, source)}\n${basisText(basis)}`);
      else if (options.output === "sarif") process.stdout.write(sarif(findings, source.objects.positions, basis));
      else print({ table: tableOf(findings), data: { findings }, basis }, options.output);
      if (serious.length > 0) process.exitCode = 1;
    });
}

const help = `
Faults are judged by the engine, with the pods of the program, or of --inventory, --from or --context:
  errors    the API server or Cilium would refuse the policy, rules contradict each other, a Service that is not there
            opens ports to everybody
  warnings  what has no effect (selectors, ports, names, addresses, Services that are nobody's; what a deny rule shadows;
            flows that are closed at their other end) or more than it seems to have
  notes     workloads that nothing may connect to, those that are each other's servers, and with --redundant what could go,
            each rule for itself; they do not count as found
House rules are those of the policy pack: its mandatory ones are errors, its advisory ones warnings. They are judged for
the program, and for other policies with --rules or --policy-pack-config. The pack judges the program by what it declares
of its cluster (netpol docs writes that to policypack/cluster.json); of other policies' cluster it knows what
--policy-pack-config says: workloads with probes, on the host's network or behind TLSRoutes, and exemptions.

Examples:
  netpol check
  netpol check --from manifests/ --inventory pods.yaml
  netpol check --from manifests/ --policy-pack-config policypack/cluster.json
  netpol check --from manifests/ -o sarif > netpol.sarif
  kubectl get cnp,ccnp,pods,namespaces,nodes -A -o yaml | netpol check --from - -o json`;

interface Options extends SourceOptions {
  readonly output: Format | "sarif";
  readonly policyPackConfig?: string;
  readonly rules?: boolean;
  readonly redundant?: true;
}

/** The prover is loaded only for those who ask. */
async function redundancies({ policies, inventory, places }: Source): Promise<Finding[]> {
  const { redundant, redundantText } = await import("../../cilium/prove/redundant.ts");
  return redundant({ policies, inventory }).map((one): Finding => {
    const file = places.get(one.policy);
    return {
      level: "note",
      rule: "redundant",
      subject: policyText(referenceTo(one.policy)),
      ...(file !== undefined && { file }),
      message: `${redundantText(one)}: could go without any change for any pod that could exist, as long as all else stays${saidBy(one)}`,
    };
  });
}

const saidBy = ({ within }: Redundant): string =>
  within === undefined ? "" : `; ${policyText(referenceTo(within))} alone says all of it`;

const isProgram = (options: Options): boolean => ["program", "revision"].includes(sourceChoice(options).kind);

/** House rules are those of whoever wrote the program; others have to ask for them. */
const wantsRules = (options: Options): boolean =>
  options.rules ?? (isProgram(options) || options.policyPackConfig !== undefined);

/** What the pack is told: policies of files or of a live cluster may be another cluster's than the program's. */
async function packConfigFor({ program }: Source, options: Options): Promise<PackConfig> {
  const isRevision = sourceChoice(options).kind === "revision";
  const { cluster } = program ?? (isRevision ? await readStack(options.stack) : {});
  return packConfig(cluster, options.policyPackConfig);
}

/** What the pack judges in ignorance of. */
const packNotes = (options: Options): string[] =>
  isProgram(options) || options.policyPackConfig !== undefined
    ? []
    : [`the policy pack knows nothing of the cluster; tell it with --policy-pack-config, as ${packFile}`];

function report(findings: readonly Finding[], { title, policies, objects: { malformed, unplaced } }: Source): string {
  const unreachable = findings.filter(({ rule }) => rule === "unreachable").map(({ subject }) => subject);
  const exempt = findings.filter(({ rule }) => rule === "exemptions");
  const isCounted = ({ rule }: Finding) =>
    rule === "unreachable" || (rule === "exemptions" && exempt.length > toldExemptions);
  const lines = [
    ...findings
      .filter((finding) => !isCounted(finding))
      .map(({ level, rule, file, message }) =>
        line(level, `${rule}: ${file === undefined ? "" : `${file}: `}${message}`),
      ),
    ...(exempt.length <= toldExemptions ? [] : [line("note", `exemptions: ${exemptText(exempt)}`)]),
    // One line for what is often as it should be.
    ...(unreachable.length === 0
      ? []
      : [
          line(
            "note",
            `unreachable: nothing may connect to ${unreachable.join(", ")}; that is right for those that only open connections`,
          ),
        ]),
  ];
  const counts = (["error", "warning", "note"] as const).map((level) => {
    const { length } = findings.filter((finding) => finding.level === level);
    return `${length} ${level}${length === 1 ? "" : "s"}`;
  });
  const count = policies.length + malformed.length + unplaced.length;
  const summary = `${title}: ${count === 1 ? "1 policy" : `${count} policies`}, ${counts.join(", ")}`;
  return [...lines, summary].map((text) => `${text}\n`).join("");
}

/** How many exemptions are told one by one: a project for a cluster that has policies begins with some for each of them. */
const toldExemptions = 10;

function exemptText(exempt: readonly Finding[]): string {
  const subjects = [...new Set(exempt.map(({ subject }) => subject))];
  return `${subjects.length} policies are exempt from rules of the pack in ${exempt.length} places: ${some(subjects)}; -o json and -o md tell each with its reason`;
}

const line = (level: Finding["level"], text: string): string =>
  `${styleText(colours[level], level, { stream: process.stdout })} ${text}`;

const colours = { error: "red", warning: "yellow", note: "dim" } as const;

const tableOf = (findings: readonly Finding[]) => ({
  columns: ["level", "rule", "subject", "file", "message"],
  rows: findings.map(({ level, rule, subject, file = "", message }) => [level, rule, subject, file, message]),
});
