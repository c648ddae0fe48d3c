import assert from "node:assert/strict";
import fc from "fast-check";
import { lineReader } from "../../../cilium/hubble/line.ts";
import { recordReader } from "../../../cilium/hubble/reading.ts";
import { anyLines, recordText } from "./same-record.ts";

const seed = Number(process.env.SEED ?? 20_261_128);

function recordIn(texts: readonly string[]): string {
  const reader = recordReader();
  for (const text of texts) for (const line of text.split("\n")) reader.add(line);
  return recordText(reader.record());
}

describe("Lines as Hubble writes them", () => {
  it(`say the same as their JSON in any other form (seed ${seed})`, () => {
    const printed = (line: string): string => JSON.stringify(JSON.parse(line), undefined, 1);
    fc.assert(
      fc.property(anyLines, (lines) => assert.equal(recordIn(lines), recordIn(lines.map(printed)))),
      { seed, numRuns: 100 },
    );
  });

  it("are read by their parts, most of them", () => {
    const read = lineReader();
    const lines = fc.sample(anyLines, { seed, numRuns: 50 }).flat();
    assert.ok(lines.filter((line) => read(line) !== undefined).length > lines.length / 2);
  });

  it("are no flow once a byte is missing, wherever", () => {
    const [line = ""] = fc.sample(anyLines, { seed, numRuns: 50 }).flat().filter(lineReader());
    for (let i = 0; i < line.length; i++) {
      const damaged = line.slice(0, i) + line.slice(i + 1);
      const isJson = (() => {
        try {
          return JSON.parse(damaged) !== undefined;
        } catch {
          return false;
        }
      })();
      if (!isJson) assert.equal(lineReader()(damaged), undefined, damaged);
    }
  });
});
