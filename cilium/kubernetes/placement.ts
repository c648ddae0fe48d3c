/**
 * The namespace that an object is applied in, where something else than the object decides it: a kustomization's
 * `namespace`, which replaces what the object says, as a Flux Kustomization's `targetNamespace` does; or the destination
 * of an Argo CD Application, which fills in what the object leaves out.
 */
import { posix } from "node:path";
import { z } from "zod";
import { applicationsOf } from "./argo.ts";
import type { LeftOut } from "./left-out.ts";
import type { Document } from "./text.ts";

/** Something that names the namespace of a file's objects. */
export type Cover = {
  readonly namespace: string;
  /** Where it does so. */
  readonly by: string;
};

export type Placement = {
  /** Those that replace an object's own namespace; several different ones where a file is used more than once. */
  readonly replacing: (file: string) => readonly Cover[];
  /** Whether kustomizations take the file in by way of a component, which is there to be applied in several namespaces. */
  readonly isShared: (file: string) => boolean;
  /** Those that fill in a missing one. */
  readonly filling: (file: string) => readonly Cover[];
  /** Files that are no objects but patches of some, with the kustomization that applies them. */
  readonly patches: ReadonlyMap<string, string>;
  /** What may fill in a missing namespace, and is not known. */
  readonly unknown: readonly LeftOut[];
  /** What kustomizations use that was not read, or change in what was. */
  readonly leftOut: readonly LeftOut[];
};

const kustomization = z.looseObject({
  kind: z.string().nullish(),
  namespace: z.string().nullish(),
  resources: z.array(z.string()).nullish(),
  bases: z.array(z.string()).nullish(),
  components: z.array(z.string()).nullish(),
  patches: z.array(z.looseObject({ path: z.string().nullish(), patch: z.string().nullish() })).nullish(),
  patchesStrategicMerge: z.array(z.string()).nullish(),
  patchesJson6902: z.array(z.looseObject({ path: z.string().nullish() })).nullish(),
});

type Kustomization = z.infer<typeof kustomization> & { readonly file: string; readonly folder: string };

const fluxKustomization = z.looseObject({
  apiVersion: z.string().startsWith("kustomize.toolkit.fluxcd.io/"),
  kind: z.literal("Kustomization"),
  spec: z.looseObject({
    path: z.string().nullish(),
    targetNamespace: z.string().nullish(),
    sourceRef: z.looseObject({ kind: z.string(), name: z.string() }).nullish(),
  }),
});

type Flux = { readonly place: string; readonly file: string } & z.infer<typeof fluxKustomization>["spec"];

/** The names that kustomize reads a folder's kustomization from. */
export const isKustomizationFile = (file: string): boolean =>
  ["kustomization.yaml", "kustomization.yml", "Kustomization"].includes(posix.basename(file));

/**
 * Reads the kustomizations, Flux Kustomizations and Argo CD Applications among documents.
 * @param read all files that were read, those without a document among them
 */
