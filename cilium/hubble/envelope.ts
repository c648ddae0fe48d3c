/**
 * What container runtimes, log shippers and log stores put around the lines of a Hubble record: the event within is the
 * one that Hubble wrote.
 */
import { z } from "zod";
import { flowsOfSeries } from "./metric.ts";

/** What may stand before a line's JSON: `kubectl logs --prefix`, a time stamp, the CRI's stream, logcli's labels. */
const prefix =
  /^(?:\[pod\/\S+\] )?(?:\d{4}-\d\d-\d\dT\S+ )?(?:(?:stdout|stderr) [FP] )?(?:\{(?:[A-Za-z_][^{}]*)?\} )?(?=[[{])/;

/** The JSON of a line, without what stands before it; undefined where there is none. */
export function parseLine(line: string): unknown {
  const start = prefix.exec(line)?.[0].length ?? 0;
  try {
    return JSON.parse(start === 0 ? line : line.slice(start));
  } catch {
    return undefined;
  }
}

/**
 * A piece of a log's line. Runtimes cut lines after 16 KiB; `ends` is false if it goes on in the stream's next piece, and
 * undefined where only what it holds tells.
 */
export type Piece = { readonly stream: string; readonly text: string; readonly ends: boolean | undefined };

/** A piece in the CRI's format: `2026-11-03T09:30:00.5Z stdout F text`. */
export function criPiece(line: string): Piece | undefined {
  const match = /^\d{4}-\d\d-\d\dT\S+ (stdout|stderr) ([FP])(?: |$)/.exec(line);
  if (match === null) return undefined;
  return { stream: match[1] ?? "", text: line.slice(match[0].length), ends: match[2] === "F" };
}

/**
 * A piece in the format of Docker's json-file, where the line's last piece ends with a line feed; or as Fluent Bit writes
 * what it reads in the CRI's format, whose tag it names `logtag` or `_p`, if it keeps it.
 */
export function loggedPiece(value: unknown): Piece | undefined {
  const { data } = logged.safeParse(value);
  if (data === undefined) return undefined;
  const { log: text, stream, logtag, _p } = data;
  const tag = logtag ?? _p;
  if (tag !== undefined) return { stream, text, ends: !tag.startsWith("P") };
  return { stream, text, ends: text.endsWith("\n") || undefined };
}

const tag = z.string().optional();
const logged = z.object({ log: z.string(), stream: z.string(), logtag: tag, _p: tag });

/** Fields under which an envelope holds the line that was logged, those with the event itself, and those with several. */
const lineFields = ["log", "line", "message", "msg", "_raw", "MESSAGE", "textPayload", "original"];
const valueFields = ["_source", "log_processed", "jsonPayload", "data", "result", "event"];
const listFields = ["hits", "values", "events"];

/** Deeper than any envelope within an envelope. */
const deepest = 8;

/**
 * The events that a JSON value holds: itself, the items of an array, or what is in an envelope, such as Fluent Bit's
 * `log`, logcli's `line`, Elasticsearch's `hits` and `_source`, Loki's `data.result[].values`, CloudWatch's `events`,
 * Cloud Logging's `jsonPayload`. A line within that is no JSON is given as it is, a text.
 */
export function* unwrapped(value: unknown, depth = 0): Generator<unknown> {
  const held = depth > deepest || !isObject(value) || isEvent(value) ? undefined : heldBy(value);
  if (held === undefined) yield value;
  else for (const one of held) yield* typeof one === "string" ? linesOf(one, depth + 1) : unwrapped(one, depth + 1);
}

function* linesOf(text: string, depth: number): Generator<unknown> {
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const value = parseLine(line);
    if (value === undefined) yield line;
    else yield* unwrapped(value, depth);
  }
}

function heldBy(value: object): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  const flows = flowsOfSeries(value);
  if (flows !== undefined) return flows;
  const fields = new Map<string, unknown>(Object.entries(value));
  const list = listFields.map((name) => fields.get(name)).find(isObject);
  if (Array.isArray(list)) return list.map(lastOfPair);
  if (list !== undefined) return [list];
  const values = valueFields.map((name) => fields.get(name)).filter(isObject);
  const line = lineFields.map((name) => fields.get(name)).find((field) => typeof field === "string");
  // Elastic's schema has an `event` of its own beside the line.
  const held = values.find(isEvent) ?? line ?? values[0];
  return held === undefined ? undefined : [held];
}

/** Loki pairs each line with its time. */
const lastOfPair = (item: unknown): unknown => (Array.isArray(item) ? item.at(-1) : item);

const eventFields = ["flow", "lost_events", "lostEvents", "node_status", "nodeStatus", "agent_event", "IP", "Type"];

const isEvent = (value: object): boolean => eventFields.some((name) => name in value);

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
