/** Blocks of lines, as bytes: what of them is a flow that any reader may take, and to read them. */
import type { Lines } from "../../cilium/hubble/reading.ts";

/** Whole lines, in memory that a thread can be given. */
export type Block = Buffer<ArrayBuffer>;

/** For readers of what was told apart before. */
export const neverRepeated = (): boolean => false;

/** Gives how many lines it has read. */
export function readBlock(reader: Lines, block: Uint8Array): number {
  const lines = text(block).split("\n");
  for (const line of lines) reader.add(line);
  return lines.length;
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

export type Sifted = { readonly lines: number; readonly duplicates: number };

const newline = 10;
const flowStart = Buffer.from('{"flow":{');
const uuidStart = '"uuid":"';
const uuidLength = 36;

/** Empties the lines of a block that are no flow as Hubble's exporter writes it, which `other` is given, or came before. */
export function sift(block: Block, isRepeated: (uuid: string) => boolean, other: (line: string) => void): Sifted {
  let lines = 0;
  let duplicates = 0;
  let uuid = -1;
  for (let start = 0; start <= block.length; lines++) {
    const found = block.indexOf(newline, start);
    const end = found < 0 ? block.length : found;
    if (!isFlow(block, start, end)) {
      other(text(block.subarray(start, end)));
      block.fill(newline, start, end);
    } else {
      if (uuid < start) uuid = after(block.indexOf(uuidStart, start));
      if (uuid < end && isRepeated(block.toString("latin1", uuid, uuid + uuidLength))) {
        duplicates++;
        block.fill(newline, start, end);
      }
    }
    start = end + 1;
  }
  return { lines, duplicates };
}

const after = (start: number): number => (start < 0 ? Number.POSITIVE_INFINITY : start + uuidStart.length);

function isFlow(block: Block, start: number, end: number): boolean {
  if (block[end - 1] !== 0x7d || end - start < flowStart.length) return false;
  for (let i = 0; i < flowStart.length; i++) if (block[start + i] !== flowStart[i]) return false;
  return true;
}
