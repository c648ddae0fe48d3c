/** A thread of `shared.ts`: reads blocks of lines, tells when it has read each, and gives what they add up to. */
import { parentPort, workerData } from "node:worker_threads";
import { recordReader } from "../../cilium/hubble/reading.ts";
import type { Reading } from "../../cilium/hubble/sums.ts";
import { neverRepeated } from "../../cilium/hubble/uuids.ts";
import { readBlock } from "./blocks.ts";

const reading: Reading = workerData;
const reader = recordReader(reading, neverRepeated);

/** @param block undefined for whoever wants what there is by now */
parentPort?.on("message", (block: Uint8Array<ArrayBuffer> | undefined) => {
  if (block !== undefined) readBlock(reader, Buffer.from(block.buffer));
  parentPort?.postMessage(block === undefined ? reader.tally() : undefined);
});
