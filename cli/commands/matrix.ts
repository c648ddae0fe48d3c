/** `netpol matrix`: which workload may connect to which. */
import type { Command } from "commander";
import type { Endpoint } from "../../cilium/reach/compile/inventory.ts";
import type { Connection } from "../../cilium/reach/report/connections.ts";
import { peerText } from "../../cilium/reach/report/explain.ts";
import { flowsOf, listed, portList, spanData } from "../flows.ts";
import { dot } from "../output/dot.ts";
import { basisText, type Format, print, withOutput } from "../output/format.ts";
import { readSource, type SourceOptions, withSource } from "../sources/source.ts";

export default function matrix(command: Command): void {
  withOutput(withSource(command), ["table", "json", "yaml", "csv", "md", "dot"])
    .addHelpText("after", help)
    .action(async (options: SourceOptions & { readonly output: Format }) => {
      const source = await readSource(options);
      const names = source.inventory.endpoints.filter(({ hostNetwork }) => !hostNetwork).map(nameOf);
      const flows = flowsOf(source).filter(isBetweenEndpoints);
      const cells = new Map(
        flows.map((flow) => [`${peerText(flow.source.peer)} ${peerText(flow.destination.peer)}`, flow]),
      );
      const ports = (from: string, to: string) => portList(cells.get(`${from} ${to}`)?.spans ?? []);
      const { basis } = source;
      if (options.output === "table") {
        process.stdout.write(`${drawn(names, (from, to) => cells.has(`${from} ${to}`))}\n${basisText(basis)}`);
      } else {
        const table = {
          columns: ["from", ...names],
          rows: names.map((from) => [from, ...names.map((to) => (cells.has(`${from} ${to}`) ? ports(from, to) : ""))]),
        };
        print({ table, data: dataOf(names, flows), basis, dot: () => dot(flows.flatMap(listed)) }, options.output);
      }
    });
}

const help = `
Rows connect to columns. The table marks what is allowed; csv, md and json name the ports.

Examples:
  netpol matrix
  netpol matrix --output csv > matrix.csv
  netpol matrix --git main --output dot | dot -Tsvg > matrix.svg`;

const nameOf = ({ namespace, name }: Endpoint): string => `${namespace}/${name}`;

const isBetweenEndpoints = ({ source, destination }: Connection): boolean =>
  source.peer.kind === "endpoint" && destination.peer.kind === "endpoint";

/** Columns go by the numbers of the rows: names are too long to stand side by side. */
function drawn(names: readonly string[], allowed: (from: string, to: string) => boolean): string {
  const digits = String(names.length).length;
  const width = Math.max(...names.map(({ length }) => length));
  const row = (head: string, cells: readonly string[]) =>
    `${head.padEnd(digits + 1 + width)} ${cells.map((cell) => cell.padStart(digits)).join(" ")}`.trimEnd();
  const lines = [
    row(
      "",
      names.map((_, index) => String(index + 1)),
    ),
    ...names.map((from, index) =>
      row(
        `${String(index + 1).padStart(digits)} ${from}`,
        names.map((to) => (allowed(from, to) ? "●" : "·")),
      ),
    ),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

const dataOf = (workloads: readonly string[], flows: readonly Connection[]) => ({
  workloads,
  allowed: flows.map(({ source, destination, spans }) => ({
    from: peerText(source.peer),
    to: peerText(destination.peer),
    ports: spanData(spans),
  })),
});
