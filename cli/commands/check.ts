/** `netpol check`: what is wrong or odd about policies, before anybody applies them. */
import { styleText } from "node:util";
import type { Command } from "commander";
import { rings } from "../../cilium/model/order.ts";
import { policyName } from "../../cilium/policy/parts.ts";
import type { Policy } from "../../cilium/policy/schema.ts";
import { invalidities } from "../../cilium/policy/validity.ts";
import { compile } from "../../cilium/reach/compile/network.ts";
import { inspect } from "../../cilium/reach/report/inspect.ts";
import type { Oddity } from "../../cilium/reach/report/oddity.ts";
import type { PackConfig } from "../../policypack/config.ts";
import { basisText, type Format, print, withOutput } from "../output/format.ts";
import { packConfig, packFile, violations } from "../pack.ts";
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
  withOutput(withSource(command), ["table", "json", "yaml", "csv", "md"])
    .addHelpText("after", help)
    .option("--policy-pack-config <file>", "JSON file with the policy pack's config, over what the program declares")
    .action(async (options: Options) => {
      const source = await readSourceAsIs(options);
      if (source.objects.malformed.length + source.objects.unplaced.length === 0) requirePolicies(source);
      const findings = findingsOf(source, await packConfigFor(source, options));
      const serious = findings.filter(({ level }) => level !== "note");
      // What is broken is a finding.
      const basis = { ...source.basis, broken: [], notes: [...source.basis.notes, ...packNotes(options)] };
      if (options.output === "table") process.stdout.write(`${report(findings, source)}\n${basisText(basis)}`);
      else print({ table: tableOf(findings), data: { findings }, basis }, options.output);
      if (serious.length > 0) process.exitCode = 1;
    });
}

const help = `
Errors: the API server or Cilium would refuse the policy, rules contradict each other, or a mandatory rule of the policy
pack is violated.
Warnings: advisory rules of the pack, policies and peers that select nobody, ports that nobody names, flows that a
deny rule shadows. Notes: workloads that nothing may connect to, and those that are each other's servers; they do not
count as found.
The pack judges the program by what it declares of its cluster (netpol docs writes that to policypack/cluster.json); of
other policies' cluster it knows what --policy-pack-config says: workloads with probes, on the host's network or behind
TLSRoutes, and exemptions.
What selects nobody is judged against Pods: the program's workloads, or those of --inventory, --from or --context.

Examples:
  netpol check
  netpol check --from manifests/ --inventory pods.yaml
  netpol check --from manifests/ --policy-pack-config policypack/cluster.json
  kubectl get cnp,ccnp,pods,namespaces,nodes -A -o yaml | netpol check --from - -o json`;

interface Finding {
  readonly level: "error" | "warning" | "note";
  /** A rule of the policy pack, or what was inspected. */
  readonly rule: string;
  /** The policy, or the workload, as `namespace/name`. */
  readonly subject: string;
  /** The file and document, where the policy was read from one. */
  readonly file?: string;
  readonly message: string;
}

interface Options extends SourceOptions {
  readonly output: Format;
  readonly policyPackConfig?: string;
}

/** What the pack is told: policies of files or of a live cluster may be another cluster's than the program's. */
async function packConfigFor({ program }: Source, options: Options): Promise<PackConfig> {
  const isRevision = sourceChoice(options).kind === "revision";
  const { cluster } = program ?? (isRevision ? await readStack(options.stack) : {});
  return packConfig(cluster, options.policyPackConfig);
}

/** What the pack judges in ignorance of. */
const packNotes = (options: Options): string[] =>
  ["program", "revision"].includes(sourceChoice(options).kind) || options.policyPackConfig !== undefined
    ? []
    : [`the policy pack knows nothing of the cluster; tell it with --policy-pack-config, as ${packFile}`];

