/** How the files of `cluster/` are laid out: as Biome formats them. */

/** How long a line may be. */
export const width = 120;

/** A text in the quotes that it has fewer of, in double ones if in doubt. */
export function quoted(text: string): string {
  const literal = JSON.stringify(text);
  const count = (quote: string) => text.split(quote).length;
  if (count('"') <= count("'")) return literal;
  const inner = literal.slice(1, -1).replaceAll(/\\.|'/g, (part) => ({ '\\"': '"', "'": "\\'" })[part] ?? part);
  return `'${inner}'`;
}

const propertyName = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name));

/** A property of an object: `.https`, or `["https-metrics"]`. */
export const property = (name: string): string => (propertyName(name) === name ? `.${name}` : `[${quoted(name)}]`);

/** An object as code in a line. */
export function objectText<T>(object: Readonly<Record<string, T>>, text: (value: T) => string): string {
  const entries = Object.entries(object).map(([key, value]) => `${propertyName(key)}: ${text(value)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

/** Imports in the order of a formatter: packages first. A name may be brought in `as` another. */
export const importText = (imports: readonly { readonly names: readonly string[]; readonly from: string }[]): string =>
  imports
    .toSorted((a, b) => Number(a.from.startsWith(".")) - Number(b.from.startsWith(".")) || (a.from < b.from ? -1 : 1))
    .map(({ names, from }) => {
      const local = (name: string) => name.replace(/^.* as /, "");
      const sorted = names.toSorted((a, b) => local(a).localeCompare(local(b), "en", { numeric: true }));
      const line = `import { ${sorted.join(", ")} } from ${quoted(from)};`;
      return line.length <= width
        ? line
        : `import {\n${sorted.map((name) => `  ${name},\n`).join("")}} from ${quoted(from)};`;
    })
    .join("\n");

/** What stands around code. */
interface Around {
  /** How far its lines are indented. */
  readonly indent: number;
  /** What stands in its first line before it, the indentation aside. */
  readonly before?: string;
  /** What stands in its last line behind it. */
  readonly after?: string;
}

/** Code that is written in a line, in as many lines as it takes: calls, lists, objects, names and literals. */
export function laidOut(code: string, { indent, before = "", after = "" }: Around): string {
  const text = print(parse(code), { indent, column: indent + before.length, rest: after });
  return `${" ".repeat(indent)}${before}${text}${after}`;
}

type Code =
  /** A name, a text, a number. */
  | { readonly kind: "atom"; readonly text: string }
  | { readonly kind: "list"; readonly open: "{" | "["; readonly items: readonly Item[] }
  /** Calls one behind the other: `from(web)`, `.to(api.http)`. */
  | { readonly kind: "calls"; readonly calls: readonly Call[] };

interface Item {
  /** `labels: ` of an entry; nothing of an element. */
  readonly key: string;
  readonly value: Code;
}

interface Call {
  readonly name: string;
  readonly given: readonly Code[];
}

function parse(code: string): Code {
  const tokens = code.match(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[\w$]+|[^\s\w$]/g) ?? [];
  let at = 0;
  const list = <T>(close: string, item: () => T): T[] => {
    const items: T[] = [];
    while (tokens[at] !== close) {
      items.push(item());
      if (tokens[at] === ",") at++;
      else if (tokens[at] !== close) throw new Error(`no code to lay out: ${code}`);
    }
    at++;
    return items;
  };
  const entry = (): Item => {
    const key = tokens[at++] ?? "";
    if (tokens[at] !== ":") return { key: "", value: { kind: "atom", text: key } };
    at++;
    return { key: `${key}: `, value: value() };
  };
  const value = (): Code => {
    const first = tokens[at++] ?? "";
    if (first === "{") return { kind: "list", open: "{", items: list("}", entry) };
    if (first === "[") return { kind: "list", open: "[", items: list("]", () => ({ key: "", value: value() })) };
    const calls: Call[] = [];
    let name = first;
    for (let next = tokens[at]; next === "(" || next === "." || next === "["; next = tokens[at]) {
      at++;
      if (next === "(") {
        calls.push({ name, given: list(")", value) });
        name = "";
      } else if (next === ".") name += `.${tokens[at++]}`;
      else {
        name += `[${tokens[at]}]`;
        at += 2;
      }
    }
    return calls.length === 0 ? { kind: "atom", text: name } : { kind: "calls", calls };
  };
  return value();
}

/** Where code begins, and what has to stand behind it in the same line. */
interface Position {
  readonly indent: number;
  readonly column: number;
  readonly rest: string;
}

function print(code: Code, { indent, column, rest }: Position): string {
  const line = inLine(code);
  if (column + line.length + rest.length <= width && !isBroken(code)) return line;
  switch (code.kind) {
    case "atom":
      return line;
    case "list":
      return `${code.open}\n${code.items
        .map(({ key, value }) => {
          const text = print(value, { indent: indent + 2, column: indent + 2 + key.length, rest: "," });
          return `${" ".repeat(indent + 2)}${key}${text},\n`;
        })
        .join("")}${" ".repeat(indent)}${closing[code.open]}`;
    case "calls":
      return code.calls.length > 2
        ? eachInItsLine(code.calls, indent, rest)
        : oneBehindTheOther(code.calls, { indent, column, rest });
  }
}

function eachInItsLine(calls: readonly Call[], indent: number, rest: string): string {
  return calls
    .map(({ name, given }, index) => {
      const own = index === 0 ? indent : indent + 2;
      const begun = `${name}(`;
      const behind = index === calls.length - 1 ? rest : "";
      return `${index === 0 ? "" : `\n${" ".repeat(own)}`}${begun}${printGiven(given, { indent: own, column: own + begun.length, rest: `)${behind}` })})`;
    })
    .join("");
}

function oneBehindTheOther(calls: readonly Call[], { indent, column, rest }: Position): string {
  let text = "";
  for (const [index, { name, given }] of calls.entries()) {
    text += `${name}(`;
    const lines = text.split("\n");
    const start = lines.length > 1 ? 0 : column;
    const next = calls[index + 1];
    // What the next call is given may begin a line of its own.
    const behind = next === undefined ? rest : `${next.name}(`;
    text += `${printGiven(given, { indent, column: start + (lines.at(-1)?.length ?? 0), rest: `)${behind}` })})`;
  }
  return text;
}

/** What a call is given: in its line, with only the last object in lines of its own, or each in a line. */
function printGiven(given: readonly Code[], { indent, column, rest }: Position): string {
  const line = given.map(inLine).join(", ");
  if (given.length === 0 || (column + line.length + rest.length <= width && !given.some(isBroken))) return line;
  const [last, others] = [given.at(-1), given.slice(0, -1)];
  const before = others.map((one) => `${inLine(one)}, `).join("");
  const isHugged =
    last?.kind === "list" &&
    others.every((one) => one.kind !== "list") &&
    !others.some(isBroken) &&
    column + before.length < width;
  if (isHugged) return `${before}${print(last, { indent, column: width, rest: "" })}`;
  const each = given.map((one) => print(one, { indent: indent + 2, column: indent + 2, rest: "," }));
  return `\n${each.map((one) => `${" ".repeat(indent + 2)}${one},\n`).join("")}${" ".repeat(indent)}`;
}

const closing = { "{": "}", "[": "]" } as const;

function inLine(code: Code): string {
  switch (code.kind) {
    case "atom":
      return code.text;
    case "list": {
      const items = code.items.map(({ key, value }) => `${key}${inLine(value)}`).join(", ");
      return code.items.length === 0 || code.open === "["
        ? `${code.open}${items}${closing[code.open]}`
        : `{ ${items} }`;
    }
    case "calls":
      return code.calls.map(({ name, given }) => `${name}(${given.map(inLine).join(", ")})`).join("");
  }
}

/** Whether something in it takes several lines in any case: three calls of which one is given a call or a list with something in it. */
function isBroken(code: Code): boolean {
  if (
    code.kind === "calls" &&
    code.calls.length > 2 &&
    code.calls.some(({ given }) => given.some((one) => depth(one) > 1))
  )
    return true;
  return within(code).some(isBroken);
}

/** How deep calls and lists stand in each other, those without anything in them aside. */
function depth(code: Code): number {
  const inner = within(code);
  return inner.length === 0 ? 0 : 1 + Math.max(...inner.map(depth));
}

function within(code: Code): readonly Code[] {
  switch (code.kind) {
    case "atom":
      return [];
    case "list":
      return code.items.map(({ value }) => value);
    case "calls":
      return code.calls.flatMap(({ given }) => given);
  }
}
