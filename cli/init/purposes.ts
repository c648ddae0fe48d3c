/** What the comments in the files of policies say that their rules are for. */
import { readFileSync } from "node:fs";
import { ruleComments } from "../../cilium/kubernetes/comments.ts";
import type { PurposeOf } from "../../cilium/translate/flows.ts";
import type { Source } from "../sources/source.ts";

/** Of policies that come from files; a cluster keeps no comments. */
export function purposesIn({ objects, places }: Source): PurposeOf {
  const texts = new Map<string, readonly string[]>();
  const linesOf = (file: string): readonly string[] => {
    const known = texts.get(file) ?? readLines(file);
    texts.set(file, known);
    return known;
  };
  const comments = new Map<string, Map<string, string>>();
  return (policy, place) => {
    const position = objects.positions.get(places.get(policy) ?? "");
    if (position === undefined) return undefined;
    const key = `${position.file}:${position.line}`;
    const found = comments.get(key) ?? ruleComments(documentAt(linesOf(position.file), position.line));
    comments.set(key, found);
    return found.get(place);
  };
}

/** The lines of a file; none of what is no file by its name, such as standard input. */
function readLines(file: string): readonly string[] {
  try {
    return readFileSync(file, "utf8").split("\n");
  } catch {
    return [];
  }
}

/** The document that begins at a line. */
function documentAt(lines: readonly string[], line: number): string {
  const rest = lines.slice(line - 1);
  const end = rest.findIndex((one, index) => index > 0 && /^---(\s|$)/.test(one));
  return rest.slice(0, end === -1 ? undefined : end).join("\n");
}
