/** Records to compare, whoever read which of their lines first. */
import fc from "fast-check";
import type { FlowRecord } from "../../../cilium/hubble/record.ts";
import { anyFlow } from "./any-flow.ts";
import { line } from "./recorded.ts";

/** Lines of flows, each at a time of its own; some of them twice. */
export const anyLines: fc.Arbitrary<string[]> = fc
  .array(fc.tuple(anyFlow, fc.boolean()), { minLength: 1, maxLength: 60 })
  .map((flows) =>
    flows.flatMap(([flow, isTwice], i) => {
      const uuid = `${i.toString(16).padStart(8, "0")}-1bce-5276-a133-d8ea5a78502b`;
      const text = line({ ...flow, time: new Date(Date.UTC(2026, 10, 24, 0, 0, i)).toISOString(), uuid });
      return isTwice ? [text, text] : [text];
    }),
  );

/** A record as text, without the keys of its ends, which tell in which order they were met. */
export const recordText = (record: FlowRecord): string =>
  JSON.stringify(
    record,
    (name, value: unknown) => {
      if (name === "key") return undefined;
      if (name === "servers" && Array.isArray(value)) {
        return value.map(({ end, port }) => JSON.stringify({ ...end, key: "", port })).sort();
      }
      if (name === "addresses" && Array.isArray(value)) return value.toSorted();
      if (value instanceof Map) return [...value].map((entry) => JSON.stringify(entry.map(asList))).sort();
      if (value instanceof Set) return [...value].sort();
      const isPlain = typeof value === "object" && value !== null && !Array.isArray(value);
      return isPlain
        ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
        : value;
    },
    1,
  );

const asList = (value: unknown): unknown => (value instanceof Set ? [...value].sort() : value);
