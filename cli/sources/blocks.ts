/** Blocks of lines, as bytes: what of them is a flow that any reader may take, and to read them. */
import type { Lines } from "../../cilium/hubble/reading.ts";
import type { Repeats } from "../../cilium/hubble/uuids.ts";

/** Whole lines, in memory that a thread can be given. */
export type Block = Buffer<ArrayBuffer>;

/** In bytes. Longer texts are no short-lived objects to V8, and take five times as long to make. */
const pieceSize = 64 * 1024;

/** Gives how many lines it has read. */
export function readBlock(reader: Lines, block: Block): number {
  let lines = 0;
  for (let start = 0; start <= block.length; ) {
    const end = endOfPiece(block, start);
    for (const line of text(block.subarray(start, end)).split("\n")) {
      reader.add(line);
      lines++;
    }
    start = end + 1;
  }
  return lines;
}

/** Where the last line ends that begins and ends within a piece, or else the first one. */
function endOfPiece(block: Block, start: number): number {
  if (block.length - start <= pieceSize) return block.length;
  const last = block.lastIndexOf(newline, start + pieceSize);
  const end = last > start ? last : block.indexOf(newline, start);
  return end < 0 ? block.length : end;
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

export type Sifted = { readonly lines: number; readonly duplicates: number };

const newline = 10;
const quote = 34;
const closing = 93;
const beforeTime = Buffer.from('{"flow":{"time":"');
const beforeUuid = Buffer.from('","uuid":"');

/**
 * Empties the lines of a block whose flows came before, and those that do not begin as Hubble's exporter writes a flow, with
 * its time and uuid, which `other` is given.
 */
export function sift(block: Block, { isRepeatedAt }: Repeats, other: (line: string) => void): Sifted {
  let lines = 0;
  let duplicates = 0;
  for (let start = 0; start <= block.length; lines++) {
    const found = block.indexOf(newline, start);
    const end = found < 0 ? block.length : found;
    const uuid = uuidIn(block, start);
    // What ends an array is for whoever knows that it began.
    const isOther = uuid === undefined || block[end - 1] === closing;
    const isDuplicate = !isOther && isRepeatedAt(block, uuid);
    if (isOther) other(text(block.subarray(start, end)));
    if (isDuplicate) duplicates++;
    if (isOther || isDuplicate) block.fill(newline, start, end);
    start = end + 1;
  }
  return { lines, duplicates };
}

/** Where the uuid of a flow begins. */
function uuidIn(block: Block, start: number): number | undefined {
  if (!stands(beforeTime, block, start)) return undefined;
  const at = block.indexOf(quote, start + beforeTime.length);
  if (!stands(beforeUuid, block, at)) return undefined;
  return at + beforeUuid.length;
}

/** Whether bytes stand somewhere in a block: a few, which to compare takes less than to call what compares many. */
function stands(bytes: Buffer, block: Block, at: number): boolean {
  for (let i = 0; i < bytes.length; i++) if (block[at + i] !== bytes[i]) return false;
  return true;
}
