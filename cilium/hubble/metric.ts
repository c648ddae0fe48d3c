/**
 * What Loki gives of a query that counts: series, whose labels name a flow's fields by their paths
 * (`flow__source__namespace`), and how many flows there were until a time.
 */
import { z } from "zod";

const sample = z.tuple([z.number(), z.string().regex(/^\d+(\.\d+)?$/)]);
const series = z.object({
  metric: z.record(z.string(), z.string()),
  values: z.array(sample).nullish(),
  value: sample.nullish(),
});

/** The aggregated flows of a series, one for each count; undefined where the value is none. */
export function flowsOfSeries(value: object): object[] | undefined {
  if (!("metric" in value)) return undefined;
  const parsed = series.safeParse(value);
  if (!parsed.success) return undefined;
  const { metric, values, value: only } = parsed.data;
  const paths = Object.entries(metric).filter(([, text]) => text !== "");
  return (values ?? (only ? [only] : [])).map(([seconds, count]) => {
    const event = {};
    for (const [path, text] of paths) set(event, path.split("__"), fieldValue(text));
    set(event, ["flow", "time"], new Date(seconds * 1000).toISOString());
    set(event, ["flow", "aggregate"], { unknown_direction_flow_count: Number(count) });
    return event;
  });
}

/** Loki gives numbers, booleans and lists as their JSON. */
function fieldValue(text: string): unknown {
  if (!/^(\[.*\]|\{.*\}|true|false|\d+)$/s.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function set(object: object, [name = "", ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
    return;
  }
  const known: unknown = Object.getOwnPropertyDescriptor(object, name)?.value;
  const inner = typeof known === "object" && known !== null ? known : {};
  if (inner !== known) set(object, [name], inner);
  set(inner, rest, value);
}
