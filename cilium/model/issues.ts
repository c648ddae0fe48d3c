/** What a schema refuses, in words for whoever wrote the value. */
import type { z } from "zod";
import { didYouMean } from "./names.ts";

/**
 * A line for each issue: `probes: write a list of names of its ports, given "https"`. `keys` are those that the value may
 * have. `given` says what stands at a path, where that helps; a message may begin with it.
 */
export function issueTexts(
  { issues }: z.ZodError,
  keys: readonly string[],
  given: (path: readonly PropertyKey[]) => string | undefined,
): string[] {
  const isMisspelt = issues.some(({ code }) => code === "unrecognized_keys");
  return issues.flatMap((issue) => {
    // A key that is written wrong is missing as well, which goes without saying.
    if (isMisspelt && issue.code === "invalid_type" && given(issue.path) === "undefined") return [];
    const at = (path: readonly PropertyKey[]) => path.map(String).join(".");
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => `${at([...issue.path, key])}: there is no such key${didYouMean(key, keys)}`);
    }
    const value = issue.code === "custom" ? undefined : given(issue.path);
    const message = issue.message.replace(/^Invalid input: /, "");
    const said = value === undefined || message.startsWith(value) ? message : `${message}, given ${value}`;
    return [issue.path.length === 0 ? said : `${at(issue.path)}: ${said}`];
  });
}

/** What stands at a path of a value, as text. */
export const givenIn =
  (value: unknown) =>
  (path: readonly PropertyKey[]): string =>
    shown(path.reduce<unknown>((inner, key) => (isObject(inner) ? Reflect.get(inner, key) : undefined), value));

/** How to read the little that files declare: compiling a schema takes longer than reading all of it. */
export const reading = { jitless: true } as const;

/** The schema of an object, which knows the object's keys. */
export type ObjectSchema<T> = z.ZodType<T> & { readonly shape: object };

/** Whether a value is an object of one of these kinds. */
export const isKind = (value: unknown, ...kinds: readonly string[]): boolean =>
  isObject(value) && "kind" in value && kinds.some((kind) => kind === value.kind);

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** A value as it may stand in a line: texts in quotes, what is long by what it is. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "a list";
  return isObject(value) ? "an object" : String(value);
}
