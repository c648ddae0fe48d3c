/**
 * A record that several threads read: blocks of lines go to whoever has time, and what each adds up is added in the end.
 * Events are told apart by their uuids before, so that each counts once, whoever would read it.
 */
import { availableParallelism } from "node:os";
import { extname } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import { type Lines, recordReader } from "../../cilium/hubble/reading.ts";
import type { FlowRecord } from "../../cilium/hubble/record.ts";
import type { Reading } from "../../cilium/hubble/sums.ts";
import type { Tally } from "../../cilium/hubble/tally.ts";
import { neverRepeated, repeats } from "../../cilium/hubble/uuids.ts";
import { type Block, readBlock, sift } from "./blocks.ts";

export type SharedReader = Lines & {
  /** Takes whole lines, with all of the memory that they are in. Gives how many they are. */
  readonly addBlock: (block: Block) => number;
  /** What was read; nothing can be added after. */
  readonly record: () => Promise<FlowRecord>;
};

/** What is read before a thread is worth its start, in bytes. */
const worthThreads = 16 * 1024 * 1024;

/** Besides this one; to read for more would take all of its time. */
const mostThreads = Math.min(availableParallelism() - 1, 3);

/** Enough that a thread does not wait while this one reads a block. */
const mostWaiting = 8;

export function sharedReader(reading: Reading, threadsFrom = worthThreads): SharedReader {
  const told = repeats();
  /** For what is no flow in a line of its own: an envelope, a pretty-printed value. */
  const others = recordReader(reading, told);
  const flows = recordReader(reading, neverRepeated);
  const threads: Thread[] = [];
  let length = 0;
  let duplicates = 0;
  return {
    add: others.add,
    end: others.end,
    addBlock: (block) => {
      const sifted = sift(block, told, others.add);
      duplicates += sifted.duplicates;
      length += block.length;
      if (length > threadsFrom && threads.length < mostThreads) {
        keepYoungGenerations();
        threads.push(thread(reading));
      }
      const idle = threads.find((one) => one.waiting() < mostWaiting);
      if (idle === undefined) readBlock(flows, block);
      else idle.read(block);
      return sifted.lines;
    },
    record: async () => {
      const other = others.tally();
      flows.include({ ...other, duplicates: other.duplicates + duplicates });
      for (const one of threads) flows.include(await one.tally());
      return flows.record();
    },
  };
}

type Thread = {
  readonly read: (block: Block) => void;
  /** How many blocks it has not read yet. */
  readonly waiting: () => number;
  /** What all of its blocks add up to; ends it. */
  readonly tally: () => Promise<Tally>;
};

/**
 * What is made of a line is gone with the next one. V8 gives such objects more and more room, to over 100 MB, which makes nothing
 * faster here: that of this thread stays as it is, and others begin with as much as they may have (`SemiSpaceNewSpace::Grow` in
 * `src/heap/new-spaces.cc`, `Heap::ConfigureHeap` in `src/heap/heap.cc`).
 */
const keepYoungGenerations = (): void =>
  setFlagsFromString(`--semi-space-growth-factor=1 --min-semi-space-size=${semiSpace}`);

/** In MB; a young generation is three of them. */
const semiSpace = 8;

function thread(reading: Reading): Thread {
  const worker = new Worker(new URL(`./share${extname(import.meta.url)}`, import.meta.url), {
    workerData: reading,
    resourceLimits: { maxYoungGenerationSizeMb: 3 * semiSpace },
  });
  // Nobody waits for it until its tally is asked for.
  worker.unref();
  const result = Promise.withResolvers<Tally>();
  // Whoever waits for the tally is told.
  result.promise.catch(() => undefined);
  let waiting = 0;
  worker.on("error", result.reject).on("message", (tally: Tally | undefined) => {
    waiting--;
    if (tally !== undefined) result.resolve(tally);
  });
  return {
    read: (block) => {
      waiting++;
      worker.postMessage(block, [block.buffer]);
    },
    waiting: () => waiting,
    tally: async () => {
      worker.ref();
      worker.postMessage(undefined);
      const tally = await result.promise;
      await worker.terminate();
      return tally;
    },
  };
}
