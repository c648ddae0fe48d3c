/** Whether what the rules of two sides come to is the same, or opens something. */
import type { EndVerdict } from "../reach/decide/verdict.ts";
import { limitOf } from "./limits.ts";
import { type Comparison, differ, type Outcome, opens } from "./outcome.ts";

/** What is proved of two sides. */
export type Property = "equal" | "implies";

/** Compares what each direction comes to on both sides. */
export function compareOutcomes(
  before: readonly Outcome[],
  after: readonly Outcome[],
  property: Property,
  together: boolean,
): Comparison {
  const compare = property === "equal" ? differ : opens;
  if (together) {
    const [earlier, later] = [before, after].map((outcomes) => outcomes.every(({ allowed }) => allowed));
    if (!earlier && !later) return { differs: false };
    if (earlier !== later) return { differs: property === "equal" || later === true };
    if (sameSet(limitsOf(before), limitsOf(after))) return { differs: false };
  }
  const compared = before.map((outcome, i) => compare(outcome, after[i] ?? outcome));
  const certain = compared.filter(({ differs }) => differs === true);
  const unclear = compared.find(({ differs }) => differs === "unclear");
  const [first] = certain;
  if (first === undefined) return unclear ?? { differs: false };
  const limited = together && before.concat(after).filter((one) => one.allowed && one.limit.kind !== "none").length > 2;
  return limited
    ? { differs: "unclear", why: "what proxies at both ends let through together is not compared" }
    : first;
}

const limitsOf = (outcomes: readonly Outcome[]): ReadonlySet<string> =>
  new Set(
    outcomes.flatMap((outcome) =>
      outcome.allowed
        ? [
            ...(outcome.limit.kind === "none" ? [] : [JSON.stringify(outcome.limit)]),
            ...outcome.authentication.map((mode) => `authentication ${mode}`),
          ]
        : [],
    ),
  );

export const sameSet = <T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean =>
  a.size === b.size && [...a].every((item) => b.has(item));

/** What the engine says of an end, as the prover says it. */
export const outcomeOfVerdict = (end: EndVerdict): Outcome =>
  end.verdict === "allowed"
    ? {
        allowed: true,
        limit: limitOf(end.redirect),
        authentication: end.authentication.length > 0 ? ["demanded"] : [],
      }
    : { allowed: false };
