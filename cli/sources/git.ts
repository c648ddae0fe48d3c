/**
 * What was at a Git revision, laid out in a temporary folder: the program, whose own command runs there, or any folder of
 * a repository.
 */
import { type ExecFileException, execFile } from "node:child_process";
import { existsSync, realpathSync, statSync, symlinkSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import type { Read } from "../../cilium/kubernetes/read.ts";
import { parseText } from "../../cilium/kubernetes/text.ts";
import { didYouMean } from "../../cilium/model/names.ts";
import { Failure } from "../failure.ts";
import { type FileOptions, readFiles } from "./files.ts";
import { inTemporaryFolder } from "./temporary.ts";

const run = promisify(execFile);

/**
 * The policies that a revision of the program rendered for a stack, and its workloads as Pods.
 * @throws Failure when there is no such revision, or its program cannot say.
 */
export async function readRevision(ref: string, stack: string, root: string): Promise<Read> {
  const commit = await commitOf(ref, root);
  // The project may be a folder of a larger repository.
  const folder = (await git(root, ["rev-parse", "--show-prefix"])).trim();
  return inTemporaryFolder(async (temporary) => {
    const checkout = join(temporary, "program");
    await layOut(root, `${commit}:${folder}`, temporary, checkout);
    symlinkSync(join(root, "node_modules"), join(checkout, "node_modules"));
    const texts = await Promise.all(
      ["render", "inventory"].map((command) => netpol(checkout, ref, [command, "--stack", stack])),
    );
    const documents = texts.flatMap((text) => parseText(text, ref).documents);
    return { documents, leftOut: [], broken: [], files: [] };
  });
}

/**
 * The objects of a file or folder as they were at a revision of its repository; none where it was not there yet.
 * @throws Failure when there is no such revision, or the path is in no repository.
 */
export async function readPathAt(path: string, ref: string, options: FileOptions): Promise<Read> {
  const place = nearestFolder(resolve(path));
  const commit = await commitOf(ref, place);
  const root = (await git(place, ["rev-parse", "--show-toplevel"])).trim();
  const inRepository = relative(realpathSync(root), join(realpathSync(place), relative(place, resolve(path))));
  const object = `${commit}:${inRepository}`;
  const type = await git(root, ["cat-file", "-t", object]).catch(() => undefined);
  if (type === undefined) return { documents: [], leftOut: [], broken: [], files: [] };
  if (type.trim() === "blob")
    return { ...parseText(await git(root, ["cat-file", "blob", object]), path), files: [path] };
  return inTemporaryFolder(async (temporary) => {
    const checkout = join(temporary, "folder");
    await layOut(root, object, temporary, checkout);
    return existsSync(checkout)
      ? readFiles(checkout, { ...options, shownAs: path })
      : { documents: [], leftOut: [], broken: [], files: [] };
  });
}

/** The folder itself or, for what is not there any more, the nearest one above. */
function nearestFolder(path: string): string {
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  return isFolder || dirname(path) === path ? path : nearestFolder(dirname(path));
}

/** Writes the files of a tree into a folder, with an index of its own. */
async function layOut(root: string, tree: string, temporary: string, folder: string): Promise<void> {
  const index = { GIT_INDEX_FILE: join(temporary, "index") };
  await git(root, ["read-tree", tree], index);
  await git(root, ["checkout-index", "--all", `--prefix=${folder}/`], index);
}

async function commitOf(ref: string, root: string): Promise<string> {
  try {
    return (await git(root, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`])).trim();
  } catch (error) {
    if (error instanceof Failure) throw error;
    const names = (await git(root, ["for-each-ref", "--format=%(refname:short)"])).split("\n").filter(Boolean);
    const [remote] = names.filter((name) => name.endsWith(`/${ref}`));
    const instead = remote === undefined ? didYouMean(ref, names) : `; did you mean ${remote}?`;
    throw new Failure(`there is no Git revision ${ref}${instead || (await shallowness(root))}`);
  }
}

/** What is to be done where the clone of a CI job has none but the newest commit. */
async function shallowness(root: string): Promise<string> {
  const isShallow = (await git(root, ["rev-parse", "--is-shallow-repository"])).trim() === "true";
  return isShallow ? "; this is a shallow clone: fetch the revision first" : "";
}

/** @throws Failure where Git is missing or does not read this as a repository, the error of the command otherwise. */
async function git(root: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  try {
    // Checkouts do not depend on the folder in which the command was started.
    const { stdout } = await run("git", ["-C", root, ...args], { env: { ...process.env, ...env }, maxBuffer });
    return stdout;
  } catch (error) {
    if (isExecError(error) && error.code === "ENOENT")
      throw new Failure("a Git revision needs the command git, and there is none");
    const said = isExecError(error) ? (error.stderr ?? "") : "";
    if (/not a git repository/.test(said)) {
      throw new Failure(`a Git revision needs a Git repository, and ${root} is in none`);
    }
    // Git's own words name the command that allows it.
    if (/dubious ownership/.test(said)) throw new Failure(oneLine(said));
    throw error;
  }
}

async function netpol(checkout: string, ref: string, args: readonly string[]): Promise<string> {
  try {
    // A project that brings the command is answered by its own, with the language of that time.
    const own = ["cli/netpol.js", "cli/netpol.ts"].map((file) => join(checkout, file)).find(existsSync);
    const { stdout } = await run(process.execPath, [own ?? command, ...args], {
      cwd: checkout,
      // What is compiled of a checkout is of no use to the next one, which is in another folder.
      env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: "1" },
      maxBuffer,
    });
    return stdout;
  } catch (error) {
    const said = isExecError(error) ? (error.stderr ?? "").trim() : "";
    throw new Failure(`the program at ${ref} cannot say netpol ${args.join(" ")}: ${said.split("\n")[0] || error}`);
  }
}

const oneLine = (text: string): string =>
  text
    .trim()
    .split(/\s*\n\s*/)
    .join(" ");

/** This process's own command. */
const [, command = ""] = process.argv;

const maxBuffer = 256 * 1024 * 1024;

const isExecError = (error: unknown): error is ExecFileException => error instanceof Error && "code" in error;
