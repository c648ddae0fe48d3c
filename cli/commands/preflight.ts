/** `netpol preflight`: what will stop an update of a stack, and what it will overwrite. */
import { type Command, Option } from "commander";
import { namespaceOf } from "../../cilium/policy/parts.ts";
import { policyResources } from "../../cilium/policy/resources.ts";
import type { Policy } from "../../cilium/policy/schema.ts";
import { agentFindings } from "../../cilium/stored/agent.ts";
import { effects, type UpdateEffect, type UpdateFinding } from "../../cilium/stored/finding.ts";
import { policyFindings } from "../../cilium/stored/preflight.ts";
import { ownerOf } from "../../components/ownership.ts";
import { probeName } from "../../components/probe-workload.ts";
import type { Program } from "../../components/program.ts";
import { withProgress } from "../output/progress.ts";
import { printReport, type ReportFormat, reportFormats } from "../output/sections.ts";
import { projectFolder } from "../project.ts";
import { connect, currentContext } from "../sources/cluster.ts";
import { missingRights, type Rights } from "../sources/rights.ts";
import { readState } from "../sources/state.ts";
import { readStoredPolicies } from "../sources/stored-policies.ts";
import {
  type NamespaceState,
  type Read,
  readAgentConfiguration,
  readAgentVersion,
  readNamespaces,
} from "../sources/surroundings.ts";
import { readStack } from "../stack.ts";

interface Options {
  readonly stack: string;
  readonly context?: string;
  readonly output: ReportFormat;
}

export default function preflight(command: Command): void {
  command
    .option("-s, --stack <name>", "the stack that is to be updated", "prod")
    .option(
      "--context <name>",
      "the cluster, by its context in the kubeconfig; else the stack's own, else the current one",
    )
    .addOption(new Option("-o, --output <format>", "how to print the answer").choices(reportFormats).default("table"))
    .addHelpText("after", help)
    .action(async ({ stack, context: chosen, output }: Options) => {
      const program = await readStack(stack);
      const context = chosen ?? (program.config.context || (await currentContext()));
      const { findings, unread } = await withProgress(`reading ${context}`, look(program, stack, context));
      printReport(
        {
          summary: [summaryOf(context, stack, findings), ...unread.map((what) => `not looked at: ${what}`)],
          sections: [
            {
              title: "Before the update",
              table: {
                columns: ["effect", "about", "finding", "what to do"],
                rows: findings.map(({ effect, about, reason, fix }) => [effect, about, reason, fix]),
              },
            },
          ],
          data: { context, stack, findings, unread },
        },
        output,
      );
      if (findings.some(({ effect }) => effect !== "resumes")) process.exitCode = 1;
    });
}

const help = `
stops       the update fails at it
overwrites  the update replaces what somebody else has written (for edits of the stack's own policies, with --refresh)
defeats     the update succeeds, but Cilium does not do what the policies say
resumes     the update takes over what one that was cut off has created; by itself no reason to end with 1

Reads only. What may not be read is named as not looked at. The stack's state is read with the command pulumi.

Examples:
  netpol preflight --context prod
  netpol preflight --context prod -o json`;

interface Seen {
  readonly findings: readonly UpdateFinding[];
  /** What was not looked at, why, and what is therefore not known. */
  readonly unread: readonly string[];
}

async function look(program: Program, stack: string, context: string): Promise<Seen> {
  const { policies, config, cluster } = program;
  const api = await connect(context);
  const namespaces = [...new Set(policies.map(namespaceOf))].filter((namespace) => namespace !== undefined);
  const stored = await readStoredPolicies(context, namespaces, policies);
  const [states, rights, configuration, version, state] = await Promise.all([
    readNamespaces(api, context, namespaces),
    missingRights(api, context, needs(program, namespaces)),
    readAgentConfiguration(api, context),
    readAgentVersion(api, context),
    readState(stack, projectFolder()),
  ]);
  const [owner] = policies.map(ownerOf);
  const recorded = "recorded" in state ? state.recorded : undefined;
  const self = {
    owner: owner ?? "",
    rendered: policies,
    recorded,
    adoptExisting: config.adoptExisting,
    listsEverywhere: stored.everywhere,
  };
  const agent = { configuration: known(configuration), version: known(version) };
  const places = [...stored.unread].map((namespace) => namespace ?? "clusterwide");
  const findings = [
    ...[...stored.absent].map(missingKind),
    ...[...(known(states) ?? [])].flatMap(([name, state]) => namespaceFinding(name, state)),
    ...rights.map(rightsFinding),
    ...policyFindings(self, stored.policies, ownerOf),
    ...agentFindings(agent, policies, cluster.settings.clusterName),
  ];
  return {
    findings: effects.flatMap((effect) => findings.filter((finding) => finding.effect === effect)),
    unread: [
      ...unreadText(states, "whether the stack's namespaces are there is not known"),
      ...(stored.unread.size === 0 ? [] : [`policies that you may not list (${places.join(", ")})`]),
      ...("reason" in state ? [`the stack's state (${state.reason}): the marks on policies count instead`] : []),
      ...unreadText(configuration, "whether Cilium's configuration fits the program is not known"),
      ...unreadText(version, "which version of Cilium runs is not known"),
      ...("value" in version && version.value === undefined
        ? ["the version of Cilium: the image of DaemonSet kube-system/cilium names none"]
        : []),
    ],
  };
}

