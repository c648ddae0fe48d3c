/** What things are called in one file, and what it has to import for that. */
import { basename } from "node:path";
import { camelCase } from "../model/names.ts";
import { fileOf, type PodsName, type SourceFile } from "./file.ts";

/** The names of one file. What it does not import yet is imported from when it is first asked for. */
export interface Scope {
  /** A word of the language. */
  word(word: string): string;
  /** The constant of pods of this file or another. */
  constant(pods: PodsName): string;
  /** The lines that import what was asked for. */
  imports(): readonly string[];
}

export function scopeOf(file: SourceFile, files: readonly SourceFile[]): Scope {
  const taken = new Set(file.names);
  const known = new Map(file.imports.map(({ from, name, local }) => [`${name} ${from}`, local]));
  const added = new Map<string, string[]>();
  const bring = (name: string, from: string, otherwise: string): string => {
    const before = known.get(`${name} ${from}`);
    if (before !== undefined) return before;
    const local = unusedName(taken.has(name) ? otherwise : name, taken);
    taken.add(local);
    known.set(`${name} ${from}`, local);
    added.set(from, [...(added.get(from) ?? []), local === name ? name : `${name} as ${local}`]);
    return local;
  };
  return {
    word: (word) => bring(word, file.language, camelCase(`the-${word}`)),
    constant: (pods) => {
      const id = `${pods.namespace}/${pods.name}`;
      const other = fileOf(pods, files);
      const constant = other?.constants.get(id);
      if (other === undefined || constant === undefined) throw new Error(`no file exports ${id}`);
      if (other === file) return constant;
      return bring(constant, `./${basename(other.path)}`, camelCase(`${constant}-of-${pods.namespace}`));
    },
    imports: () => [...added].sort().map(([from, names]) => `import { ${names.sort().join(", ")} } from "${from}";`),
  };
}

/** The name itself, the first of the others that nothing has, or one with a number that makes it so. */
export function unusedName(name: string, taken: { has(name: string): boolean }, ...others: string[]): string {
  let unused = [name, ...others].find((one) => !taken.has(one)) ?? name;
  let number = 2;
  while (taken.has(unused)) unused = `${name}_${number++}`;
  return unused;
}
