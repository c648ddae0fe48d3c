import assert from "node:assert/strict";
import fc from "fast-check";
import { recordReader } from "../../../cilium/hubble/reading.ts";
import { repeats } from "../../../cilium/hubble/uuids.ts";
import { anyLines, recordText } from "./same-record.ts";

const seed = Number(process.env.SEED ?? 20_261_128);

describe("Tallies of one record", () => {
  it(`make the record of whoever reads all of it, in any order and by any number of readers (seed ${seed})`, () => {
    const shuffled = anyLines.chain((lines) =>
      fc.record({
        lines: fc.constant(lines),
        order: fc.shuffledSubarray(lines, { minLength: lines.length }),
        readers: fc.integer({ min: 2, max: 4 }),
      }),
    );
    fc.assert(
      fc.property(shuffled, ({ lines, order, readers }) => {
        const one = recordReader();
        for (const line of lines) one.add(line);
        const told = repeats();
        const several = Array.from({ length: readers }, () => recordReader({}, told));
        order.forEach((line, i) => {
          several[(i * 7) % readers]?.add(line);
        });
        const [all, ...others] = several;
        // As threads give them to each other.
        for (const reader of others) all?.include(structuredClone(reader.tally()));
        assert.equal(all && recordText(all.record()), recordText(one.record()));
      }),
      { seed, numRuns: 200 },
    );
  });
});
