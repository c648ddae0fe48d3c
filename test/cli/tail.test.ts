import assert from "node:assert/strict";
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { filesOf } from "../../cli/sources/flows.ts";
import { tail } from "../../cli/sources/tail.ts";
import { temporaryFolder } from "../toolchain/lifetime.ts";

/** What a tail has read of a folder: the lines since the last time. */
function tailOf(folder: string) {
  const lines: string[] = [];
  const followed = tail([folder], { add: (line) => lines.push(line), end: () => false });
  const read = async (): Promise<string[]> => {
    await followed.poll();
    return lines.splice(0).filter((line) => line !== "");
  };
  return { ...followed, read };
}

/** A line of a length as flows have it, by the number of its time. */
const event = (time: number): string => `${time} ${"flow".repeat(100)}\n`;
const seen = (...times: number[]): string[] => times.map((time) => event(time).trimEnd());

describe("a tail", () => {
  it("reads a file on through its renaming, to its end", async () => {
    const folder = temporaryFolder("tail");
    const file = join(folder, "hubble.log");
    writeFileSync(file, event(1));
    const { read, close } = tailOf(folder);
    assert.deepEqual(await read(), seen(1));
    appendFileSync(file, event(2));
    renameSync(file, join(folder, "hubble-1.log"));
    writeFileSync(file, event(3));
    assert.deepEqual((await read()).sort(), seen(2, 3));
    await close();
  });

  it("reads a file anew that was copied and emptied, however much is in it again", async () => {
    const folder = temporaryFolder("tail");
    const file = join(folder, "hubble.log");
    writeFileSync(file, event(1));
    const { read, close } = tailOf(file);
    assert.deepEqual(await read(), seen(1));
    copyFileSync(file, `${file}.1`);
    truncateSync(file);
    appendFileSync(file, [2, 3, 4].map(event).join(""));
    assert.deepEqual(await read(), seen(2, 3, 4));
    await close();
  });

  it("reads a file that has the number of a packed one that is gone", async () => {
    const folder = temporaryFolder("tail");
    const [packed, file] = [join(folder, "hubble-1.log.gz"), join(folder, "hubble.log")];
    writeFileSync(packed, gzipSync(event(1)));
    const { read, close } = tailOf(folder);
    assert.deepEqual(await read(), seen(1));
    const { ino } = statSync(packed);
    // File systems differ in which number they give next; this one may be given again.
    for (let i = 2; i < 100; i++) {
      rmSync(i === 2 ? packed : file);
      assert.deepEqual(await read(), []);
      writeFileSync(file, event(i));
      assert.deepEqual(await read(), seen(i));
      if (statSync(file).ino === ino) break;
    }
    await close();
  });

  it("reads a packed file again when it has changed, and says while it is not whole", async () => {
    const folder = temporaryFolder("tail");
    const packed = join(folder, "hubble-1.log.gz");
    const bytes = gzipSync(event(1) + event(2));
    writeFileSync(packed, bytes.subarray(0, -12));
    const { read, problems, close } = tailOf(folder);
    await read();
    assert.deepEqual(problems().length, 1);
    assert.match(problems()[0] ?? "", /hubble-1\.log\.gz is cut off in the middle of its packed data; /);
    appendFileSync(packed, bytes.subarray(-12));
    assert.deepEqual(await read(), seen(1, 2));
    assert.deepEqual(await read(), []);
    assert.deepEqual(problems(), []);
    await close();
  });

  it("waits for a folder that is gone to come back", async () => {
    const folder = join(temporaryFolder("tail"), "hubble");
    const { read, close } = tailOf(folder);
    for (const time of [1, 2]) {
      mkdirSync(folder);
      writeFileSync(join(folder, "hubble.log"), event(time));
      assert.deepEqual(await read(), seen(time));
      rmSync(folder, { recursive: true });
      assert.deepEqual(await read(), []);
    }
    await close();
  });
});

describe("the files below a folder", () => {
  it("are also those that links there lead to", () => {
    const folder = temporaryFolder("links");
    const logs = join(folder, "containers");
    mkdirSync(logs);
    writeFileSync(join(folder, "0.log"), event(1));
    symlinkSync("../0.log", join(logs, "hubble.log"));
    symlinkSync("nowhere", join(logs, "gone.log"));
    symlinkSync("..", join(logs, "above"));
    assert.deepEqual(filesOf(logs), { files: [join(logs, "hubble.log")] });
  });

  it("are none where the folder cannot be listed, and that is said", () => {
    const folder = join(temporaryFolder("locked"), "hubble");
    mkdirSync(folder, { mode: 0 });
    const { files, problem } = asNobody(() => filesOf(folder));
    assert.deepEqual(files, []);
    assert.match(problem ?? "", /hubble cannot be read: EACCES: .+; nothing of it is judged$/);
  });
});

/** Without the rights of the superuser, who may read everything. */
function asNobody<T>(run: () => T): T {
  if (process.geteuid?.() !== 0) return run();
  process.seteuid?.(65_534);
  try {
    return run();
  } finally {
    process.seteuid?.(0);
  }
}
