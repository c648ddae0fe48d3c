/** An answer of several parts: a heading and a table each, with sentences before and after. */
import { styleText } from "node:util";
import type { Basis } from "../../cilium/kubernetes/basis.ts";
import { basisMarkdown, basisText, dataText, write } from "./format.ts";
import { markdown, plain, type Table } from "./table.ts";

export interface Section {
  readonly title: string;
  readonly table: Table;
}

export type Report = {
  readonly summary: readonly string[];
  readonly sections: readonly Section[];
  readonly data: object;
  /** What the answer rests on, where that is not the summary's subject. */
  readonly basis?: Basis;
  /** Said again at the end, where the answer is longer than a screen. */
  readonly conclusion?: string;
};

export type ReportFormat = "table" | "md" | "json";

export const reportFormats = ["table", "md", "json"] as const;

/** More rows of one table than anybody reads on a terminal; the other formats have them all. */
const shownRows = 100;

/** Prints the parts that say something; those without a row are left out, and long ones cut on a terminal. */
export function printReport({ summary, sections, data, basis, conclusion }: Report, format: ReportFormat): void {
  const { stdout } = process;
  if (format === "json") {
    stdout.write(dataText({ ...data, ...(basis && { basis }) }, format));
    return;
  }
  stdout.write(summary.map((line) => `${line}\n`).join(format === "md" ? "\n" : ""));
  for (const { title, table } of sections) {
    if (table.rows.length === 0) continue;
    const heading = format === "md" ? `### ${title}\n` : styleText("bold", title, { stream: stdout });
    const shown = format === "md" ? table : { ...table, rows: table.rows.slice(0, shownRows) };
    stdout.write(`\n${heading}\n`);
    write(format === "md" ? markdown(shown) : plain(shown, stdout));
    const more = table.rows.length - shown.rows.length;
    if (more > 0) stdout.write(`… and ${more} more; -o json and -o md print all\n`);
  }
  if (basis !== undefined) stdout.write(`\n${format === "md" ? basisMarkdown(basis) : basisText(basis)}`);
  if (conclusion !== undefined && format === "table") stdout.write(`\n${conclusion}\n`);
}
