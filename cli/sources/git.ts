/** The program as it was at a Git revision: its files are laid out in a temporary folder, and its own command runs there. */
import { type ExecFileException, execFile } from "node:child_process";
import { existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { didYouMean } from "../../cilium/model/names.ts";
import { Failure } from "../failure.ts";
import { type Document, parseDocuments } from "./documents.ts";
import { inTemporaryFolder } from "./temporary.ts";

const run = promisify(execFile);

/**
 * The policies that a revision of the program rendered for a stack, and its workloads as Pods.
 * @throws Failure when there is no such revision, or its program cannot say.
 */
export async function readRevision(ref: string, stack: string, root: string): Promise<Document[]> {
  const commit = await commitOf(ref, root);
  // The project may be a folder of a larger repository.
  const folder = (await git(root, ["rev-parse", "--show-prefix"])).trim();
  return inTemporaryFolder(async (temporary) => {
    const index = { GIT_INDEX_FILE: join(temporary, "index") };
    const checkout = join(temporary, "program");
    await git(root, ["read-tree", `${commit}:${folder}`], index);
    await git(root, ["checkout-index", "--all", `--prefix=${checkout}/`], index);
    symlinkSync(join(root, "node_modules"), join(checkout, "node_modules"));
    const texts = await Promise.all(
      ["render", "inventory"].map((command) => netpol(checkout, ref, [command, "--stack", stack])),
    );
    return texts.flatMap((text) => parseDocuments(text, ref).documents);
  });
}

async function commitOf(ref: string, root: string): Promise<string> {
  try {
    return (await git(root, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`])).trim();
  } catch (error) {
    if (error instanceof Failure) throw error;
    const names = (await git(root, ["for-each-ref", "--format=%(refname:short)"])).split("\n").filter(Boolean);
    throw new Failure(`there is no Git revision ${ref}${didYouMean(ref, names)}`);
  }
}

/** @throws Failure where Git is missing or this is no repository, the error of the command otherwise. */
async function git(root: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  try {
    // Checkouts do not depend on the folder in which the command was started.
    const { stdout } = await run("git", ["-C", root, ...args], { env: { ...process.env, ...env }, maxBuffer });
    return stdout;
  } catch (error) {
    if (isExecError(error) && error.code === "ENOENT")
      throw new Failure("--git needs the command git, and there is none");
    if (isExecError(error) && /not a git repository/.test(error.stderr ?? "")) {
      throw new Failure("--git needs the program in a Git repository, and this is none");
    }
    throw error;
  }
}

async function netpol(checkout: string, ref: string, args: readonly string[]): Promise<string> {
  try {
    // A project that brings the command is answered by its own, with the language of that time.
    const own = join(checkout, "cli/netpol.ts");
    const { stdout } = await run(process.execPath, [existsSync(own) ? own : command, ...args], {
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

/** This process's own command. */
const [, command = ""] = process.argv;

const maxBuffer = 256 * 1024 * 1024;

const isExecError = (error: unknown): error is ExecFileException => error instanceof Error && "code" in error;
