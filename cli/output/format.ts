/** The forms in which a command prints its answer. */
import { type Command, Option } from "commander";
import { type Basis, basisLines } from "../../cilium/kubernetes/basis.ts";
import { yaml } from "../../cilium/render/yaml.ts";
import { csv, markdown, plain, type Table } from "./table.ts";

export type Format = "table" | "json" | "yaml" | "csv" | "md" | "dot";

/** One answer: rows for people and spreadsheets, data for programs, a graph where there is one; and what it rests on. */
export interface Answer {
  readonly table: Table;
  readonly data: object;
  readonly basis: Basis;
  /** In the language of Graphviz. */
  readonly dot?: () => string;
}

/** Adds `--output` with the forms that make sense for a command, the usual one first. */
export const withOutput = (command: Command, formats: readonly [Format | "sarif", ...(Format | "sarif")[]]): Command =>
  command.addOption(
    new Option("-o, --output <format>", "how to print the answer").choices(formats).default(formats[0]),
  );

export function print(answer: Answer, format: Format): void {
  write(formatted(answer, format));
  // A file of rows has no room for anything else.
  if (format === "csv") process.stderr.write(basisText(answer.basis));
}

/** Writes lines in portions, so that neither a line costs a write nor a long answer has to be one string. */
export function write(lines: Iterable<string>): void {
  let portion = "";
  for (const line of lines) {
    portion += line;
    if (portion.length < portionLength) continue;
    process.stdout.write(portion);
    portion = "";
  }
  process.stdout.write(portion);
}

const portionLength = 2 ** 16;

function* formatted({ table, data, basis, dot }: Answer, format: Format): Generator<string> {
  switch (format) {
    case "table":
      yield* plain(table, process.stdout);
      yield `\n${basisText(basis)}`;
      return;
    case "csv":
      yield* csv(table);
      return;
    case "md":
      yield* markdown(table);
      yield `\n${basisMarkdown(basis)}`;
      return;
    case "json":
    case "yaml":
      yield dataText({ ...data, basis }, format);
      return;
    case "dot":
      yield dot?.() ?? "";
      for (const line of basisLines(basis)) yield `// ${line}\n`;
  }
}

/** What an answer rests on, for people. */
export const basisText = (basis: Basis): string =>
  basisLines(basis)
    .map((line) => `${line}\n`)
    .join("");

/** The same as a Markdown list. */
export const basisMarkdown = (basis: Basis): string =>
  basisLines(basis)
    .map((line) => `- ${line.replaceAll(/[*_<|`]/g, "\\$&")}\n`)
    .join("");

/** An answer for programs. */
export const dataText = (data: unknown, format: "json" | "yaml"): string =>
  format === "json" ? `${JSON.stringify(data, null, 2)}\n` : yaml(data);