function findingsOf(source: Source, config: PackConfig): Finding[] {
  const byName = new Map(source.policies.map((policy) => [policyName(policy), policy]));
  const file = (policy: Policy | undefined) => {
    const place = policy && source.places.get(policy);
    return place === undefined ? {} : { file: place };
  };
  const { malformed, unplaced, twice, others } = source.objects;
  // Where there are no pods, no selector selects any, and where an object has two versions, there is no saying what it does.
  const hasWorld = source.inventory.endpoints.length > 0 && twice.length === 0;
  const oddities = hasWorld ? inspect(source.policies, compile(source.policies, source.inventory)) : [];
  return [
    ...twice.map(({ name, places }) => ({
      level: "error" as const,
      rule: "one-version",
      subject: name,
      file: places[0] ?? "",
      message: `${name}: stands differently in ${places.join(" and ")}; a cluster has one version of it`,
    })),
    ...unplaced.map(({ place, policy }) => ({
      level: "note" as const,
      rule: "without-namespace",
      subject: policy.metadata.name,
      file: place,
      message: `${policy.metadata.name}: has no namespace, so what it selects is not judged; name the namespace with --namespace`,
    })),
    ...unplaced.flatMap(({ place, policy }) =>
      invalidities(policy).map(({ place: at, reason, fix }) => ({
        level: "error" as const,
        rule: "agent-accepts",
        subject: policy.metadata.name,
        file: place,
        message: `${policy.metadata.name} ${at}: ${reason}. Instead: ${fix}.`,
      })),
    ),
    ...malformed.map(({ place, name, reasons }) => ({
      level: "error" as const,
      rule: "api-server-accepts",
      subject: name,
      file: place,
      message: `${name}: the API server refuses it: ${reasons.join("; ")}`,
    })),
    ...violations(source.policies, others, config).map(({ rule, level, policy, message }) => ({
      // An exemption is a decision, not a finding.
      level:
        rule === "exemptions" ? ("note" as const) : level === "advisory" ? ("warning" as const) : ("error" as const),
      rule,
      subject: policy === undefined ? "" : policyName(policy),
      ...file(policy),
      message,
    })),
    ...(source.program === undefined ? [] : rings(source.program.cluster)).map((ring) => ({
      level: "note" as const,
      rule: "ring",
      subject: ring.toSorted().join(", "),
      message: `${ring.toSorted().join(", ")} are each other's servers: nothing orders their policies when they are first applied`,
    })),
    ...oddities.map(({ kind, subject, place, problem, fix }) => ({
      level: levels[kind],
      rule: kind,
      subject,
      ...file(byName.get(subject)),
      message: `${[subject, place].join(" ").trim()}: ${problem}. Instead: ${fix}.`,
    })),
  ];
}

const levels = {
  "selects-nothing": "warning",
  "peer-selects-nothing": "warning",
  "port-without-name": "warning",
  "shadowed-by-deny": "warning",
  contradiction: "error",
  unreachable: "note",
} as const satisfies Record<Oddity["kind"], Finding["level"]>;

function report(findings: readonly Finding[], { title, policies, objects: { malformed, unplaced } }: Source): string {
  const unreachable = findings.filter(({ rule }) => rule === "unreachable").map(({ subject }) => subject);
  const lines = [
    ...findings
      .filter(({ rule }) => rule !== "unreachable")
      .map(({ level, rule, file, message }) =>
        line(level, `${rule}: ${file === undefined ? "" : `${file}: `}${message}`),
      ),
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
  const summary = `${title}: ${policies.length + malformed.length + unplaced.length} policies, ${counts.join(", ")}`;
  return [...lines, summary].map((text) => `${text}\n`).join("");
}

const line = (level: Finding["level"], text: string): string =>
  `${styleText(colours[level], level, { stream: process.stdout })} ${text}`;

const colours = { error: "red", warning: "yellow", note: "dim" } as const;

const tableOf = (findings: readonly Finding[]) => ({
  columns: ["level", "rule", "subject", "file", "message"],
  rows: findings.map(({ level, rule, subject, file = "", message }) => [level, rule, subject, file, message]),
});
