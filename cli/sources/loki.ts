/**
 * The lines of a Hubble record that a Loki holds, by its HTTP API (`GET /loki/api/v1/query_range`): a window of time after
 * the other, in pages, so that nothing is kept. Access is as for logcli: LOKI_BEARER_TOKEN, or LOKI_USERNAME and
 * LOKI_PASSWORD, and LOKI_ORG_ID.
 */
import { z } from "zod";
import type { Lines } from "../../cilium/hubble/reading.ts";
import type { FlowSource } from "./flows.ts";

const hour = 3_600_000;

/** As many lines as Loki gives at once unless it is configured otherwise (`max_entries_limit_per_query`). */
const pageSize = 5000;

/** @param since in milliseconds since 1970, like `until`; an hour ago and now, unless given */
export function lokiSource(url: string, query: string, since = Date.now() - hour, until = Date.now()): FlowSource {
  return async (reader) => {
    try {
      for (let start = since; start < until; start += hour) {
        await readWindow(reader, url, query, nanoseconds(start), nanoseconds(Math.min(start + hour, until)));
      }
      return undefined;
    } catch (error) {
      return `${url} cannot be read to the end: ${error instanceof Error ? reasonOf(error) : error}`;
    } finally {
      reader.end();
    }
  };
}

/** How long lines take to be stored, at most. */
const delay = 10_000;

/** Reads what a Loki has got since the last time; throws where it cannot, and can be asked again. */
export function lokiTail(url: string, query: string, since = Date.now() - hour): (reader: Lines) => Promise<void> {
  let start = since;
  return async (reader) => {
    for (const until = Date.now() - delay; start < until; ) {
      const end = Math.min(start + hour, until);
      await readWindow(reader, url, query, nanoseconds(start), nanoseconds(end));
      start = end;
    }
  };
}

const nanoseconds = (milliseconds: number): bigint => BigInt(Math.round(milliseconds)) * 1_000_000n;

/** A line with its time in nanoseconds since 1970. */
type Entry = readonly [time: string, line: string];

const answer = z.object({
  data: z.object({
    resultType: z.literal("streams"),
    result: z.array(z.object({ values: z.array(z.tuple([z.string(), z.string()], z.unknown())) })),
  }),
});

/** Reads the lines from a time on until before another. */
async function readWindow(reader: Lines, url: string, query: string, from: bigint, until: bigint): Promise<void> {
  let start = from;
  /** The lines of the moment that the next page begins with, which were read already. */
  let known = new Set<string>();
  for (;;) {
    const entries = await readPage(url, query, start, until);
    const last = entries.at(-1);
    for (const [time, line] of entries) if (BigInt(time) > start || !known.has(line)) reader.add(line);
    if (last === undefined || entries.length < pageSize) return;
    const end = BigInt(last[0]);
    if (end === start) throw new Error(`it holds ${pageSize} lines or more of one moment`);
    known = new Set(entries.flatMap(([time, line]) => (BigInt(time) === end ? [line] : [])));
    start = end;
  }
}

async function readPage(url: string, query: string, start: bigint, end: bigint): Promise<Entry[]> {
  const target = new URL("loki/api/v1/query_range", url.endsWith("/") ? url : `${url}/`);
  const limit = `${pageSize}`;
  target.search = new URLSearchParams({
    query,
    start: `${start}`,
    end: `${end}`,
    limit,
    direction: "forward",
  }).toString();
  const response = await fetch(target, { headers: access() });
  const text = await response.text();
  if (!response.ok) throw new Error(`it answers ${response.status}: ${text.trim().slice(0, 200)}`);
  const parsed = answer.safeParse(JSON.parse(text));
  if (!parsed.success) throw new Error("it does not answer with lines; write a query for lines, not for counts");
  // Each stream is in order; together they need not be.
  return parsed.data.data.result
    .flatMap(({ values }) => values.map(([time, line]): Entry => [time, line]))
    .sort(([a], [b]) => Number(BigInt(a) - BigInt(b)));
}

function access(): Record<string, string> {
  const { LOKI_BEARER_TOKEN, LOKI_USERNAME, LOKI_PASSWORD, LOKI_ORG_ID } = process.env;
  const basic = Buffer.from(`${LOKI_USERNAME ?? ""}:${LOKI_PASSWORD ?? ""}`).toString("base64");
  return {
    ...(LOKI_BEARER_TOKEN && { authorization: `Bearer ${LOKI_BEARER_TOKEN}` }),
    ...(!LOKI_BEARER_TOKEN && LOKI_USERNAME && { authorization: `Basic ${basic}` }),
    ...(LOKI_ORG_ID && { "x-scope-orgid": LOKI_ORG_ID }),
  };
}

/** What `fetch` wraps. */
export const reasonOf = ({ message, cause }: Error): string => (cause instanceof Error ? cause.message : message);
