/** `netpol init`: the project of a cluster that has policies already. */
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import type { FlowRecord } from "../../cilium/hubble/record.ts";
import { policyText, referenceTo } from "../../cilium/policy/parts.ts";
import { type Proof, witnessParties } from "../../cilium/prove/prove.ts";
import type { Inventory } from "../../cilium/reach/compile/inventory.ts";
import { describe } from "../../cilium/reach/report/diff-text.ts";
import { isEmpty } from "../../cilium/reach/report/difference.ts";
import { outcomeText, questionText } from "../../cilium/reach/report/explain.ts";
import { Failure } from "../failure.ts";
import { type Brought, bring, projectName } from "../init/bring.ts";
import type { Project } from "../init/files.ts";
import { deletionOf, findingsTable } from "../init/findings.ts";
import { type PackageOrigin, packageOrigin } from "../init/package.ts";
import { type Update, updateOf } from "../init/update.ts";
import { inNewFolder, requireNothing } from "../init/write.ts";
import { withProgress } from "../output/progress.ts";
import { printReport, type ReportFormat, reportFormats } from "../output/sections.ts";
import { counted } from "../recorded.ts";
import { readFlows } from "../sources/flows.ts";
import { readPolicies, requirePolicies, type Source, type SourceOptions, withSource } from "../sources/source.ts";

interface Options extends SourceOptions {
  readonly flows?: string;
  readonly repair?: true;
  readonly update?: true;
  readonly package?: string;
  readonly output: ReportFormat;
}

export default function init(command: Command): void {
  withSource(command.argument("<folder>", "the folder of the new project"))
    .option(
      "--package <spec>",
      "where npm gets this package from: a version, an archive, a Git URL (default: this version; of a checkout the archive that npm pack writes there)",
    )
    .option(
      "--flows <file>",
      "write flows of recorded traffic too, of workloads that deny nothing by default: a Hubble record, or a folder of them",
    )
    .option("--update", "say what a later state of the cluster has that the project does not, and write nothing")
    .option("--repair", "declare flows whole of which one end alone says so, which opens them")
    .addOption(new Option("-o, --output <format>", "how to print the answer").choices(reportFormats).default("table"))
    .addHelpText("after", help)
    .action(async (folder: string, options: Options) => {
      if (options.from === undefined && options.context === undefined && options.flows === undefined) {
        throw new Failure("name the policies to bring in: --from PATH or --context NAME; or traffic: --flows FILE");
      }
      if (!options.update) requireNothing(folder, ["package.json", "Pulumi.yaml", "cluster"]);
      const { flows, inventory } = options;
      // Of a cluster without policies only traffic is known, and perhaps pods.
      const from = options.from ?? (options.context === undefined ? (inventory ?? flows) : undefined);
      const source = await readPolicies({ ...options, ...(from !== undefined && { from }) });
      const record = flows === undefined ? undefined : await readRecord(flows);
      if (record === undefined) requirePolicies(source);
      if (options.update) {
        reportUpdate(folder, source, await updateOf(source, folder, options.stack), options.output);
        return;
      }
      const origin = packageOrigin(folder, options.package);
      const project = projectOf(folder, source, origin, options);
      const brought = await withProgress(
        "bringing in",
        inNewFolder(folder, (temporary) =>
          bring(source, project, temporary, { ...(options.repair && { repair: true }), ...(record && { record }) }),
        ),
      );
      report(folder, source, brought, origin, options.output);
    });
}

async function readRecord(path: string): Promise<FlowRecord> {
  const { record, problems } = await withProgress("reading flows", readFlows([path], {}));
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  if (record.flows === 0) throw new Failure(`${path} holds no flow that Hubble recorded`);
  return record;
}

const help = `
Writes a project whose policies allow exactly what those of the input do: the engine is asked about every pod, a pod without labels
in every namespace, entities, addresses and names, and the same is proved for every pod that could exist. Where a port's name becomes
a number, that holds for pods that give it the number of today's. Nothing that is there already is overwritten.

Examples:
  netpol init shop --context prod
  netpol init shop --from manifests/ --inventory pods.yaml
  netpol init shop --flows flows.json --inventory pods.yaml`;

const projectOf = (
  folder: string,
  { inventory }: Source,
  { spec }: PackageOrigin,
  { stack, context }: Options,
): Project => ({
  name: projectName(resolve(folder)),
  stack,
  packageSpec: spec,
  config: {
    clusterName: inventory.cluster,
    ...apiServerPort(inventory),
    ...(context !== undefined && { context }),
  },
});

/** Where pods reach the API server behind its Service, as far as that is known. */
function apiServerPort({ services = [] }: Inventory): { readonly apiServerPort?: number } {
  const service = services.find(({ namespace, name }) => namespace === "default" && name === "kubernetes");
  const ports = [
    ...(service?.backends ?? []).flatMap(({ ports }) => ports.map(({ port }) => port)),
    ...(service?.ports ?? []).map(({ targetPort }) => targetPort),
  ];
  const port = ports.find((port) => typeof port === "number");
  return port === undefined ? {} : { apiServerPort: port };
}

