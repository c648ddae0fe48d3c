/** Kubernetes objects in YAML or JSON text. */
import { CORE_SCHEMA, loadAll, mergeTag, YAMLException } from "js-yaml";
import { z } from "zod";
import { helmMark, type LeftOut, variableMark } from "./left-out.ts";

/** One object and where it stands. */
export type Document = {
  /** `deploy/a.yaml, document 2`, or `…, item 3` of a List. */
  readonly place: string;
  /** The file alone. */
  readonly file: string;
  /** The line in the file at which its document begins, from 1. */
  readonly line: number;
  readonly value: unknown;
};

/** A policy, by its text, that is no YAML: what it is about is known at most in part. */
export type BrokenText = {
  readonly place: string;
  readonly file: string;
  /** Where the parser stopped, from 1. */
  readonly line: number;
  /** As far as the text says so. */
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | undefined;
  /** What the parser says. */
  readonly reason: string;
};

export type ParsedText = {
  readonly documents: readonly Document[];
  readonly leftOut: readonly LeftOut[];
  /** Policies that are no YAML. */
  readonly broken: readonly BrokenText[];
};

/**
 * The documents of a text; the items of Lists, which `kubectl get` prints, are documents of their own. A document that
 * is no YAML does not keep the others from being read, unless they are parts of one Helm template. JSON is YAML, but its
 * own parser is much faster, which matters for the tens of megabytes that a cluster's pods can be.
 */
export function parseText(text: string, file: string): ParsedText {
  const whole = parseWhole(text);
  if (whole !== undefined) {
    const lines = piecesOf(text).map(lineOf);
    const documents = whole.map((value, index) => ({
      place: placeOf(file, index, whole.length),
      file,
      line: (lines.length === whole.length && lines[index]) || 1,
      value,
    }));
    return { documents: documents.filter(({ value }) => value !== null).flatMap(itemsOf), leftOut: [], broken: [] };
  }
  if (helmMark.test(text)) {
    return { documents: [], leftOut: [template(file, file, text)], broken: [] };
  }
  const pieces = piecesOf(text);
  const parsed = pieces.map((piece, index) => parsePiece(piece, file, placeOf(file, index, pieces.length)));
  return {
    documents: parsed.flatMap(({ documents }) => documents),
    leftOut: parsed.flatMap(({ leftOut }) => leftOut),
    broken: parsed.flatMap(({ broken }) => broken),
  };
}

const placeOf = (file: string, index: number, count: number): string =>
  count === 1 ? file : `${file}, document ${index + 1}`;

function parseWhole(text: string): unknown[] | undefined {
  if (/^\uFEFF?\s*[{[]/.test(text)) {
    try {
      return [JSON.parse(text.replace(/^\uFEFF/, ""))];
    } catch {
      // A flow mapping of YAML begins like JSON.
    }
  }
  try {
    return loadAll(text, { schema });
  } catch (error) {
    if (error instanceof YAMLException) return undefined;
    throw error;
  }
}

/** As Kubernetes reads YAML: with merge keys, and without dates. */
const schema = CORE_SCHEMA.withTags(mergeTag);

type Piece = { readonly text: string; readonly firstLine: number };

/** The documents of a text that cannot be read as a whole. A line `---` always begins one. */
function piecesOf(text: string): Piece[] {
  const pieces: { text: string; firstLine: number }[] = [{ text: "", firstLine: 0 }];
  text.split(/(?<=\n)/).forEach((line, index) => {
    if (/^---(\s|$)/.test(line)) pieces.push({ text: "", firstLine: index });
    const last = pieces.at(-1);
    if (last !== undefined) last.text += line;
  });
  // What stands before the first one is a document only if it says something.
  const [first, ...others] = pieces;
  return first !== undefined && /^\s*[^#%\s]/m.test(first.text.replace(/^\uFEFF/, "")) ? [first, ...others] : others;
}

/** The line of the first thing that a document says. */
function lineOf({ text, firstLine }: Piece): number {
  const before = /^(?:\uFEFF|(?:---|#|%|[ \t]*\r?$).*\n?)*/m.exec(text)?.[0] ?? "";
  return firstLine + before.split("\n").length;
}

function parsePiece({ text, firstLine }: Piece, file: string, place: string): ParsedText {
  const nothing: ParsedText = { documents: [], leftOut: [], broken: [] };
  try {
    const values = loadAll(text, { schema }).filter((value) => value !== null);
    const line = lineOf({ text, firstLine });
    return { ...nothing, documents: values.map((value) => ({ place, file, line, value })).flatMap(itemsOf) };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const lineNumber = firstLine + (error.mark?.line ?? 0) + 1;
    const line = `${place}, line ${lineNumber}`;
    if (variableMark.test(text)) return { ...nothing, leftOut: [variables(place, text)] };
    if (/^unknown .*tag/.test(error.reason)) {
      return { ...nothing, leftOut: [{ place, reason: "foreign-tag", detail: tagIn(error.reason) }] };
    }
    const { policies: kind } = policiesIn(text);
    if (kind === undefined)
      return { ...nothing, leftOut: [{ place: line, reason: "not-yaml", detail: `no valid YAML: ${error.reason}` }] };
    const [name, namespace] = ["name", "namespace"].map(
      (key) => new RegExp(`^metadata:[\\s\\S]*?\\b${key}:\\s*["']?([a-z0-9.-]+)`, "m").exec(text)?.[1],
    );
    return {
      ...nothing,
      broken: [
        {
          place: line,
          file,
          line: lineNumber,
          kind,
          name: name ?? "",
          namespace,
          reason: `no valid YAML: ${error.reason}`,
        },
      ],
    };
  }
}

const tagIn = (reason: string): string => /!<(.*)>/.exec(reason)?.[1] ?? reason;

/** What to say of an object with variables: the first of them, and how to fill them in. */
export const variables = (place: string, text: string): LeftOut => ({
  place,
  reason: "variables",
  detail: variableMark.exec(text)?.[0] ?? "",
  render: "flux build kustomization NAME --path DIR, or flux envsubst",
  ...policiesIn(text),
});

/** A template belongs to the chart whose `templates` it is in. */
export function template(place: string, file: string, text: string): LeftOut {
  const chart = /^(.*?)\/?\btemplates\//.exec(file)?.[1];
  const render = chart === undefined ? {} : { render: `helm template ${chart || "."}` };
  return { place, reason: "template", ...render, ...policiesIn(text) };
}

/** The kind of policies that a text writes, as YAML or JSON, whether it can be read or not. */
function policiesIn(text: string): { policies?: string } {
  const kind = /(?:^|[-{,\s])["']?kind["']?\s*:\s*["']?(\w*NetworkPolicy)\b/.exec(text)?.[1];
  return kind === undefined ? {} : { policies: kind };
}

/** The kinds of typed lists (`PodList`) go to their items. */
const list = z.object({ apiVersion: z.string(), kind: z.string().regex(/List$/), items: z.array(z.unknown()) });

const object = z.looseObject({});

function itemsOf(document: Document): Document[] {
  const parsed = list.safeParse(document.value);
  if (!parsed.success) return [document];
  const { apiVersion, kind, items } = parsed.data;
  const typed = kind === "List" ? {} : { apiVersion, kind: kind.slice(0, -"List".length) };
  return items.flatMap((item, index) => {
    const { data } = object.safeParse(item);
    // What is no object keeps none of the others from being read.
    const value = data === undefined ? item : { ...typed, ...data };
    return itemsOf({ ...document, place: `${document.place}, item ${index + 1}`, value });
  });
}
