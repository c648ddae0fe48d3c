/** `netpol list`: every flow that the policies allow. */
import type { Command } from "commander";
import { flowsOf, type ListedFlow, listed, spanData } from "../flows.ts";
import { dot } from "../output/dot.ts";
import { type Format, print, withOutput } from "../output/format.ts";
import { purposesOf } from "../purposes.ts";
import { readSource, type Source, type SourceOptions, withSource } from "../sources/source.ts";

export function list(netpol: Command, root: string): void {
  withOutput(withSource(netpol.command("list")), ["table", "json", "yaml", "csv", "md", "dot"])
    .description("every flow that the policies allow at both ends")
    .addHelpText("after", help)
    .action(async (options: SourceOptions & { readonly output: Format }) => {
      const source = await readSource(options, root);
      const flows = flowsOf(source).flatMap(listed);
      print({ table: tableOf(flows, source), data: dataOf(flows, source), dot: () => dot(flows) }, options.output);
    });
}

const help = `
Ends are workloads or pods as namespace/name, Cilium's entities, CIDRs and DNS names that policies name.
Not listed: a node to its own pods, which is always allowed, and flows that no policy governs at either end.

Examples:
  netpol list
  netpol list --output csv > flows.csv
  netpol list --from manifests/ --inventory pods.yaml --output dot | dot -Tsvg > flows.svg`;

function tableOf(flows: readonly ListedFlow[], { program }: Source) {
  const purpose = purposesOf(program);
  return {
    columns: ["from", "to", "ports", "conditions", ...(program === undefined ? [] : ["purpose"])],
    rows: flows.map(({ from, to, ports, conditions }) => [
      from,
      to,
      ports,
      conditions.join("; "),
      ...(program === undefined ? [] : [purpose(from, to)]),
    ]),
  };
}

function dataOf(flows: readonly ListedFlow[], { program }: Source) {
  const purpose = purposesOf(program);
  return flows.map(({ from, to, spans, conditions }) => ({
    from,
    to,
    ports: spanData(spans),
    conditions,
    ...(purpose(from, to) !== "" && { purpose: purpose(from, to) }),
  }));
}