const known = <T>(read: Read<T>): T | undefined => ("value" in read ? read.value : undefined);

const unreadText = (read: Read<unknown>, consequence: string): string[] =>
  "refusal" in read ? [`the cluster ${read.refusal.reason}: ${consequence}`] : [];

/** What `pulumi up` does with the kinds that the program applies: server-side apply needs create and patch. */
function needs({ policies, cluster, config }: Program, namespaces: readonly string[]): Rights[] {
  const verbs = ["get", "list", "create", "patch", "delete"];
  // Whoever waits for a condition watches it.
  const waiting = [...verbs, "watch"];
  const policyVerbs = config.waitForValid ? waiting : verbs;
  const kinds = new Set(policies.map(({ kind }) => kind));
  const probed = cluster.namespaces.filter(({ workloads }) => workloads.some(({ name }) => name === probeName));
  return [
    ...Array.from(kinds, (kind) => {
      const { group, plural, isNamespaced } = policyResources[kind];
      return {
        group,
        resource: plural,
        verbs: group === "cilium.io" ? policyVerbs : verbs,
        namespaces: isNamespaced ? namespaces : undefined,
      };
    }),
    ...(probed.length > 0
      ? [
          {
            group: "batch",
            resource: "jobs",
            verbs: waiting,
            namespaces: probed.map(({ name }) => name),
          },
        ]
      : []),
  ];
}

const missingKind = (kind: Policy["kind"]): UpdateFinding => ({
  effect: "stops",
  about: kind,
  reason: "the cluster does not know this kind",
  fix: kind.startsWith("Cilium")
    ? "install Cilium, whose operator brings its CustomResourceDefinitions"
    : `install the CustomResourceDefinition of ${kind}`,
});

function namespaceFinding(name: string, state: NamespaceState): UpdateFinding[] {
  const finding = { effect: "stops", about: `namespace ${name}` } as const;
  switch (state) {
    case "present":
      return [];
    case "missing":
      return [
        {
          ...finding,
          reason: "does not exist; the preview does not notice",
          fix: `kubectl create namespace ${name}`,
        },
      ];
    case "terminating":
      return [
        {
          ...finding,
          reason: "is being deleted and takes nothing new",
          fix: "wait until it is gone and create it again",
        },
      ];
  }
}

function rightsFinding({ group, resource, verbs, namespaces }: Rights): UpdateFinding {
  const where = namespaces === undefined ? "" : ` in ${namespaces.join(", ")}`;
  return {
    effect: "stops",
    about: `${resource}.${group}`,
    reason: `you may not ${verbs.join(", ")} them${where}`,
    fix: `have a ${namespaces === undefined ? "ClusterRole" : "Role"} with these verbs bound to you`,
  };
}

const counted: Readonly<Record<UpdateEffect, (count: number) => string>> = {
  stops: (count) => `${count} ${count === 1 ? "thing stops" : "things stop"} it`,
  overwrites: (count) => `it overwrites ${count} ${count === 1 ? "thing" : "things"}`,
  defeats: (count) => `${count} ${count === 1 ? "thing defeats" : "things defeat"} it`,
  resumes: (count) => `it takes over ${count} ${count === 1 ? "policy" : "policies"} of an update that was cut off`,
};

function summaryOf(context: string, stack: string, findings: readonly UpdateFinding[]): string {
  const countOf = (effect: UpdateEffect): string[] => {
    const { length } = findings.filter((finding) => finding.effect === effect);
    return length === 0 ? [] : [counted[effect](length)];
  };
  const harm = effects.filter((effect) => effect !== "resumes").flatMap(countOf);
  const said = harm.length === 0 ? ["nothing stops it, and it overwrites nothing"] : harm;
  return `context ${context}, update of stack ${stack}: ${[...said, ...countOf("resumes")].join(", ")}`;
}
