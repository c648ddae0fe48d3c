/** Rows under headings, as aligned text, as CSV and as a Markdown table. */
import { styleText } from "node:util";

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Aligned columns; the headings stand out on a terminal. */
export function plain({ columns, rows }: Table, stream: NodeJS.WriteStream): string {
  const widths = columns.map((column, i) => Math.max(column.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) => cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ");
  const headings = styleText("bold", line(columns.map((column) => column.toUpperCase())).trimEnd(), { stream });
  return [headings, ...rows.map((row) => line(row).trimEnd())].map((text) => `${text}\n`).join("");
}

/** As RFC 4180 has it, with line feeds. */
export const csv = ({ columns, rows }: Table): string =>
  [columns, ...rows].map((row) => `${row.map(quoted).join(",")}\n`).join("");

const quoted = (cell: string): string => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

export const markdown = ({ columns, rows }: Table): string =>
  [columns, columns.map(() => "---"), ...rows].map((row) => `| ${row.map(escaped).join(" | ")} |\n`).join("");

const escaped = (cell: string): string => cell.replaceAll("|", "\\|").replaceAll("\n", "<br>");
