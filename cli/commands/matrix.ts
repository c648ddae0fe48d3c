/** `netpol matrix`: which workload may connect to which. */
import type { Command } from "commander";
import type { Endpoint } from "../../cilium/reach/compile/inventory.ts";
import type { Connection } from "../../cilium/reach/report/connections.ts";
import { peerText } from "../../cilium/reach/report/explain.ts";
import { type NamespaceChoice, requireNamespaces, withPods } from "../flow-filter.ts";
import { flowsOf, listed, portList, spanData } from "../flows.ts";
import { dot } from "../output/dot.ts";
import { basisText, type Format, print, withOutput } from "../output/format.ts";
import { readSource, type SourceOptions, withSource } from "../sources/source.ts";
import { counted, type Workloads, workloadsOf } from "../workloads.ts";

type Options = SourceOptions & NamespaceChoice & { readonly output: Format; readonly pods?: true };

export default function matrix(command: Command): void {
  withPods(withOutput(withSource(command), ["table", "json", "yaml", "csv", "md", "dot"]))
    .option("--from-namespace <name>", "only the rows of a namespace")
    .option("--to-namespace <name>", "only the columns of a namespace")
    .addHelpText("after", help)
    .action(async (options: Options) => {
      const source = await readSource(options);
      requireNamespaces(options, source);
      const { inventory, pods } = options.pods ? { ...source, pods: new Map() } : workloadsOf(source);
      const names = inventory.endpoints.filter(({ hostNetwork }) => !hostNetwork).map(nameOf);
      const rows = names.filter(isIn(options.fromNamespace));
      const columns = names.filter(isIn(options.toNamespace));
      const flows = flowsOf({ policies: source.policies, inventory })
        .filter(isBetweenEndpoints)
        .filter(
          ({ source, destination }) =>
            isIn(options.fromNamespace)(peerText(source.peer)) && isIn(options.toNamespace)(peerText(destination.peer)),
        );
      const cells = new Map(
        flows.map((flow) => [`${peerText(flow.source.peer)} ${peerText(flow.destination.peer)}`, flow]),
      );
      const ports = (from: string, to: string) => portList(cells.get(`${from} ${to}`)?.spans ?? []);
      const { basis } = source;
      if (options.output === "table") {
        process.stdout.write(
          `${drawn(rows, columns, pods, (from, to) => cells.has(`${from} ${to}`))}\n${basisText(basis)}`,
        );
      } else {
        const table = {
          columns: ["from", ...columns],
          rows: rows.map((from) => [from, ...columns.map((to) => (cells.has(`${from} ${to}`) ? ports(from, to) : ""))]),
        };
        print(
          { table, data: dataOf(names, flows, pods), basis, dot: () => dot(flows.flatMap(listed)) },
          options.output,
        );
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

const isIn =
  (namespace: string | undefined) =>
  (name: string): boolean =>
    namespace === undefined || name.startsWith(`${namespace}/`);

/** Columns go by numbers, which are told before them: names are too long to stand side by side. */
function drawn(
  rows: readonly string[],
  columns: readonly string[],
  pods: Workloads["pods"],
  allowed: (from: string, to: string) => boolean,
): string {
  const heads = numbered(rows, pods);
  const isSquare = rows.length === columns.length;
  const digits = String(columns.length).length;
  const width = Math.max(0, ...heads.map(({ length }) => length));
  const row = (head: string, cells: readonly string[]) =>
    `${head.padEnd(width)} ${cells.map((cell) => cell.padStart(digits)).join(" ")}`.trimEnd();
  const lines = [
    ...(isSquare ? [] : [...numbered(columns, pods), ""]),
    row(
      "",
      columns.map((_, index) => String(index + 1)),
    ),
    ...rows.map((from, index) =>
      row(
        (isSquare ? heads[index] : counted(from, pods)) ?? "",
        columns.map((to) => (allowed(from, to) ? "●" : "·")),
      ),
    ),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function numbered(names: readonly string[], pods: Workloads["pods"]): string[] {
  const digits = String(names.length).length;
  return names.map((name, index) => `${String(index + 1).padStart(digits)} ${counted(name, pods)}`);
}

const dataOf = (workloads: readonly string[], flows: readonly Connection[], pods: Workloads["pods"]) => ({
  workloads,
  ...(pods.size > 0 && { pods: Object.fromEntries(pods) }),
  allowed: flows.map(({ source, destination, spans }) => ({
    from: peerText(source.peer),
    to: peerText(destination.peer),
    ports: spanData(spans),
  })),
});
