import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { recordReader } from "../../cilium/hubble/reading.ts";
import { readFlows } from "../../cli/sources/flows.ts";
import { sharedReader } from "../../cli/sources/shared.ts";
import { anyLines, recordText } from "../cilium/hubble/same-record.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";

const seed = Number(process.env.SEED ?? 20_261_128);
const block = (text: string) => {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
};

/** Lines of one record, each minute of which has uuids of its own. */
const samples = fc.sample(anyLines, { seed, numRuns: 40 }).map((some, minute) => {
  const number = `${minute}`.padStart(2, "0");
  return some.map((line) => line.replace("-1bce-", `-00${number}-`).replace("T00:00:", `T00:${number}:`));
});

describe("A record that threads share", () => {
  it(`is the one that one reader reads, envelopes and duplicates included (seed ${seed})`, async function () {
    this.timeout("1m");
    const lines = samples.map((some) =>
      some.map((line, i) => (i % 5 === 0 ? `2026-11-03T09:30:00.5Z stdout F ${line}` : line)),
    );
    const one = recordReader();
    const shared = sharedReader({}, 0);
    for (const some of [...lines, ...lines.slice(0, 5)]) {
      for (const line of some) one.add(line);
      assert.equal(shared.addBlock(block(some.join("\n"))), some.length);
    }
    assert.equal(recordText(await shared.record()), recordText(one.record()));
  });

  it("is the one that it is in UTF-16, as PowerShell writes it", async () => {
    const file = join(temporaryFolder("powershell"), "flows.json");
    const lines = samples.flat();
    writeFileSync(file, `\uFEFF${lines.join("\r\n")}\r\n`, "utf16le");
    const one = recordReader();
    for (const line of lines) one.add(line);
    const { record, problems } = await readFlows([file], {});
    assert.deepEqual(problems, []);
    assert.equal(recordText(record), recordText(one.record()));
  });

  const arrays: Readonly<Record<string, (lines: readonly string[]) => string>> = {
    "on one line": (lines) => `[${lines.join(",")}]`,
    "with a line for each": (lines) => `[${lines.join(",\n")}]\n`,
  };
  for (const [name, arrayOf] of Object.entries(arrays)) {
    it(`is the one that its lines are where they stand in an array ${name} (seed ${seed})`, async () => {
      const lines = samples.flat();
      const file = join(temporaryFolder("array"), "flows.json");
      const text = arrayOf(lines);
      assert.ok(text.length > 2 ** 19, "one that takes several reads");
      writeFileSync(file, text);
      const one = recordReader();
      for (const line of lines) one.add(line);
      const { record, problems } = await readFlows([file], {});
      assert.deepEqual(problems, []);
      assert.equal(recordText(record), recordText(one.record()));
    });
  }
});
