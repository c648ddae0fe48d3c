/**
 * The Applications of Argo CD, and those that ApplicationSets make where files tell which: lists, folders of the repository,
 * and products of both. What other generators supply (clusters, pull requests) only Argo CD knows.
 */
import { posix } from "node:path";
import { z } from "zod";
import type { LeftOut } from "./left-out.ts";
import type { Document } from "./text.ts";

export type Application = {
  /** Where it, or what makes it, stands. */
  readonly place: string;
  readonly file: string;
  /** The namespace of objects that name none. */
  readonly namespace: string;
  readonly sources: readonly ApplicationSource[];
};

export type ApplicationSource = {
  /** From the root of a repository. */
  readonly path: string;
  /** Whether the folders below count too. */
  readonly recurse: boolean;
  /** A namespace that replaces what objects say. */
  readonly replaces: string | undefined;
};

/** Finds the folders that a pattern such as `apps/*` means, for a file that names it: as paths from the repository's root. */
export type FindFolders = (file: string, pattern: string) => readonly string[];

export type Applications = {
  readonly applications: readonly Application[];
  /** ApplicationSets of whose Applications some or all are not known. */
  readonly unknown: readonly LeftOut[];
};

const source = z.looseObject({
  path: z.string().nullish(),
  directory: z.looseObject({ recurse: z.boolean().nullish() }).nullish(),
  kustomize: z.looseObject({ namespace: z.string().nullish() }).nullish(),
});

const specification = z.looseObject({
  source: source.nullish(),
  sources: z.array(source).nullish(),
  destination: z.looseObject({ namespace: z.string() }),
});

const application = z.looseObject({
  apiVersion: z.string().startsWith("argoproj.io/"),
  kind: z.literal("Application"),
  spec: specification,
});

const applicationSet = z.looseObject({
  apiVersion: z.string().startsWith("argoproj.io/"),
  kind: z.literal("ApplicationSet"),
  metadata: z.looseObject({ name: z.string().nullish() }),
  spec: z.looseObject({
    goTemplate: z.boolean().nullish(),
    generators: z.array(z.unknown()),
    template: z.looseObject({ spec: specification }),
    templatePatch: z.string().nullish(),
  }),
});

/** Reads the Applications and ApplicationSets among documents. */
export function applicationsOf(documents: readonly Document[], folders: FindFolders): Applications {
  const all = documents.map((document) => {
    const { place, file, value } = document;
    const one = application.safeParse(value).data;
    if (one !== undefined) return { applications: [{ place, file, ...contentOf(one.spec) }], unknown: [] };
    const set = applicationSet.safeParse(value).data;
    return set === undefined ? { applications: [], unknown: [] } : generated(set, document, folders);
  });
  return {
    applications: all.flatMap(({ applications }) => applications),
    unknown: all.flatMap(({ unknown }) => unknown),
  };
}

type Specification = z.infer<typeof specification>;

type Content = Pick<Application, "namespace" | "sources">;

function contentOf({ source, sources, destination }: Specification): Content {
  return {
    namespace: destination.namespace,
    sources: [source ?? [], sources ?? []]
      .flat()
      .flatMap(({ path, directory, kustomize }) =>
        path ? [{ path, recurse: directory?.recurse ?? false, replaces: kustomize?.namespace ?? undefined }] : [],
      ),
  };
}

function generated(
  { spec, metadata: { name } }: z.infer<typeof applicationSet>,
  { place, file }: Document,
  folders: FindFolders,
): Applications {
  const go = spec.goTemplate ?? false;
  const template = contentOf(spec.template.spec);
  const sets = spec.generators.flatMap((one) => parametersOf(one, go, (pattern) => folders(file, pattern)));
  const filled = sets.map((parameters) => filledIn(template, (text) => render(text, parameters, go)));
  const known = filled.filter((one) => one !== undefined);
  if (template.sources.length === 0) return { applications: [], unknown: [] };
  if (known.length === filled.length && !spec.templatePatch)
    return { applications: known.map((one) => ({ place, file, ...one })), unknown: [] };
  const command = `argocd appset generate ${file}`;
  return { applications: [], unknown: [{ place, reason: "generated", detail: name ?? "", render: command }] };
}

/** What stands for the marks of a template, by the names there. */
type Parameters = ReadonlyMap<string, string>;