function report(
  folder: string,
  { basis, objects, title }: Source,
  brought: Brought,
  { made }: PackageOrigin,
  output: ReportFormat,
): void {
  const { program, translation, inventory, findings, plan, change, proof } = brought;
  const { kept } = translation;
  const { length } = program.policies;
  const name = (policy: Parameters<typeof referenceTo>[0]) => policyText(referenceTo(policy));
  const meanwhile = describe(plan.meanwhile);
  const repairs = change === undefined ? [] : describe(change).sentences;
  const others = change === undefined ? exceptionLines(proof) : [];
  const data = {
    folder,
    policies: length,
    ...(change === undefined && { proved: { proved: true, undecided: null, refuted: false }[proof.kind], others }),
    flows: program.cluster.flows.length,
    verbatim: kept.map(({ policy, reason }) => ({ policy: name(policy), reason })),
    findings,
    repaired: repairs.map(({ text }) => text),
    plan: {
      takenOver: plan.takenOver.map(name),
      created: plan.created.map(name),
      deleted: plan.deleted.map(name),
      meanwhile: meanwhile.summary,
    },
  };
  printReport(
    {
      summary: [
        `${folder} is written: the ${counted(plan.takenOver.length + plan.deleted.length, "policy", "policies")} of ${title} as ${counted(program.cluster.flows.length, "flow")} and ${counted(kept.length, "verbatim policy", "verbatim policies")}`,
        change === undefined
          ? `Nothing changes: no connection between ${counted(inventory.endpoints.length, "pod or workload", "pods or workloads")}, strangers in each of their namespaces, entities, addresses and names opens, closes or asks for anything else${proof.kind === "proved" ? ", which is proved for every pod that could exist" : "; what holds for others is said below"}`
          : `Repaired: ${describe(change).summary}`,
        `The first update takes over ${counted(plan.takenOver.length, "policy", "policies")} in place, creates ${plan.created.length}, and leaves ${plan.deleted.length} to be deleted; while both stand: ${meanwhile.summary}`,
      ],
      sections: [
        {
          title: "For pods that could exist",
          table: { columns: ["what changes"], rows: others.map((text) => [text]) },
        },
        {
          title: "Verbatim",
          table: { columns: ["policy", "why"], rows: kept.map(({ policy, reason }) => [name(policy), reason]) },
        },
        {
          title: "To be deleted after the first update",
          table: {
            columns: ["policy", "with"],
            rows: plan.deleted.map((policy) => [name(policy), deletionOf(policy)]),
          },
        },
        {
          title: "Repaired",
          table: { columns: ["what changes"], rows: repairs.map(({ text }) => [text]) },
        },
        {
          title: "Findings",
          table: findingsTable(findings),
        },
      ],
      data,
      basis,
      conclusion: `Next: ${made === undefined ? "" : `${made} && `}cd ${folder} && npm install && npx netpol check`,
    },
    output,
  );
  if (objects.malformed.length + objects.unplaced.length > 0 || (change === undefined && !isEmpty(plan.meanwhile)))
    process.exitCode = 1;
}

/** What differs for pods that there are not, or may. */
function exceptionLines(proof: Proof): string[] {
  switch (proof.kind) {
    case "proved":
      return [];
    case "undecided":
      return proof.reasons.map((reason) => `not decided whether anything does, because ${reason}`);
    case "refuted": {
      const { witness, before, after } = proof.counterexample;
      return [
        `${questionText(witness.question)} is ${outcomeText(before)} today, and then ${outcomeText(after)}`,
        ...witnessParties(witness),
      ];
    }
  }
}

function reportUpdate(
  folder: string,
  { title, basis }: Source,
  { files, verbatim }: Update,
  output: ReportFormat,
): void {
  const isNews = files.length + verbatim.length > 0;
  printReport(
    {
      summary: [
        isNews
          ? `${title} has what ${folder} does not say: add to ${files.map(({ file }) => file).join(", ") || "cluster/verbatim/"}`
          : `${title} has nothing that ${folder} does not say`,
      ],
      sections: [
        ...files.map(({ file, isNew, lines }) => ({
          title: isNew ? `${file}, which is new, and listed in cluster/cluster.ts` : file,
          table: { columns: ["line"], rows: lines.map((line) => [line]) },
        })),
        {
          title: "Verbatim",
          table: { columns: ["policy", "why"], rows: verbatim.map(({ policy, reason }) => [policy, reason]) },
        },
      ],
      data: { folder, files, verbatim },
      basis,
    },
    output,
  );
  if (isNews) process.exitCode = 1;
}