export function placementOf(documents: readonly Document[], read: readonly string[]): Placement {
  const files = [...new Set(read.map((file) => posix.normalize(file)))];
  const folders = kustomizations(documents);
  const used = new Set(
    [...folders.values()].flatMap((one) => entries(one).filter((path) => folders.has(path) && path !== one.folder)),
  );
  const known = new Set(files);
  const resourcesOf = (folder: string) => resources(folder, folders, known);

  const shared = new Set<string>();
  const byKustomize = new Map<string, Cover[]>();
  for (const [folder] of folders) {
    if (used.has(folder)) continue;
    for (const { file, cover, isShared } of resourcesOf(folder)) {
      if (isShared) shared.add(file);
      if (cover !== undefined) byKustomize.set(file, [...(byKustomize.get(file) ?? []), cover]);
    }
  }
  /** What Flux or Argo CD apply of a folder. */
  const applied = (folder: string, recurse: boolean): string[] =>
    folders.has(folder)
      ? resourcesOf(folder).map(({ file }) => file)
      : files.filter((file) => (recurse ? isBelow(file, folder) : posix.dirname(file) === folder));

  /** By Flux, or by what Argo CD tells kustomize. */
  const byDeployment = new Map<string, Cover[]>();
  const byArgo = new Map<string, Cover[]>();
  for (const { place, file, path, targetNamespace } of ofThisRepository(fluxKustomizations(documents), files)) {
    if (!targetNamespace) continue;
    cover(byDeployment, applied(folderIn(files, file, path ?? "."), true), { namespace: targetNamespace, by: place });
  }
  const { applications, unknown } = applicationsOf(documents, (file, pattern) => foldersLike(files, file, pattern));
  for (const { place, file, namespace, sources } of applications) {
    for (const { path, recurse, replaces } of sources) {
      const own = applied(folderIn(files, file, path), recurse);
      cover(byArgo, own, { namespace, by: place });
      if (replaces !== undefined) cover(byDeployment, own, { namespace: replaces, by: place });
    }
  }
  const patches = new Map([...folders.values()].flatMap((one) => patchFiles(one).map((path) => [path, one.folder])));
  return {
    replacing: (file) => byDeployment.get(posix.normalize(file)) ?? byKustomize.get(posix.normalize(file)) ?? [],
    isShared: (file) => shared.has(posix.normalize(file)),
    filling: (file) => byArgo.get(posix.normalize(file)) ?? [],
    patches,
    unknown,
    leftOut: [...folders.values()].flatMap((one) => [...outside(one, folders, known), ...inlinePatches(one)]),
  };
}

function kustomizations(documents: readonly Document[]): ReadonlyMap<string, Kustomization> {
  return new Map(
    documents.flatMap(({ file, value }) => {
      if (!isKustomizationFile(file)) return [];
      const parsed = kustomization.safeParse(value);
      const folder = posix.dirname(posix.normalize(file));
      return parsed.success ? [[folder, { ...parsed.data, file, folder }] as const] : [];
    }),
  );
}

const fluxKustomizations = (documents: readonly Document[]): Flux[] =>
  documents.flatMap(({ place, file, value }) => {
    const { data } = fluxKustomization.safeParse(value);
    return data === undefined ? [] : [{ place, file, ...data.spec }];
  });

/**
 * Without those of the root of another repository, which would be taken for the root of this one: its source is none of those
 * from which a folder is applied that is here.
 */
function ofThisRepository(all: readonly Flux[], files: readonly string[]): Flux[] {
  const source = ({ sourceRef }: Flux) => (sourceRef ? `${sourceRef.kind} ${sourceRef.name}` : "");
  const isRoot = ({ path }: Flux) => /^[./]*$/.test(path ?? "");
  const isHere = (one: Flux) => {
    const folder = folderIn(files, one.file, one.path ?? ".");
    return files.some((file) => isBelow(file, folder));
  };
  const own = new Set(all.filter((one) => !isRoot(one) && isHere(one)).map(source));
  return all.filter((one) => !isRoot(one) || own.size === 0 || own.has(source(one)));
}

/** What a kustomization takes in, as paths. */
const entries = ({ folder, resources, bases, components }: Kustomization): string[] =>
  [...(resources ?? []), ...(bases ?? []), ...(components ?? [])]
    .filter((path) => !isRemote(path))
    .map((path) => posix.join(folder, path).replace(/\/$/, ""));

/** Something that kustomize fetches. */
const isRemote = (path: string): boolean => /:\/\/|^git@|\?ref=|^[\w-]+\.[\w.-]+\/.*\/\//.test(path);

type Resource = { readonly file: string; readonly cover: Cover | undefined; readonly isShared: boolean };

/** The files that a kustomization takes in, with the outermost namespace that is set on the way to each. */
function resources(
  folder: string,
  folders: ReadonlyMap<string, Kustomization>,
  files: ReadonlySet<string>,
  above: Cover | undefined = undefined,
  within: readonly string[] = [],
): Resource[] {
  const own = folders.get(folder);
  if (own === undefined || within.includes(folder)) return [];
  const cover = above ?? (own.namespace ? { namespace: own.namespace, by: own.file } : undefined);
  const isShared = [...within, folder].some((path) => folders.get(path)?.kind === "Component");
  return entries(own).flatMap((path) =>
    files.has(path) && !isKustomizationFile(path)
      ? [{ file: path, cover, isShared }]
      : resources(path, folders, files, cover, [...within, folder]),
  );
}