/** Undefined where something is not known. */
function filledIn({ namespace, sources }: Content, fill: (text: string) => string | undefined): Content | undefined {
  const into = fill(namespace);
  const filled = sources.flatMap(({ path, recurse, replaces }) => {
    const [from, instead] = [path, replaces ?? ""].map(fill);
    if (from === undefined || instead === undefined) return [];
    return [{ path: from, recurse, replaces: instead || undefined }];
  });
  return into === undefined || filled.length < sources.length ? undefined : { namespace: into, sources: filled };
}

/** Undefined where a mark names what is not known, or asks for more than a parameter. */
function render(text: string, parameters: Parameters, go: boolean): string | undefined {
  let isKnown = true;
  const rendered = text.replace(/\{\{-?\s*(.*?)\s*-?\}\}/g, (_, mark: string) => {
    const value = parameters.get(go ? nameInGo(mark) : mark);
    isKnown &&= value !== undefined;
    return value ?? "";
  });
  return isKnown ? rendered : undefined;
}

/** `.path.basename` and `index .path.segments 1` by the names of their parameters: `path.basename`, `path.segments[1]`. */
function nameInGo(mark: string): string {
  const [, list, position] = /^index \.(\S+) (\d+)$/.exec(mark) ?? [];
  return list === undefined ? mark.replace(/^\./, "") : `${list}[${position}]`;
}

const values = z.record(z.string(), z.string()).nullish();
/** They take some Applications out again, or make others. */
const more = { selector: z.undefined().optional(), template: z.undefined().optional() };

const listGenerator = z.looseObject({
  list: z.looseObject({
    elements: z.array(z.record(z.string(), z.unknown())),
    elementsYaml: z.undefined().optional(),
    template: z.undefined().optional(),
  }),
  ...more,
});

const foldersGenerator = z.looseObject({
  git: z.looseObject({
    directories: z.array(z.looseObject({ path: z.string(), exclude: z.boolean().nullish() })),
    pathParamPrefix: z.string().nullish(),
    values,
    template: z.undefined().optional(),
  }),
  ...more,
});

const matrixGenerator = z.looseObject({
  matrix: z.looseObject({ generators: z.array(z.unknown()), template: z.undefined().optional() }),
  ...more,
});

/** One for each Application. Of a generator that only Argo CD can run it is one that says nothing. */
function parametersOf(generator: unknown, go: boolean, folders: (pattern: string) => readonly string[]): Parameters[] {
  const { list } = listGenerator.safeParse(generator).data ?? {};
  if (list !== undefined) return list.elements.map((element) => new Map(flattened(element)));
  const { git } = foldersGenerator.safeParse(generator).data ?? {};
  if (git?.directories.every(({ path }) => !path.includes("{{"))) {
    const found = (excluded: boolean) =>
      git.directories.filter(({ exclude }) => (exclude ?? false) === excluded).flatMap(({ path }) => folders(path));
    const left = new Set(found(true));
    const prefix = git.pathParamPrefix ? `${git.pathParamPrefix}.` : "";
    return [...new Set(found(false))]
      .filter((folder) => !left.has(folder))
      .map((folder) => withValues(folderParameters(folder, prefix, go), git.values ?? {}, go));
  }
  const { matrix } = matrixGenerator.safeParse(generator).data ?? {};
  if (matrix === undefined) return [new Map()];
  return matrix.generators
    .map((one) => parametersOf(one, go, folders))
    .reduce((left, right) => left.flatMap((one) => right.map((other) => new Map([...one, ...other]))));
}

/** `{ a: { b: "c" } }` as `a.b`, which is how both kinds of templates name it. */
const flattened = (value: unknown, name = ""): [string, string][] =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => flattened(inner, name === "" ? key : `${name}.${key}`))
    : [[name, String(value)]];

/** As `GenerateParams` names them (`applicationset/generators/git.go`). */
function folderParameters(folder: string, prefix: string, go: boolean): Parameters {
  const name = posix.basename(folder);
  const path = `${prefix}path`;
  return new Map([
    [go ? `${path}.path` : path, folder],
    [`${path}.basename`, name],
    [`${path}.basenameNormalized`, name.toLowerCase().replace(/[^a-z0-9.-]/g, "-")],
    ...folder.split("/").map((step, at) => [`${path}${go ? ".segments" : ""}[${at}]`, step] as const),
  ]);
}

const withValues = (parameters: Parameters, values: Readonly<Record<string, string>>, go: boolean): Parameters =>
  new Map([
    ...parameters,
    ...Object.entries(values).flatMap(([name, text]) => {
      const value = render(text, parameters, go);
      return value === undefined ? [] : [[`values.${name}`, value] as const];
    }),
  ]);
