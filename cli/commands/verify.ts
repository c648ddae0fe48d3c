/** `netpol verify`: whether a cluster has what the stack renders, and Cilium has accepted it. */
import { type Command, Option } from "commander";
import { namespaceOf } from "../../cilium/policy/parts.ts";
import { type Deviation, type Verification, verify as verifyPolicies } from "../../cilium/stored/verify.ts";
import { ownerOf } from "../../components/ownership.ts";
import { Failure } from "../failure.ts";
import { withProgress } from "../output/progress.ts";
import { printReport, type ReportFormat, reportFormats, type Section } from "../output/sections.ts";
import { absence, clusterFailure, currentContext } from "../sources/cluster.ts";
import { readStoredPolicies } from "../sources/stored-policies.ts";
import { readStack } from "../stack.ts";

interface Options {
  readonly stack: string;
  readonly context?: string;
  readonly output: ReportFormat;
}

export default function verify(command: Command): void {
  command
    .option("-s, --stack <name>", "the stack whose policies should be there", "prod")
    .option("--context <name>", "the cluster, by its context in the kubeconfig; its current one if left out")
    .addOption(new Option("-o, --output <format>", "how to print the answer").choices(reportFormats).default("table"))
    .addHelpText("after", help)
    .action(async ({ stack, context: chosen, output }: Options) => {
      const { policies } = await readStack(stack);
      const context = chosen ?? (await currentContext());
      const namespaces = [...new Set(policies.map(namespaceOf))].filter((namespace) => namespace !== undefined);
      const stored = await withProgress(`reading ${context}`, readStoredPolicies(context, namespaces, policies));
      for (const kind of stored.absent) throw clusterFailure(context, absence({ kind }));
      const [owner] = policies.map(ownerOf);
      const isRead = (namespace: string | undefined) => !stored.unread.has(namespace);
      const found = verifyPolicies(policies, stored.policies, isRead, ownerOf, owner ?? "");
      const unread = [...stored.unread].map((namespace) => namespace ?? "clusterwide policies");
      if (found.verified.length === 0)
        throw new Failure(`the cluster of context ${context} does not let you list its policies`);
      printReport(
        {
          summary: [
            summaryOf(context, stack, found),
            ...unread.map((what) => `${what}: not verified, you may not list these policies`),
          ],
          sections: sectionsOf(found),
          data: { context, stack, ...found, unread },
        },
        output,
      );
      if (unread.length > 0) process.exitCode = 2;
      else if (found.strangers.length > 0 || found.verified.some(({ problems }) => problems.length > 0))
        process.exitCode = 1;
    });
}

const help = `
For every policy: it is stored, its spec is the rendered one, it is marked as this stack's, and its condition Valid, which
Cilium's operator sets, is True. Policies of others in the stack's namespaces, and clusterwide ones, are listed.
Needs the right to list CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy objects. Ends with 2 when it may not.

Examples:
  netpol verify --context prod
  netpol verify --context prod -o json`;

function summaryOf(context: string, stack: string, { verified, strangers }: Verification): string {
  const good = verified.filter(({ problems }) => problems.length === 0).length;
  const others =
    strangers.length === 0
      ? ""
      : `; there ${strangers.length === 1 ? "is 1 policy" : `are ${strangers.length} policies`} of others too`;
  return `context ${context}: ${good} of ${verified.length} policies of stack ${stack} are stored as rendered and accepted by Cilium${others}`;
}

function sectionsOf({ verified, strangers }: Verification): Section[] {
  return [
    {
      title: "Not as it should be",
      table: {
        columns: ["policy", "problem"],
        rows: verified.flatMap(({ policy, problems }) =>
          problems.flatMap((problem) => [[policy, problemText(problem)]]),
        ),
      },
    },
    {
      title: "Fields that differ",
      table: {
        columns: ["policy", "field", "stored", "rendered"],
        rows: verified.flatMap(({ policy, problems }) =>
          problems.flatMap((problem) =>
            problem.kind === "drift"
              ? problem.fields.map(({ place, stored, rendered }) => [policy, place, stored, rendered])
              : [],
          ),
        ),
      },
    },
    {
      title: "Policies of others in the same namespaces",
      table: {
        columns: ["policy", "owner"],
        rows: strangers.map(({ policy, owner }) => [policy, owner ?? "says nothing of one"]),
      },
    },
  ];
}

function problemText(problem: Deviation): string {
  switch (problem.kind) {
    case "missing":
      return "is not in the cluster";
    case "foreign":
      return problem.owner === undefined ? "is not marked as this stack's" : `belongs to ${problem.owner}`;
    case "drift":
      return `${problem.fields.length} ${problem.fields.length === 1 ? "field differs" : "fields differ"} from what is rendered`;
    case "refused":
      return `Cilium refuses it and enforces none of its rules: ${problem.reason}`;
    case "not-judged":
      return "has no Valid condition: Cilium's operator has not looked at it";
  }
}
