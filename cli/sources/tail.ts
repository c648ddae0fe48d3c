/** Files that are still written: what is added to them, through their rotation. */
import { type FileHandle, open, stat } from "node:fs/promises";
import type { Lines } from "../../cilium/hubble/reading.ts";
import { filesOf, isPacked, readFile } from "./flows.ts";

export type Tail = {
  /** Reads what has been added since; files that are not there are waited for. */
  readonly poll: () => Promise<void>;
  readonly close: () => Promise<void>;
};

/** A file by what it is, whatever it is called by now. */
type Followed = {
  readonly handle: FileHandle;
  readonly decoder: InstanceType<typeof TextDecoder>;
  position: number;
  rest: string;
};

/**
 * Follows files and those below folders. A file that is renamed is read to its end, and the new one of its name from the
 * beginning; one that was packed meanwhile is read at once, and holds what was read already (the uuids tell).
 */
export function tail(paths: readonly string[], reader: Lines): Tail {
  const followed = new Map<number, Followed>();
  const packed = new Set<number>();

  const begin = async (file: string, id: number): Promise<void> => {
    const handle = await open(file);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    if (!isPacked(buffer.subarray(0, bytesRead))) {
      followed.set(id, { handle, decoder: new TextDecoder(), position: 0, rest: "" });
      return;
    }
    packed.add(id);
    await handle.close();
    await readFile(file, reader);
  };

  const readOn = async (one: Followed): Promise<void> => {
    const { size } = await one.handle.stat();
    if (size < one.position) Object.assign(one, { position: 0, rest: "" });
    const buffer = Buffer.alloc(64 * 1024);
    for (;;) {
      const { bytesRead } = await one.handle.read(buffer, 0, buffer.length, one.position);
      if (bytesRead === 0) return;
      one.position += bytesRead;
      const lines = (one.rest + one.decoder.decode(buffer.subarray(0, bytesRead), { stream: true })).split("\n");
      one.rest = lines.pop() ?? "";
      for (const line of lines) reader.add(line);
    }
  };

  const end = async (id: number, { handle, rest }: Followed): Promise<void> => {
    followed.delete(id);
    if (rest !== "") reader.add(rest);
    await handle.close();
  };

  return {
    poll: async () => {
      const present = new Set<number>();
      for (const file of paths.flatMap(filesOf)) {
        const found = await stat(file).catch(() => undefined);
        if (found === undefined || found.size === 0) continue;
        present.add(found.ino);
        if (!followed.has(found.ino) && !packed.has(found.ino)) await begin(file, found.ino).catch(() => undefined);
      }
      for (const [id, one] of [...followed]) {
        await readOn(one);
        if (!present.has(id)) await end(id, one);
      }
    },
    close: async () => {
      for (const [id, one] of [...followed]) await end(id, one);
    },
  };
}
