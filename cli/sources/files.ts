/** Kubernetes objects from files: one file, a folder with everything below it, or standard input. */
import { type Dirent, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, join, matchesGlob, relative } from "node:path";
import type { LeftOut } from "../../cilium/kubernetes/left-out.ts";
import { isKustomizationFile } from "../../cilium/kubernetes/placement.ts";
import type { Read } from "../../cilium/kubernetes/read.ts";
import { parseText } from "../../cilium/kubernetes/text.ts";
import { reasonOf } from "../../components/reason.ts";
import { Failure } from "../failure.ts";

export interface FileOptions {
  /**
   * Globs of files and folders below the one that is read, which are passed over: from there, or as answers name places; those
   * without a slash at any depth.
   */
  readonly exclude?: readonly string[];
  /** What the folder is called in the answer, if not by its path. */
  readonly shownAs?: string;
}

/**
 * Every document of a file, of the YAML and JSON files below a folder, or of standard input (`-`). Hidden folders and
 * `node_modules` are passed over, and symbolic links are followed, but nothing is read twice.
 * @throws Failure when there is nothing at the path, or it cannot be read.
 */
export function readFiles(path: string, { exclude = [], shownAs = path }: FileOptions = {}): Read {
  const name = (file: string) => (file === "-" ? "standard input" : join(shownAs, relative(path, file)));
  const { files, unreadable } = filesOf(path, (file) => isExcluded([relative(path, file), name(file)], exclude));
  const parsed = files.map((file) => {
    const text = file === path ? textOf(file) : attempt(() => textOf(file));
    return text === undefined
      ? { documents: [], broken: [], leftOut: [outOfReach(name(file))] }
      : parseText(text, name(file));
  });
  return {
    documents: parsed.flatMap(({ documents }) => documents),
    leftOut: [...unreadable.map((file) => outOfReach(name(file))), ...parsed.flatMap(({ leftOut }) => leftOut)],
    broken: parsed.flatMap(({ broken }) => broken),
    files: files.map(name),
  };
}

const outOfReach = (place: string): LeftOut => ({ place, reason: "out-of-reach", detail: "cannot be read" });

interface Files {
  readonly files: string[];
  /** Links that lead nowhere, and what may not be read. */
  readonly unreadable: string[];
}

function filesOf(path: string, passOver: (file: string) => boolean): Files {
  if (path === "-") return { files: [path], unreadable: [] };
  try {
    if (!statSync(path).isDirectory()) return { files: [path], unreadable: [] };
    return filesBelow(path, passOver);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function filesBelow(path: string, passOver: (file: string) => boolean): Files {
  const found: Files = { files: [], unreadable: [] };
  const seen = new Set([realpathSync(path)]);
  // Links come last: what is in the folder itself is known by its own name.
  const links: string[] = [];
  const collect = (folder: string) => {
    const entries = attempt(() => readdirSync(folder, { withFileTypes: true }));
    if (entries === undefined) found.unreadable.push(folder);
    for (const entry of (entries ?? []).sort(byName)) {
      const file = join(folder, entry.name);
      if (passOver(file)) continue;
      if (entry.isSymbolicLink()) links.push(file);
      else take(file, entry.isDirectory());
    }
  };
  const take = (file: string, isFolder: boolean) => {
    const name = basename(file);
    if (isFolder ? /^\.|^node_modules$/.test(name) : !isManifest(name)) return;
    const real = realpathSync(file);
    if (seen.has(real)) return;
    seen.add(real);
    if (isFolder) collect(file);
    else found.files.push(file);
  };
  collect(path);
  for (let link = links.shift(); link !== undefined; link = links.shift()) {
    const target = link;
    const isFolder = attempt(() => statSync(target).isDirectory());
    if (isFolder !== undefined) take(target, isFolder);
    else if (isManifest(target)) found.unreadable.push(target);
  }
  return { ...found, files: found.files.sort() };
}

const byName = (a: Dirent, b: Dirent): number => (a.name < b.name ? -1 : 1);

/** What a file system operation gives; undefined where it fails. */
function attempt<T>(operation: () => T): T | undefined {
  try {
    return operation();
  } catch {
    return undefined;
  }
}

const isManifest = (name: string): boolean => /\.(ya?ml|json)$/.test(name) || isKustomizationFile(name);

const isExcluded = (names: readonly string[], globs: readonly string[]): boolean =>
  globs.some((glob) => {
    const plain = glob.replace(/^\.\/|\/(\*\*)?$/g, "");
    const isPath = plain.includes("/");
    return names.some((name) => name === plain || matchesGlob(isPath ? name : basename(name), plain));
  });

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
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return new Failure(
    code === "ENOENT" ? `there is no file or folder ${path}` : `${path} cannot be read: ${reasonOf(error)}`,
  );
}
