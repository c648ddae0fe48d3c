/** Regular expressions of HTTP rules, which Go's `regexp` compiles: lookaround and back-references are not in its language. */
import { RE2JS } from "re2js";

/** Why Go would not compile an expression; undefined if it does. */
export function expressionError(expression: string): string | undefined {
  try {
    RE2JS.compile(withDistinctNames(expression));
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return error.message;
  }
}

const compiled = new Map<string, RE2JS>();

/** Whether an expression matches a text as a whole, as Envoy holds them against requests; one that says nothing does. */
export function matchesWhole(expression: string | null | undefined, text: string): boolean {
  if (!expression) return true;
  const known = compiled.get(expression) ?? RE2JS.compile(withDistinctNames(expression));
  compiled.set(expression, known);
  return known.matches(text);
}

/** Go takes the name of a group twice, RE2JS does not. */
const withDistinctNames = (expression: string): string =>
  expression.replace(/(?<=\(\?P?<)\w+(?=>)/g, (name, offset) => `${name}_${offset}`);
