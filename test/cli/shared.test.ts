import assert from "node:assert/strict";
import fc from "fast-check";
import { recordReader } from "../../cilium/hubble/reading.ts";
import { sharedReader } from "../../cli/sources/shared.ts";
import { anyLines, recordText } from "../cilium/hubble/same-record.ts";

const seed = Number(process.env.SEED ?? 20_261_128);
const block = (text: string) => {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
};

describe("A record that threads share", () => {
  it(`is the one that one reader reads, envelopes and duplicates included (seed ${seed})`, async function () {
    this.timeout("1m");
    const lines = fc.sample(anyLines, { seed, numRuns: 40 }).map((some, sample) =>
      some.map((line, i) => {
        const number = `${sample}`.padStart(2, "0");
        const own = line.replace("-1bce-", `-00${number}-`).replace("T00:00:", `T00:${number}:`);
        return i % 5 === 0 ? `2026-11-03T09:30:00.5Z stdout F ${own}` : own;
      }),
    );
    const one = recordReader();
    const shared = sharedReader({}, 0);
    for (const some of [...lines, ...lines.slice(0, 5)]) {
      for (const line of some) one.add(line);
      assert.equal(shared.addBlock(block(some.join("\n"))), some.length);
    }
    assert.equal(recordText(await shared.record()), recordText(one.record()));
  });
});
