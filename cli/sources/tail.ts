/** Files that are still written: what is added to them, through their rotation. */
import type { Stats } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import type { Lines } from "../../cilium/hubble/reading.ts";
import { filesOf, isPacked, readFile, unreadable } from "./flows.ts";

export type Tail = {
  /** Reads what has been added since; files that are not there are waited for. */
  readonly poll: () => Promise<void>;
  /** What could not be read when it was looked at last, a sentence for each file. */
  readonly problems: () => readonly string[];
  readonly close: () => Promise<void>;
};

type Followed = {
  readonly handle: FileHandle;
  readonly decoder: InstanceType<typeof TextDecoder>;
  /** What it was called when it was seen last. */
  name: string;
  /** Its first bytes, as far as they were written. */
  beginning: Buffer;
  position: number;
  rest: string;
};

/** In bytes: lines that begin with their time are told apart by so much. */
const beginningSize = 256;

/**
 * Follows files and those below folders. A file that is renamed is read to its end, and the new one of its name from the
 * beginning; one that begins anew is read anew; one that is packed is read at once and again when it has changed, and
 * holds what was read already (the uuids tell).
 */
export function tail(paths: readonly string[], reader: Lines): Tail {
  /** By what a file is, whatever it is called by now. */
  const followed = new Map<string, Followed>();
  /** How packed files were when they were read. */
  const packed = new Map<string, string>();
  const problems = new Map<string, string>();

  const begin = async (name: string, id: string, state: string): Promise<void> => {
    const handle = await open(name);
    const beginning = await bytesOf(handle, beginningSize);
    if (!isPacked(beginning)) {
      followed.set(id, { handle, decoder: new TextDecoder(), name, beginning, position: 0, rest: "" });
      return;
    }
    packed.set(id, state);
    await handle.close();
    const problem = await readFile(name, reader);
    if (problem !== undefined) problems.set(name, problem);
  };

  const look = async (name: string): Promise<string | undefined> => {
    const found = await stat(name).catch(() => undefined);
    if (found === undefined || found.size === 0) return undefined;
    const [id, state] = [identityOf(found), `${found.size} ${found.mtimeMs}`];
    const known = followed.get(id);
    if (known !== undefined) known.name = name;
    else if (packed.get(id) !== state) await trying(name, () => begin(name, id, state));
    return id;
  };

  const trying = async (name: string, read: () => Promise<void>): Promise<void> => {
    problems.delete(name);
    await read().catch((error: unknown) => problems.set(name, `${name} ${unreadable(error)}`));
  };

  const readOn = async (one: Followed): Promise<void> => {
    const { handle } = one;
    const isSame = (await bytesOf(handle, one.beginning.length)).equals(one.beginning);
    if (!isSame || (await handle.stat()).size < one.position) Object.assign(one, { position: 0, rest: "" });
    one.beginning = await bytesOf(handle, beginningSize);
    const buffer = Buffer.alloc(64 * 1024);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, one.position);
      if (bytesRead === 0) return;
      one.position += bytesRead;
      const lines = (one.rest + one.decoder.decode(buffer.subarray(0, bytesRead), { stream: true })).split("\n");
      one.rest = lines.pop() ?? "";
      for (const line of lines) reader.add(line);
    }
  };

  const end = async (id: string, { handle, rest }: Followed): Promise<void> => {
    followed.delete(id);
    if (rest !== "") reader.add(rest);
    await handle.close();
  };

  return {
    poll: async () => {
      const present = new Set<string | undefined>();
      for (const path of paths) {
        const { files, problem } = filesOf(path);
        if (problem === undefined) problems.delete(path);
        else problems.set(path, problem);
        for (const file of files) present.add(await look(file));
      }
      for (const [id, one] of [...followed]) {
        await trying(one.name, () => readOn(one));
        if (!present.has(id)) await end(id, one);
      }
      // What is gone may leave its number to a new file.
      for (const id of packed.keys()) if (!present.has(id)) packed.delete(id);
    },
    problems: () => [...problems.values()],
    close: async () => {
      for (const [id, one] of [...followed]) await end(id, one);
    },
  };
}

/** File systems number their files each for itself. */
const identityOf = ({ dev, ino }: Stats): string => `${dev} ${ino}`;

/** As many of the first bytes as there are. */
async function bytesOf(handle: FileHandle, size: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(size), 0, size, 0);
  return buffer.subarray(0, bytesRead);
}
