/** `netpol coverage`: which pods of a cluster the policies leave open, and which selectors and ports cover nothing. */
import { type Command, Option } from "commander";
import { workloadId, workloads } from "../../cilium/model/cluster.ts";
import { labelSelector } from "../../cilium/model/labels.ts";
import { didYouMean } from "../../cilium/model/names.ts";
import type { Endpoint } from "../../cilium/reach/compile/inventory.ts";
import {
  type Coverage,
  type CoveredPod,
  coverage as coverageOf,
  type DeclaredPorts,
  type PlacedSelector,
  type Selected,
} from "../../cilium/reach/report/coverage.ts";
import type { Program } from "../../components/program.ts";
import { Failure } from "../failure.ts";
import { withProgress } from "../output/progress.ts";
import { printReport, type ReportFormat, reportFormats, type Section } from "../output/sections.ts";
import { readCluster } from "../sources/cluster.ts";
import { readDocuments } from "../sources/documents.ts";
import { inventoryOfObjects, podId, workloadName } from "../sources/inventory.ts";
import { type Manifests, readManifests } from "../sources/manifests.ts";
import type { PodObject } from "../sources/objects.ts";
import { readSource, type SourceOptions, withSource } from "../sources/source.ts";
import { readStack } from "../stack.ts";

interface Options extends SourceOptions {
  readonly namespace?: readonly string[];
  readonly strict?: true;
  readonly output: ReportFormat;
}

export function coverage(netpol: Command): void {
  withSource(netpol.command("coverage"))
    .description(
      "find pods that the policies leave open, and selectors and ports that cover nothing; 1 if a pod is open",
    )
    .option("-n, --namespace <names...>", "only the pods and policies of these namespaces")
    .option("--strict", "1 also for selectors without a pod, pods of two policies and ports that no container names")
    .addOption(new Option("-o, --output <format>", "how to print the answer").choices(reportFormats).default("table"))
    .addHelpText("after", help)
    .action(async (options: Options) => {
      const { title, policies, manifests, program } = await read(options);
      const { inventory } = inventoryOfObjects(manifests, program?.cluster.settings.clusterName ?? "default");
      const known = new Map(
        inventory.endpoints.map((endpoint) => [`${endpoint.namespace}/${endpoint.name}`, endpoint]),
      );
      if (manifests.pods.length === 0) throw new Failure(`${options.inventory ?? title} holds no Pod to cover`);
      const pods = manifests.pods.flatMap((pod) => coveredPod(pod, known.get(podId(pod))));
      const chosen = new Set(options.namespace);
      for (const namespace of chosen) requireNamespace(namespace, pods);
      const isChosen = (namespace: string | undefined) => chosen.size === 0 || chosen.has(namespace ?? "");
      const declared = program === undefined ? [] : declaredPorts(program);
      const found = coverageOf(policies, pods, inventory, declared, isChosen);
      printReport({ summary: [summaryOf(title, found)], sections: sectionsOf(found), data: found }, options.output);
      if (isUncovered(found) || (options.strict && hasLoose(found))) process.exitCode = 1;
    });
}

const help = `
The pods come from a cluster (--context, with its policies) or from a file (--inventory, with the program's policies or
those of --from). A policy whose pods come and go, as those of Jobs, has selectors without a pod most of the time.

Examples:
  kubectl get pods,namespaces -A -o yaml > pods.yaml && netpol coverage --inventory pods.yaml
  netpol coverage --context prod --namespace argocd monitoring --strict`;

interface Subjects {
  readonly title: string;
  readonly policies: Manifests["policies"][number]["policy"][];
  readonly manifests: Manifests;
  /** The program, where its declared ports are to be compared. */
  readonly program: Program | undefined;
}

async function read(options: Options): Promise<Subjects> {
  const { context, inventory, stack } = options;
  if (context !== undefined) {
    const manifests = await withProgress(`reading ${context}`, readCluster(context));
    const policies = manifests.policies.map(({ policy }) => policy);
    return { title: `context ${context}`, policies, manifests, program: await readStack(stack) };
  }
  if (inventory === undefined) {
    throw new Failure(
      "name the pods to cover: --context, or --inventory with what kubectl get pods,namespaces -A -o yaml prints",
    );
  }
  const source = await readSource(options);
  const manifests = readManifests(readDocuments(inventory));
  return { title: source.title, policies: [...source.policies], manifests, program: source.program };
}

function coveredPod(pod: PodObject, endpoint: Endpoint | undefined): CoveredPod[] {
  if (endpoint === undefined) return [];
  const phase = pod.status?.phase;
  const owner = workloadName(pod);
  return [
    {
      endpoint,
      owner: owner === undefined ? podId(pod) : `${endpoint.namespace}/${owner}`,
      ended: phase === "Succeeded" || phase === "Failed",
      containerPorts: (pod.spec?.containers ?? []).flatMap(({ ports }) =>
        (ports ?? []).map(({ containerPort }) => containerPort),
      ),
    },
  ];
}

function requireNamespace(name: string, pods: readonly CoveredPod[]): void {
  const known = [...new Set(pods.map(({ endpoint }) => endpoint.namespace))].sort();
  if (known.includes(name)) return;
  throw new Failure(`no pod is in a namespace ${name}${didYouMean(name, known) || `; there are ${known.join(", ")}`}`);
}

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
  const selected = (list: readonly Selected[]) => list.map(({ owner, policies }) => [owner, policies.join(", ")]);
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
