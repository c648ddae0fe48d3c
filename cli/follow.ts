/** A record that goes on: read as it comes, until a signal or the end of its only source. */
import { setTimeout as after } from "node:timers/promises";
import { recordReader } from "../cilium/hubble/reading.ts";
import type { Reading } from "../cilium/hubble/sums.ts";
import { endings, type ReadFlows, readFile } from "./sources/flows.ts";
import { lokiTail, reasonOf } from "./sources/loki.ts";
import { tail } from "./sources/tail.ts";

export type Following = {
  readonly paths: readonly string[];
  readonly loki: { readonly url: string; readonly query: string; readonly since: number | undefined } | undefined;
  /** How often it is told what there is, in milliseconds. */
  readonly every: number;
};

/** How often files are looked at, in milliseconds. */
const pause = 500;

/** @param told is given what there is by now, if there is a flow */
export async function follow(
  { paths, loki, every }: Following,
  reading: Reading,
  told: (read: ReadFlows) => Promise<void>,
): Promise<ReadFlows> {
  const reader = recordReader(reading);
  const problems: string[] = [];
  const files = paths.filter((path) => path !== "-");
  const followed = tail(files, reader);
  const read = (): ReadFlows => ({ record: reader.record(), problems: [...problems, ...followed.problems()] });
  const stop = new AbortController();
  const end = (): void => stop.abort();
  for (const signal of endings) process.once(signal, end);
  const onlyInput = files.length === 0 && loki === undefined;
  const input = async (): Promise<void> => {
    const problem = await readFile("-", reader);
    if (problem !== undefined && !stop.signal.aborted) problems.push(problem);
    if (onlyInput) stop.abort();
  };
  const work = [
    ...(paths.includes("-") ? [input()] : []),
    ...(files.length > 0 ? [followFiles()] : []),
    ...(loki === undefined ? [] : [followLoki(loki)]),
    tellNow(),
  ];
  try {
    await Promise.all(work);
  } finally {
    // Where one of them fails, nothing goes on.
    end();
    if (paths.includes("-")) process.stdin.destroy();
    for (const signal of endings) process.off(signal, end);
  }
  return read();

  async function followFiles(): Promise<void> {
    do await followed.poll();
    while (await waited(pause));
    await followed.poll();
    await followed.close();
  }

  async function followLoki({ url, query, since }: NonNullable<Following["loki"]>): Promise<void> {
    const readOn = lokiTail(url, query, since);
    let isAway = false;
    do {
      try {
        await readOn(reader);
        if (isAway) process.stderr.write(`${url} is back\n`);
        isAway = false;
      } catch (error) {
        if (!isAway) process.stderr.write(`${url}: ${error instanceof Error ? reasonOf(error) : error}; asked again\n`);
        isAway = true;
      }
    } while (await waited(every));
    if (isAway) problems.push(`${url} was away at the end: what it holds since it was read last is not judged`);
  }

  async function tellNow(): Promise<void> {
    while (await waited(every)) {
      const now = read();
      if (now.record.flows > 0) await told(now);
    }
  }

  /** Whether to go on after a while. */
  async function waited(milliseconds: number): Promise<boolean> {
    await after(milliseconds, undefined, { signal: stop.signal }).catch(() => undefined);
    return !stop.signal.aborted;
  }
}
