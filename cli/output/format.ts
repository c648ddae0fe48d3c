/** The forms in which a command prints its answer. */
import { type Command, Option } from "commander";
import { yaml } from "../../cilium/render/yaml.ts";
import { csv, markdown, plain, type Table } from "./table.ts";

export type Format = "table" | "json" | "yaml" | "csv" | "md" | "dot";

/** One answer: rows for people and spreadsheets, data for programs, a graph where there is one. */
export interface Answer {
  readonly table: Table;
  readonly data: unknown;
  /** In the language of Graphviz. */
  readonly dot?: () => string;
}

/** Adds `--output` with the forms that make sense for a command, the usual one first. */
export const withOutput = (command: Command, formats: readonly [Format, ...Format[]]): Command =>
  command.addOption(
    new Option("-o, --output <format>", "how to print the answer").choices(formats).default(formats[0]),
  );

export function print(answer: Answer, format: Format): void {
  process.stdout.write(formatted(answer, format));
}

function formatted({ table, data, dot }: Answer, format: Format): string {
  switch (format) {
    case "table":
      return plain(table, process.stdout);
    case "csv":
      return csv(table);
    case "md":
      return markdown(table);
    case "json":
    case "yaml":
      return dataText(data, format);
    case "dot":
      return dot?.() ?? "";
  }
}

/** An answer for programs. */
export const dataText = (data: unknown, format: "json" | "yaml"): string =>
  format === "json" ? `${JSON.stringify(data, null, 2)}\n` : yaml(data);
