/** `netpol coverage`: which pods of a cluster the policies leave open, and which selectors and ports cover nothing. */
import { type Command, Option } from "commander";
import { endpointOf, namespaceLabels } from "../../cilium/kubernetes/inventory.ts";
import { hasEnded, type KnownPod, podId, podsOf } from "../../cilium/kubernetes/pods.ts";
import type { Objects } from "../../cilium/kubernetes/read.ts";
import { workloadId, workloads } from "../../cilium/model/cluster.ts";
import { labelSelector } from "../../cilium/model/labels.ts";
import {
  type Coverage,
  type CoveredPod,
  coverage as coverageOf,
  type DeclaredPorts,
  type PlacedSelector,
  type SelectedPods,
} from "../../cilium/reach/report/coverage.ts";
import type { Program } from "../../components/program.ts";
import { requireNamespace } from "../ends.ts";
import { Failure } from "../failure.ts";
import { printReport, type ReportFormat, reportFormats, type Section } from "../output/sections.ts";
import { findProject } from "../project.ts";
import { readSource, type Source, type SourceOptions, withSource } from "../sources/source.ts";
import { readStack } from "../stack.ts";

interface Options extends Omit<SourceOptions, "namespace"> {
  readonly namespace?: readonly string[];
  readonly output: ReportFormat;
}

export default function coverage(command: Command): void {
  command
    .option("-n, --namespace <names...>", "only the pods and policies of these namespaces")
    .option(
      "--strict",
      "1 also for selectors without a pod, pods of two policies and ports that no container names; fail where anything of the input is left out or broken",
    );
  withSource(command)
    .addOption(new Option("-o, --output <format>", "how to print the answer").choices(reportFormats).default("table"))
    .addHelpText("after", help)
    .action(async (options: Options) => {
      const { title, policies, inventory, basis, cluster, program } = await read(options);
      const pods = coveredPods(cluster);
      const chosen = new Set(options.namespace);
      const endpoints = pods.map(({ endpoint }) => endpoint);
      for (const namespace of chosen) requireNamespace(namespace, endpoints);
      const isChosen = (namespace: string | undefined) => chosen.size === 0 || chosen.has(namespace ?? "");
      const declared = program === undefined ? [] : declaredPorts(program);
      const found = coverageOf(policies, pods, inventory, declared, isChosen);
      printReport(
        { summary: [summaryOf(title, found)], sections: sectionsOf(found), data: found, basis },
        options.output,
      );
      if (isUncovered(found) || (options.strict && hasLoose(found))) process.exitCode = 1;
    });
}

const help = `
The pods come from a cluster (--context, with its policies) or from files: with the policies of --from, or with the
program's by --inventory. A policy whose pods come and go, as those of Jobs, has selectors without a pod most of the time.

Examples:
  kubectl get pods,namespaces -A -o yaml > pods.yaml && netpol coverage --inventory pods.yaml
  netpol coverage --context prod --namespace argocd monitoring --strict`;

interface Subjects extends Pick<Source, "title" | "policies" | "inventory" | "basis"> {
  readonly cluster: Objects;
  /** The program, where its declared ports are to be compared. */
  readonly program: Program | undefined;
}

async function read({ namespace: _, ...options }: Options): Promise<Subjects> {
  const { context, inventory, from, stack } = options;
  if (context === undefined && inventory === undefined && from === undefined) {
    throw new Failure(
      "name the pods to cover: --context, or --inventory with what kubectl get pods,namespaces -A -o yaml prints",
    );
  }
  const source = await readSource(options);
  const { cluster } = source;
  if (cluster === undefined) throw new Failure(`${source.title} holds no Pod to cover`);
  return { ...source, cluster, program: context === undefined ? source.program : await ownProgram(stack) };
}

/** The project's program, for whoever asks about a cluster from within one. */
const ownProgram = async (stack: string): Promise<Program | undefined> =>
  findProject() === undefined ? undefined : readStack(stack);

