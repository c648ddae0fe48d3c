/** A Hubble record from files and standard input: JSON lines, plain or gzip, read as they come and never kept whole. */
import { createReadStream } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { type FlowRecord, type RecordReader, recordReader } from "../../cilium/hubble/record.ts";

export interface ReadFlows {
  readonly record: FlowRecord;
  /** What could not be read or not to the end, a sentence for each file. */
  readonly problems: readonly string[];
}

/** Reads all files into one record; `-` is standard input, which an interrupt ends without ending the command. */
export async function readFlows(files: readonly string[]): Promise<ReadFlows> {
  const reader = recordReader();
  const problems: string[] = [];
  for (const file of files) {
    const problem = await readFile(file, reader);
    if (problem !== undefined) problems.push(problem);
  }
  return { record: reader.record(), problems };
}

/** Far longer than any flow: whatever has such a line is no record. */
const longestLine = 16 * 1024 * 1024;

/** Reads one file; gives a sentence when not all of it can be read. */
async function readFile(file: string, reader: RecordReader): Promise<string | undefined> {
  const name = file === "-" ? "standard input" : file;
  const input = file === "-" ? process.stdin : createReadStream(file, { highWaterMark: 64 * 1024 });
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
    input.destroy();
  };
  if (file === "-") process.once("SIGINT", interrupt);
  let lines = 0;
  let rest = "";
  try {
    for await (const text of texts(input)) {
      const complete = (rest + text).split("\n");
      rest = complete.pop() ?? "";
      for (const line of complete) reader.add(line);
      lines += complete.length;
      if (rest.length > longestLine) return `${name} has no lines after the first ${lines}: it is no Hubble record`;
    }
  } catch (error) {
    return interrupted ? undefined : `${name} ${unreadable(error, lines)}`;
  } finally {
    process.off("SIGINT", interrupt);
  }
  if (rest.trim() === "") return undefined;
  if (!isJson(rest)) return `${name} ends within line ${lines + 1}: it was cut off there; the lines before are judged`;
  reader.add(rest);
  return undefined;
}

/** The text of an input, which is gzip if its first two bytes say so. */
async function* texts(input: Readable): AsyncGenerator<string> {
  const chunks: AsyncIterator<Buffer> = input.iterator();
  const first = await chunks.next();
  if (first.done) return;
  const whole = Readable.from(startingWith(first.value, chunks), { objectMode: false });
  const gzip = first.value[0] === 0x1f && first.value[1] === 0x8b;
  // Whoever reads the end of the pipeline meets its errors.
  const bytes = gzip ? pipeline(whole, createGunzip({ chunkSize: 64 * 1024 }), () => {}) : whole;
  const decoder = new TextDecoder();
  for await (const chunk of bytes) yield decoder.decode(chunk, { stream: true });
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

function unreadable(error: unknown, lines: number): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const judged = lines === 0 ? "nothing of it is judged" : `its first ${lines} lines are judged`;
  if (code === "ENOENT") return "does not exist";
  if (code === "EISDIR") return "is a folder; name its files";
  if (code === "Z_BUF_ERROR") return `is cut off in the middle of its gzip data; ${judged}`;
  if (typeof code === "string" && code.startsWith("Z_")) return `is damaged gzip data; ${judged}`;
  return `cannot be read: ${error instanceof Error ? error.message : error}; ${judged}`;
}