function cover(covers: Map<string, Cover[]>, files: readonly string[], cover: Cover): void {
  for (const file of files) covers.set(file, [...(covers.get(file) ?? []), cover]);
}

const isBelow = (file: string, folder: string): boolean => folder === "." || file.startsWith(`${folder}/`);

/**
 * The folder that a path of the repository means: the path is from the repository's root, which is a folder above the
 * file that names it, or that file's own.
 */
function folderIn(files: readonly string[], file: string, path: string): string {
  const own = posix.dirname(posix.normalize(file));
  const relative = posix.normalize(path).replace(/^\/|\/$/g, "");
  if (relative === "" || relative === ".") return commonFolder(files);
  const steps = own.split("/");
  const roots = steps
    .map((_, index) => steps.slice(0, index + 1).join("/") || "/")
    .concat(own.startsWith("/") ? [] : ["."]);
  const candidates = roots.sort((a, b) => a.length - b.length).map((root) => posix.join(root, relative));
  return candidates.find((folder) => files.some((one) => isBelow(one, folder))) ?? posix.join(own, relative);
}

/** The folders that a pattern of an ApplicationSet means, from the repository's root. None of them is hidden. */
function foldersLike(files: readonly string[], file: string, pattern: string): string[] {
  const steps = posix
    .normalize(pattern)
    .replace(/^\/|\/$/g, "")
    .split("/");
  const plain = steps.slice(0, steps.findIndex((step) => /[*?[]/.test(step)) >>> 0).join("/");
  const start = folderIn(files, file, plain);
  const root = posix.join(start, ...(plain === "" ? [] : plain.split("/").map(() => "..")));
  const folders = new Set(files.flatMap((one) => above(posix.relative(root, one))));
  return [...folders].filter((folder) => !/(^|\/)\./.test(folder) && posix.matchesGlob(folder, steps.join("/")));
}

/** The folders that a file is in, from the outermost one. */
const above = (file: string): string[] =>
  file.split("/").flatMap((_, at, steps) => (at === 0 ? [] : [steps.slice(0, at).join("/")]));

function commonFolder(files: readonly string[]): string {
  const [first = "", ...others] = files.map((file) => posix.dirname(file));
  const steps = first.split("/");
  const shared = steps.findLastIndex((_, index) =>
    others.every((other) => `${other}/`.startsWith(`${steps.slice(0, index + 1).join("/")}/`)),
  );
  return steps.slice(0, shared + 1).join("/") || ".";
}

const command = (folder: string): string => `kustomize build ${folder}`;

const patchFiles = ({ folder, patches, patchesStrategicMerge, patchesJson6902 }: Kustomization): string[] =>
  [
    ...(patches ?? []).map(({ path }) => path),
    ...(patchesJson6902 ?? []).map(({ path }) => path),
    ...(patchesStrategicMerge ?? []).filter((path) => !path.includes("\n")),
  ].flatMap((path) => (path ? [posix.join(folder, path)] : []));

/** What a kustomization takes from where nothing was read. */
const outside = (
  own: Kustomization,
  folders: ReadonlyMap<string, Kustomization>,
  files: ReadonlySet<string>,
): LeftOut[] =>
  entries(own)
    .filter((path) => !files.has(path) && !folders.has(path))
    .map((path) => ({ place: own.file, reason: "out-of-reach", detail: path, render: command(own.folder) }));

/** Patches of policies that stand in the kustomization itself. */
const inlinePatches = (own: Kustomization): LeftOut[] =>
  [
    ...(own.patches ?? []).filter((patch) => patch.patch && JSON.stringify(patch).includes("NetworkPolicy")),
    ...(own.patchesStrategicMerge ?? []).filter((patch) => /\n[\s\S]*NetworkPolicy|NetworkPolicy[\s\S]*\n/.test(patch)),
  ].map(() => ({ place: own.file, reason: "patch", detail: "of a policy", render: command(own.folder) }));
