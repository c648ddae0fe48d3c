/** Where a declaration stands, so that what is wrong with it can be said with file and line. */
import { isFaults } from "./faults.ts";

/** The stack at a place in a file. V8 makes its text only when somebody reads it, which nobody does without a fault. */
export interface Place {
  readonly stack?: string;
}

/** The place where a word of the language was called. */
export function callerOf(word: (...given: never[]) => unknown): Place {
  const place: Place = {};
  Error.captureStackTrace(place, word);
  return place;
}

/** `cluster/argo.ts:12`: the topmost file of a stack. */
export const placeText = ({ stack = "" }: Place): string =>
  /([^/\s(]+\/[^/]+\.[cm]?[jt]s:\d+):\d+\)?$/m.exec(stack)?.[1] ?? someFile;

/**
 * What an error says that was thrown while a cluster's files were loaded or read, a line each with its place. Node has the
 * place in the first line of the trace, or in that of the first function.
 * @throws the error itself when it has nothing to do with these files.
 */
export function faultsThrown(error: unknown): readonly string[] {
  if (isFaults(error)) return error.faults;
  if (!(error instanceof Error)) throw error;
  const place = /\bcluster\/[\w.-]+\.ts(:\d+)?/.exec(error.stack ?? "")?.[0];
  if (place === undefined && !(error instanceof SyntaxError)) throw error;
  const advice = /^Cannot access '.+' before initialization$/.test(error.message)
    ? "files that import each other use what they import inside of flows(() => [ … ]) only"
    : "`npm run check` says more";
  return [`${place ?? someFile}: ${error.message}; ${advice}`];
}

/** When nobody tells which. */
const someFile = "a file in cluster/";
