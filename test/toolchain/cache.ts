/** Programs that were built or downloaded, kept between runs: the one place outside the project that is written to. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { cacheFolder } from "../../cli/cache.js";

const UNFINISHED = "unfinished-";
const day = 24 * 60 * 60 * 1000;

/** What something is built of: files of a directory, and settings. */
export type Sources = {
  readonly name: string;
  readonly directory: string;
  readonly files: readonly string[];
  readonly settings: readonly string[];
};

/** The folder with what `make` builds of sources; it is built again when they have changed. */
export async function builtOf(sources: Sources, make: (folder: string) => Promise<void>): Promise<string> {
  const entry = `${sources.name}-${await digest(sources)}`;
  const folder = await cached(entry, make);
  await removeOutdated(sources.name, entry);
  return folder;
}

/** The absolute path of every file below a directory. */
export async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function digest({ directory, files, settings }: Sources): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(settings));
  for (const file of files.toSorted()) hash.update(`\0${relative(directory, file)}\0`).update(await readFile(file));
  return hash.digest("hex").slice(0, 16);
}

/** Removes builds of older sources; those of the last day may be another checkout's. */
async function removeOutdated(name: string, current: string): Promise<void> {
  for (const entry of await readdir(cacheFolder)) {
    if (entry === current || !entry.startsWith(`${name}-`)) continue;
    const folder = join(cacheFolder, entry);
    const age = Date.now() - (await stat(folder).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
    if (age > day) await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The folder kept under a name, made if it is not there. It appears whole or not at all, and across processes one is made
 * at a time.
 * @param name names the content: what is made must depend on nothing else
 * @param make fills the empty folder that it is given
 */
export async function cached(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cacheFolder, name);
  if (existsSync(folder)) return folder;
  await mkdir(cacheFolder, { recursive: true });
  const unlock = await lock();
  try {
    if (existsSync(folder)) return folder;
    await removeAbandoned();
    const unfinished = join(cacheFolder, `${UNFINISHED}${process.pid}`);
    try {
      await mkdir(unfinished);
      await make(unfinished);
      await rename(unfinished, folder);
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
    return folder;
  } finally {
    await unlock();
  }
}

/** Removes what processes that have gone were making. */
async function removeAbandoned(): Promise<void> {
  for (const entry of await readdir(cacheFolder)) {
    const abandoned = entry.startsWith(UNFINISHED) && !isAlive(Number(entry.slice(UNFINISHED.length)));
    if (abandoned) await rm(join(cacheFolder, entry), { recursive: true, force: true });
  }
}

/**
 * Waits for the cache's lock, which names the process that holds it. A lock whose process has gone is removed; two processes
 * that remove it at once would both go on, which costs time but does no harm, since folders are renamed into place.
 */
async function lock(): Promise<() => Promise<void>> {
  const file = join(cacheFolder, "lock");
  for (;;) {
    try {
      const handle = await open(file, "wx");
      await handle.writeFile(String(process.pid));
      await handle.close();
      return () => rm(file, { force: true });
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    const holder = Number(await readFile(file, "utf8").catch(() => ""));
    if (holder > 0 && !isAlive(holder)) await rm(file, { force: true });
    else await pause(200);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