/** All pods, those that have ended too. */
function coveredPods(cluster: Objects): CoveredPod[] {
  const namespaces = namespaceLabels(cluster);
  return podsOf(cluster).map((known) => ({
    endpoint: endpointOf(known.pod, namespaces),
    owner: ownerOf(known),
    ended: hasEnded(known.pod),
    containerPorts: (known.pod.spec?.containers ?? []).flatMap(({ ports }) =>
      (ports ?? []).map(({ containerPort }) => containerPort),
    ),
  }));
}

const ownerOf = ({ pod, workload }: KnownPod): string =>
  workload === undefined ? podId(pod) : `${workload.namespace}/${workload.name}`;

const declaredPorts = ({ cluster }: Program): DeclaredPorts[] =>
  workloads(cluster).map((workload) => ({
    workload: workloadId(workload),
    namespace: workload.namespace,
    selector: labelSelector(workload.labels),
    ports: Object.values(workload.ports).map(({ number }) => number),
  }));

const isUncovered = ({ refused, open, moot, stripped }: Coverage): boolean =>
  refused.length + open.length + moot.length + stripped.length > 0;

const hasLoose = ({ orphans, overlaps, missingPorts }: Coverage): boolean =>
  orphans.length + overlaps.length + missingPorts.length > 0;

function summaryOf(title: string, { namespaces, open }: Coverage): string {
  const pods = namespaces.reduce((sum, namespace) => sum + namespace.pods, 0);
  const openPods = open.reduce((sum, group) => sum + group.pods, 0);
  return `${title}: ${pods - openPods} of ${pods} pods are in default deny in both directions`;
}

function sectionsOf({
  namespaces,
  refused,
  open,
  moot,
  stripped,
  orphans,
  overlaps,
  missingPorts,
}: Coverage): Section[] {
  const placed = (list: readonly PlacedSelector[]) => list.map(({ policy, place, what }) => [policy, place, what]);
  const selected = (list: readonly SelectedPods[]) => list.map(({ owner, policies }) => [owner, policies.join(", ")]);
  const total = (of: (namespace: Coverage["namespaces"][number]) => number) =>
    String(namespaces.reduce((sum, namespace) => sum + of(namespace), 0));
  return [
    {
      title: "Pods in default deny",
      table: {
        columns: ["namespace", "pods", "ingress", "egress", "on nodes", "ended"],
        rows: [
          ...namespaces.map((n) => [n.namespace, ...[n.pods, n.ingress, n.egress, n.onNodes, n.ended].map(String)]),
          [
            "total",
            total((n) => n.pods),
            total((n) => n.ingress),
            total((n) => n.egress),
            total((n) => n.onNodes),
            total((n) => n.ended),
          ],
        ],
      },
    },
    {
      title: "Policies that Cilium refuses",
      table: {
        columns: ["policy", "place", "reason"],
        rows: refused.flatMap(({ policy, faults }) => faults.map(({ place, reason }) => [policy, place, reason])),
      },
    },
    {
      title: "Open pods",
      table: {
        columns: ["of", "pods", "open for"],
        rows: open.map(({ owner, pods, directions }) => [owner, String(pods), directions.join(" and ")]),
      },
    },
    {
      title: "Selected in vain: these pods share their node's network",
      table: { columns: ["of", "policies"], rows: selected(moot) },
    },
    {
      title: "Selectors on labels that Cilium strips from identities",
      table: { columns: ["policy", "place", "label"], rows: placed(stripped) },
    },
    {
      title: "Selectors that no pod satisfies",
      table: { columns: ["policy", "place", "selector"], rows: placed(orphans) },
    },
    { title: "Pods of two policies", table: { columns: ["of", "policies"], rows: selected(overlaps) } },
    {
      title: "Declared ports that no container names",
      table: {
        columns: ["workload", "ports"],
        rows: missingPorts.map(({ workload, ports }) => [workload, ports.join(", ")]),
      },
    },
  ];
}
