/** Values that are usually right, with something off once in a while. */
import fc from "fast-check";

/** Whose faults are sought: the API server's, which looks at shapes, or those that only the agent sees. */
export type Stray = "agent" | "server";

export type Straying = ReturnType<typeof straying>;

export function straying(stray: Stray) {
  /** What is right, or, `weight` times more rarely, what `stray` should catch. */
  const or = <T, U>(usual: fc.Arbitrary<T>, agent: fc.Arbitrary<U>, server: fc.Arbitrary<unknown>, weight = 14) =>
    fc.oneof(
      { weight: stray === "agent" ? weight : 2 * weight, arbitrary: usual },
      { weight: 1, arbitrary: stray === "agent" ? agent : server },
    );

  /** An object; for the API server sometimes with an unknown field or without a required one. */
  const record = (
    required: Record<string, fc.Arbitrary<unknown>>,
    optional: Record<string, fc.Arbitrary<unknown>> = {},
  ) =>
    or(
      fc.record({ ...required, ...optional }, { requiredKeys: Object.keys(required) }),
      fc.record({ ...required, ...optional }, { requiredKeys: Object.keys(required) }),
      fc.oneof(
        fc.record({ ...required, ...optional, unknown: fc.constant(1) }, { requiredKeys: ["unknown"] }),
        fc.record({ ...required, ...optional }, { requiredKeys: [] }),
      ),
      60,
    );

  /** One item or more; sometimes none, for the API server also what is no list. */
  const list = (item: fc.Arbitrary<unknown>, maxLength = 2) =>
    or(fc.array(item, { minLength: 1, maxLength }), fc.constant([]), fc.constantFrom([], null, "x", {}), 30);

  return { or, record, list };
}

/** The fields of parts that may be no objects. */
export const merged = (parts: readonly unknown[]): object =>
  Object.assign({}, ...parts.filter((part) => typeof part === "object" && part !== null));
