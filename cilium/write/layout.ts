/** How text is laid out in the files of `cluster/`, as a formatter would have it. */

/** How long a line may be. */
export const width = 120;

export const quoted = (text: string): string => JSON.stringify(text);

export const propertyName = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name));

/** An object in a line of a declaration, or a line for each key where that is too long. */
export function objectText<T>(object: Readonly<Record<string, T>>, text: (value: T) => string): string {
  const entries = Object.entries(object).map(([key, value]) => `${propertyName(key)}: ${text(value)}`);
  const line = `{ ${entries.join(", ")} }`;
  return line.length <= width - 20 ? line : `{\n${entries.map((entry) => `    ${entry},\n`).join("")}  }`;
}

/** Imports in the order of a formatter: packages first. */
export const importText = (imports: readonly { readonly names: readonly string[]; readonly from: string }[]): string =>
  imports
    .toSorted((a, b) => Number(a.from.startsWith(".")) - Number(b.from.startsWith(".")) || (a.from < b.from ? -1 : 1))
    .map(({ names, from }) => {
      const sorted = names.toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
      const line = `import { ${sorted.join(", ")} } from ${quoted(from)};`;
      return line.length <= width
        ? line
        : `import {\n${sorted.map((name) => `  ${name},\n`).join("")}} from ${quoted(from)};`;
    })
    .join("\n");
