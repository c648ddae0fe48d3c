/** Kubernetes objects in YAML or JSON text: one file, a folder with everything below it, or standard input. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { CORE_SCHEMA, loadAll, mergeTag, YAMLException } from "js-yaml";
import { z } from "zod";
import { Failure } from "../failure.ts";

/** One object and where it stands: `deploy/a.yaml, document 2`, or `…, item 3` of a List. */
export interface Document {
  readonly place: string;
  readonly value: unknown;
}

/**
 * Every document of a file, of the YAML and JSON files below a folder, or of standard input (`-`). The items of lists
 * are documents of their own.
 * @throws Failure when something cannot be read or is no YAML, a line for each.
 */
export function readDocuments(path: string): Document[] {
  const broken: string[] = [];
  const documents = filesOf(path).flatMap((file) => {
    const parsed = parseDocuments(textOf(file), file === "-" ? "standard input" : file);
    broken.push(...parsed.broken);
    return parsed.documents;
  });
  if (broken.length > 0) throw new Failure(broken.join("\n"));
  return documents.flatMap(itemsOf);
}

function filesOf(path: string): string[] {
  if (path === "-") return [path];
  try {
    if (!statSync(path).isDirectory()) return [path];
    const files = readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name))
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter((file) => !/(^|\/)node_modules\//.test(file.slice(path.length)))
      .sort();
    if (files.length === 0) throw new Failure(`${path} holds no .yaml, .yml or .json file`);
    return files;
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** The text of a file, or of standard input for `-`. */
export function textOf(file: string): string {
  if (file === "-" && standardInput !== undefined) return standardInput;
  try {
    const text = readFileSync(file === "-" ? process.stdin.fd : file, "utf8");
    if (file === "-") standardInput = text;
    return text;
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** It can be read once; policies and pods may both be in it. */
let standardInput: string | undefined;

function unreadable(path: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return new Failure(
    code === "ENOENT"
      ? `there is no file or folder ${path}`
      : `${path} cannot be read: ${error instanceof Error ? error.message : error}`,
  );
}

/**
 * The documents of a text, and a line for what is no YAML. JSON is YAML, but its own parser is much faster,
 * which matters for the tens of megabytes that a cluster's pods can be.
 */
export function parseDocuments(text: string, file: string): { documents: Document[]; broken: string[] } {
  if (/^\s*[{[]/.test(text)) {
    const value = parseJson(text);
    if (value !== undefined) return { documents: [{ place: file, value }], broken: [] };
  }
  try {
    const values = loadAll(text, { schema });
    const place = (index: number) => (values.length === 1 ? file : `${file}, document ${index + 1}`);
    const documents = values.map((value, index) => ({ place: place(index), value }));
    return { documents: documents.filter(({ value }) => value !== null), broken: [] };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const { line = 0, position = 0 } = error.mark ?? {};
    const before = text.slice(0, position).match(/^---(?=\s)/gm)?.length ?? 0;
    const document = before <= 1 ? "" : `, document ${before}`;
    return { documents: [], broken: [`${file}${document}, line ${line + 1}: no valid YAML: ${error.reason}`] };
  }
}

/** As Kubernetes reads YAML: with merge keys, and without dates. */
const schema = CORE_SCHEMA.withTags(mergeTag);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `kubectl get` prints many objects as one List; the kinds of typed lists (`PodList`) go to their items. */
const list = z.object({
  apiVersion: z.string(),
  kind: z.string().regex(/List$/),
  items: z.array(z.looseObject({ apiVersion: z.string().optional(), kind: z.string().optional() })),
});

function itemsOf(document: Document): Document[] {
  const parsed = list.safeParse(document.value);
  if (!parsed.success) return [document];
  const { apiVersion, kind, items } = parsed.data;
  const typed = kind === "List" ? {} : { apiVersion, kind: kind.slice(0, -"List".length) };
  return items.flatMap((item, index) =>
    itemsOf({ place: `${document.place}, item ${index + 1}`, value: { ...typed, ...item } }),
  );
}
