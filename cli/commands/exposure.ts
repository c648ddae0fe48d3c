/** `netpol exposure`: who can get to a workload, and how far somebody gets who has taken it over. */
import type { Command } from "commander";
import { Option } from "commander";
import { peerText } from "../../cilium/reach/report/explain.ts";
import { exposure as exposureOf, type Path } from "../../cilium/reach/report/exposure.ts";
import { endReader } from "../ends.ts";
import { Failure } from "../failure.ts";
import { conditionList, flowsOf, portList, spanData } from "../flows.ts";
import { printReport, type ReportFormat, reportFormats, type Section } from "../output/sections.ts";
import { readSource, type SourceOptions, withSource } from "../sources/source.ts";
import { workloadsOf } from "../workloads.ts";

export default function exposure(command: Command): void {
  withSource(command.argument("<workload>", "namespace/workload or namespace/pod"))
    .addOption(new Option("-o, --output <format>", "how to print the answer").choices(reportFormats).default("table"))
    .addHelpText("after", help)
    .action(async (workload: string, options: SourceOptions & { readonly output: ReportFormat }) => {
      const source = await readSource(options);
      const named = endReader(source)(workload);
      if (named.kind !== "endpoint")
        throw new Failure(`${workload} is no workload; exposure is about namespace/workload`);
      const { inventory } = workloadsOf(source);
      const isWorkload = inventory.endpoints.some(({ namespace, name }) => `${namespace}/${name}` === workload);
      // Who asks about one pod means no other, and who asks about a workload its pods as one.
      const name = isWorkload ? workload : peerText(named);
      const { inbound, outbound } = exposureOf(flowsOf(isWorkload ? { ...source, inventory } : source), name);
      const data = { workload: name, inbound: inbound.map(pathData), outbound: outbound.map(pathData) };
      const summary = [summaryOf(name, "can be reached by", inbound), summaryOf(name, "can reach", outbound)];
      printReport({ summary, sections: sectionsOf(inbound, outbound), data, basis: source.basis }, options.output);
    });
}

const help = `
Paths lead from workload to workload: whoever controls one may use what it may reach. The shortest path is shown.
Its own node may always reach a workload, and is not listed for it.

Examples:
  netpol exposure argocd/server
  netpol exposure database/shared-pg --output json
  netpol exposure default/frontend --from manifests/ --inventory pods.yaml`;

const isDirect = ({ length }: Path): boolean => length === 1;

function summaryOf(name: string, verb: string, paths: readonly Path[]): string {
  const direct = paths.filter(isDirect).length;
  return `${name} ${verb} ${direct} directly and ${paths.length - direct} more by way of other workloads`;
}

const sectionsOf = (inbound: readonly Path[], outbound: readonly Path[]): Section[] => [
  section("Can reach it", "from", inbound.filter(isDirect), ([first]) => peerText(first.source.peer)),
  section("It can reach", "to", outbound.filter(isDirect), (path) => endOf(path)),
  indirect("Can reach it by way of others", "from", inbound, ([first]) => peerText(first.source.peer)),
  indirect("It can reach by way of others", "to", outbound, endOf),
];

const endOf = (path: Path): string =>
  path
    .slice(-1)
    .map(({ destination }) => peerText(destination.peer))
    .join("");

const section = (title: string, end: string, paths: readonly Path[], name: (path: Path) => string): Section => ({
  title,
  table: {
    columns: [end, "ports", "conditions"],
    rows: paths.map((path) => {
      const [{ spans }] = path;
      return [name(path), portList(spans), [...new Set(spans.flatMap(conditionList))].join("; ")];
    }),
  },
});

const indirect = (title: string, end: string, paths: readonly Path[], name: (path: Path) => string): Section => ({
  title,
  table: {
    columns: [end, "path"],
    rows: paths.filter((path) => !isDirect(path)).map((path) => [name(path), pathText(path)]),
  },
});

/** `argocd/cloudflared → argocd/server:8080 → argocd/redis:6379` */
const pathText = (path: Path): string =>
  [
    peerText(path[0].source.peer),
    ...path.map(({ destination, spans }) => `${peerText(destination.peer)}:${portList(spans)}`),
  ].join(" → ");

const pathData = (path: Path) => ({
  from: peerText(path[0].source.peer),
  to: endOf(path),
  path: path.map(({ source, destination, spans }) => ({
    from: peerText(source.peer),
    to: peerText(destination.peer),
    ports: spanData(spans),
  })),
});
