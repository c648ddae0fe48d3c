/** Rows under headings, as aligned text, as CSV and as a Markdown table: line by line, since a cluster has many flows. */
import { styleText } from "node:util";

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Aligned columns; the headings stand out on a terminal. */
export function* plain({ columns, rows }: Table, stream: NodeJS.WriteStream): Generator<string> {
  const widths = columns.map((column, i) =>
    rows.reduce((widest, row) => Math.max(widest, row[i]?.length ?? 0), column.length),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd();
  yield `${styleText("bold", line(columns.map((column) => column.toUpperCase())), { stream })}\n`;
  for (const row of rows) yield `${line(row)}\n`;
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
