import assert from "node:assert/strict";
import { WriteStream } from "node:tty";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { plain } from "../../cli/output/table.ts";

/** A terminal of a width, which nothing is written to. */
const terminal = (columns: number): WriteStream =>
  Object.assign(Object.create(WriteStream.prototype), { isTTY: true, columns });

const seed = 20260106;

describe("a table on a terminal", () => {
  const word = fc.stringMatching(/^[a-z]{1,8}$/);
  const cell = fc.array(word, { maxLength: 6 }).map((words) => words.join(" "));

  it("goes on below a column where the terminal ends, breaks no word and loses none", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, cell, cell), { maxLength: 5 }),
        fc.integer({ min: 30, max: 80 }),
        (rows, width) => {
          const lines = [...plain({ columns: ["a", "b", "c"], rows }, terminal(width))].map((line) =>
            stripVTControlCharacters(line).trimEnd(),
          );
          for (const line of lines) assert.ok(line.length <= width, `${line} has more than ${width} characters`);
          const words = (texts: readonly string[]) =>
            texts
              .flatMap((text) => text.split(/ +/))
              .filter(Boolean)
              .sort();
          assert.deepEqual(words(lines.slice(1)), words(rows.flat()));
        },
      ),
      { seed },
    );
  });

  it("is one line a row where it is no terminal", () => {
    const rows = [["a b c d", "e f g h"]];
    const stream = Object.assign(Object.create(WriteStream.prototype), { isTTY: false, columns: 8 });
    assert.deepEqual([...plain({ columns: ["x", "y"], rows }, stream)].map(stripVTControlCharacters), [
      "X        Y\n",
      "a b c d  e f g h\n",
    ]);
  });
});
