/** A Hubble record from files, folders and standard input, plain or packed, read as it comes and never kept whole. */
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { pipeline, Readable, type Transform } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import type { Lines } from "../../cilium/hubble/reading.ts";
import type { FlowRecord } from "../../cilium/hubble/record.ts";
import type { Reading } from "../../cilium/hubble/sums.ts";
import { type Block, readBlock } from "./blocks.ts";
import { sharedReader } from "./shared.ts";

export interface ReadFlows {
  readonly record: FlowRecord;
  /** What could not be read or not to the end, a sentence for each file. */
  readonly problems: readonly string[];
}

/** Reads lines into a record; gives a sentence when not all of them can be read. */
export type FlowSource = (reader: Lines) => Promise<string | undefined>;

/**
 * Reads everything into one record: files, those below folders, and standard input (`-`), which SIGINT and SIGTERM end
 * without ending the command.
 * @param more what is no file
 */
export async function readFlows(
  paths: readonly string[],
  reading: Reading,
  more: readonly FlowSource[] = [],
): Promise<ReadFlows> {
  const reader = sharedReader(reading);
  const problems: string[] = [];
  for (const source of more) {
    const problem = await source(reader);
    if (problem !== undefined) problems.push(problem);
  }
  for (const path of paths) {
    const { files, problem = files.length === 0 ? `${path} is a folder without a file` : undefined } = filesOf(path);
    if (problem !== undefined) problems.push(problem);
    for (const file of files) {
      const problem = await readFile(file, reader, reader.addBlock);
      if (problem !== undefined) problems.push(problem);
    }
  }
  return { record: await reader.record(), problems };
}

export type FoundFiles = { readonly files: readonly string[]; readonly problem?: string };

/** The path itself, or the files below it and those that links there lead to; hidden ones are none of the exporter's. */
export function filesOf(path: string): FoundFiles {
  try {
    if (path === "-" || !statSync(path, { throwIfNoEntry: false })?.isDirectory()) return { files: [path] };
    return { files: [...filesBelow(path)].sort() };
  } catch (error) {
    return { files: [], problem: `${path} ${unreadable(error, 0)}` };
  }
}

function* filesBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith(".")) continue;
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile() || (entry.isSymbolicLink() && isFile(path))) yield path;
  }
}

/** Kubernetes links to the logs of containers (`/var/log/containers`); links to folders may lead round and round. */
const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

/** What is read at once, in bytes. */
const chunkSize = 256 * 1024;

/** Far longer than any flow: whatever has such a line is no record. */
const longestLine = 16 * 1024 * 1024;
/** An array may stand on one line. */
const longestArray = 256 * 1024 * 1024;

/** The signals that end a record, and not the command. */
export const endings = ["SIGINT", "SIGTERM"] as const;

/**
 * Reads one file; gives a sentence when not all of it can be read.
 * @param addBlock takes what the reader is to read of whole lines, and gives how many they are
 */
export async function readFile(
  file: string,
  reader: Lines,
  addBlock = (block: Block): number => readBlock(reader, block),
): Promise<string | undefined> {
  const name = file === "-" ? "standard input" : file;
  const chunks = file === "-" ? process.stdin.iterator() : chunksOf(file);
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
    process.stdin.destroy();
  };
  if (file === "-") for (const signal of endings) process.once(signal, interrupt);
  let lines = 0;
  let rest: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of unpacked(chunks)) {
      const end = chunk.lastIndexOf("\n");
      if (end < 0) {
        rest.push(joined([chunk]));
        length += chunk.length;
        const longest = /^\s*[[{]/.test(rest[0]?.toString() ?? "") ? longestArray : longestLine;
        if (length > longest) return `${name} has no lines after the first ${lines}: it is no Hubble record`;
        continue;
      }
      lines += addBlock(joined([...rest, chunk.subarray(0, end)]));
      rest = [joined([chunk.subarray(end + 1)])];
      length = chunk.length - end - 1;
    }
  } catch (error) {
    return interrupted ? undefined : `${name} ${unreadable(error, lines)}`;
  } finally {
    for (const signal of endings) process.off(signal, interrupt);
  }
  const last = joined(rest).toString();
  const isCutOff = /^\s*\{"/.test(last) && !isJson(last);
  if (!isCutOff) reader.add(last);
  const within = reader.end();
  return isCutOff || within
    ? `${name} ends within line ${lines + 1}: it was cut off there; the lines before are judged`
    : undefined;
}

/** A copy in memory of its own. */
function joined(parts: readonly Buffer[]): Block {
  const whole = Buffer.allocUnsafeSlow(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) at += part.copy(whole, at);
  return whole;
}

/** What a file holds. Each chunk is there until the next one is asked for. */
async function* chunksOf(file: string): AsyncGenerator<Buffer> {
  const descriptor = openSync(file, "r");
  const chunk = Buffer.allocUnsafeSlow(chunkSize);
  try {
    for (;;) {
      const length = readSync(descriptor, chunk, 0, chunkSize, null);
      if (length === 0) return;
      yield chunk.subarray(0, length);
      // Threads and signals have a turn.
      await setImmediate();
    }
  } finally {
    closeSync(descriptor);
  }
}

/** What an input holds, unpacked if its first bytes say that it is packed. */
async function* unpacked(chunks: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  const first = await chunks.next();
  if (first.done) return;
  const unpack = unpacking(first.value);
  const all = startingWith(first.value, chunks);
  if (first.value[0] === 0xff && first.value[1] === 0xfe) {
    yield* fromUtf16(all);
    return;
  }
  // Whoever reads the end of the pipeline meets its errors.
  if (unpack === undefined) yield* all;
  else yield* pipeline(Readable.from(copies(all), { objectMode: false }), unpack, () => {});
}

/** As PowerShell writes what is redirected. */
async function* fromUtf16(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder("utf-16le");
  for await (const chunk of chunks) yield Buffer.from(decoder.decode(chunk, { stream: true }));
}

async function* copies(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
}

export const isPacked = (start: Buffer): boolean => unpacking(start) !== undefined;

function unpacking(start: Buffer): Transform | undefined {
  if (start[0] === 0x1f && start[1] === 0x8b) return createGunzip({ chunkSize });
  return start.length >= 4 && start.readUInt32LE() === 0xfd2fb528 ? createZstdDecompress({ chunkSize }) : undefined;
}

async function* startingWith(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Why a file is not read to its end, after its name. @param lines how many were read, if that is known */
export function unreadable(error: unknown, lines?: number): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const read = lines === undefined ? "what was read of it is judged" : `its first ${lines} lines are judged`;
  const judged = lines === 0 ? "nothing of it is judged" : read;
  if (code === "ENOENT") return "does not exist";
  if (code === "Z_BUF_ERROR") return `is cut off in the middle of its packed data; ${judged}`;
  if (typeof code === "string" && /^(Z_|ZSTD_)/.test(code)) return `is damaged packed data; ${judged}`;
  return `cannot be read: ${error instanceof Error ? error.message : error}; ${judged}`;
}
