/** Rows under headings, as aligned text, as CSV and as a Markdown table: line by line, since a cluster has many flows. */
import { styleText } from "node:util";

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Aligned columns; on a terminal the headings stand out, and what is too wide for it goes on below its column. */
export function* plain({ columns, rows }: Table, stream: NodeJS.WriteStream): Generator<string> {
  const widest = (length: (cell: string) => number) =>
    columns.map((column, i) => rows.reduce((most, row) => Math.max(most, length(row[i] ?? "")), column.length));
  const natural = widest((cell) => cell.length);
  const longestWord = (cell: string) => Math.max(...cell.split(" ").map((word) => word.length));
  const widths = stream.isTTY ? fitting(natural, widest(longestWord), stream.columns) : natural;
  function* lines(cells: readonly string[]): Generator<string> {
    const wrapped = cells.map((cell, i) => wrap(cell, widths[i] ?? 0));
    const height = Math.max(...wrapped.map(({ length }) => length));
    for (let at = 0; at < height; at++) {
      const parts = wrapped.map((parts, i) => (parts[at] ?? "").padEnd(widths[i] ?? 0));
      yield `${parts.join(gap).trimEnd()}\n`;
    }
  }
  for (const line of lines(columns.map((column) => column.toUpperCase()))) yield styleText("bold", line, { stream });
  for (const row of rows) yield* lines(row);
}

const gap = "  ";

/** Takes from the widest column until all fit, but no column gets narrower than its longest word. */
function fitting(natural: readonly number[], least: readonly number[], available: number): number[] {
  const widths = [...natural];
  const excess = () => widths.reduce((sum, width) => sum + width, gap.length * (widths.length - 1)) - available;
  const slack = (i: number) => (widths[i] ?? 0) - (least[i] ?? 0);
  while (excess() > 0) {
    const [widest] = widths
      .flatMap((_, i) => (slack(i) > 0 ? [i] : []))
      .sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0));
    if (widest === undefined) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

/** Breaks at spaces. */
function wrap(cell: string, width: number): string[] {
  if (cell.length <= width) return [cell];
  const before = cell.lastIndexOf(" ", width);
  const space = before > 0 ? before : cell.indexOf(" ", width);
  return space < 0 ? [cell] : [cell.slice(0, space), ...wrap(cell.slice(space + 1), width)];
}

/** As RFC 4180 has it, with line feeds. */
export function* csv({ columns, rows }: Table): Generator<string> {
  yield `${columns.map(quoted).join(",")}\n`;
  for (const row of rows) yield `${row.map(quoted).join(",")}\n`;
}

const quoted = (cell: string): string => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

export function* markdown({ columns, rows }: Table): Generator<string> {
  for (const row of [columns, columns.map(() => "---"), ...rows]) yield `| ${row.map(escaped).join(" | ")} |\n`;
}

const escaped = (cell: string): string => cell.replaceAll("|", "\\|").replaceAll("\n", "<br>");
