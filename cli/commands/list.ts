/** `netpol list`: every flow that the policies allow. */
import type { Command } from "commander";
import type { Connection } from "../../cilium/reach/report/connections.ts";
import { chosen, type FlowChoice, withFlowChoice, withPods } from "../flow-filter.ts";
import { certain, flowsOf, isDecidable, isGoverned, type ListedFlow, listed, spanData } from "../flows.ts";
import { dot } from "../output/dot.ts";
import { type Format, print, withOutput } from "../output/format.ts";
import { purposesOf } from "../purposes.ts";
import { readSource, type Source, type SourceOptions, withSource } from "../sources/source.ts";
import { counted, type Workloads, workloadsOf } from "../workloads.ts";

type Options = SourceOptions & FlowChoice & { readonly output: Format; readonly all?: true };

export default function list(command: Command): void {
  withPods(withFlowChoice(withOutput(withSource(command), ["table", "json", "yaml", "csv", "md", "dot"])))
    .option("-a, --all", "also flows that no policy governs, and those that are not decidable")
    .addHelpText("after", help)
    .action(async (options: Options) => {
      const source = await readSource(options);
      const { inventory, pods } = options.pods ? { ...source, pods: new Map() } : workloadsOf(source);
      const connections = flowsOf({ policies: source.policies, inventory });
      const isChosen = chosen(options, options.pods ? source : { inventory, replicas: new Map() });
      const flows = (options.all ? connections : connections.map(certain)).flatMap(listed).filter(isChosen);
      const notes = [...source.basis.notes, ...(options.all ? [] : unlisted(connections))];
      const basis = { ...source.basis, notes };
      print(
        {
          table: tableOf(flows, source, options.output === "csv" ? new Map() : pods),
          data: dataOf(flows, source, pods),
          basis,
          dot: () => dot(flows),
        },
        options.output,
      );
    });
}

const help = `
Ends are workloads or pods as namespace/name, Cilium's entities, CIDRs and DNS names that policies name; world is
everything outside the cluster that no policy names. A node may always reach its own pods, which is not listed.

Examples:
  netpol list
  netpol list --output csv > flows.csv
  netpol list --to-namespace database --port 5432
  netpol list --from manifests/ --inventory pods.yaml --output dot | dot -Tsvg > flows.svg`;

/** What the list says nothing of. */
function unlisted(connections: readonly Connection[]): string[] {
  const undecidable = connections.filter(({ spans }) => !spans.every(isDecidable)).length;
  const ungoverned = connections.filter(({ spans }) =>
    spans.every((span) => isDecidable(span) && !isGoverned(span)),
  ).length;
  return [
    ...(ungoverned > 0 ? [`${ungoverned} flows that no policy governs are left out; --all lists them`] : []),
    ...(undecidable > 0 ? [`${undecidable} flows that are not decidable are left out; --all lists them`] : []),
  ];
}

function tableOf(flows: readonly ListedFlow[], { program }: Source, pods: Workloads["pods"]) {
  const purpose = purposeOf(program);
  return {
    columns: ["from", "to", "ports", "conditions", ...(program === undefined ? [] : ["purpose"])],
    rows: flows.map((flow) => [
      counted(flow.from, pods),
      counted(flow.to, pods),
      flow.ports,
      flow.conditions.join("; "),
      ...(program === undefined ? [] : [purpose(flow)]),
    ]),
  };
}

function dataOf(flows: readonly ListedFlow[], { program }: Source, pods: Workloads["pods"]) {
  const purpose = purposeOf(program);
  return {
    flows: flows.map((flow) => ({
      from: flow.from,
      to: flow.to,
      ports: spanData(flow.spans),
      conditions: flow.conditions,
      ...(purpose(flow) !== "" && { purpose: purpose(flow) }),
    })),
    ...(pods.size > 0 && { pods: Object.fromEntries(pods) }),
  };
}

function purposeOf(program: Source["program"]): (flow: ListedFlow) => string {
  const purpose = purposesOf(program);
  return ({ from, to, spans }) =>
    purpose(
      from,
      to,
      spans.map((span) => `${span.from}/${span.protocol}`),
    );
}
