/** Whether what the rules of two sides come to is the same, or opens something. */
import type { EndVerdict } from "../reach/decide/verdict.ts";
import { limitsOf } from "./limits.ts";
import { type Comparison, differ, type Outcome, opens } from "./outcome.ts";

/** What is proved of two sides. */
export type Property = "equal" | "implies";

/**
 * Compares what each direction comes to on both sides.
 * @param together whether only the connection counts, which has to pass both ends
 */
export function compareOutcomes(
  before: readonly Outcome[],
  after: readonly Outcome[],
  property: Property,
  together: boolean,
): Comparison {
  const compare = property === "equal" ? differ : opens;
  if (together) return compare(jointly(before), jointly(after));
  const compared = before.map((outcome, i) => compare(outcome, after[i] ?? outcome));
  return (
    compared.find(({ differs }) => differs === true) ??
    compared.find(({ differs }) => differs === "unclear") ?? { differs: false }
  );
}

/** What a connection comes to that has to pass both ends. */
function jointly(ends: readonly Outcome[]): Outcome {
  const allowed = ends.filter((end) => end.allowed);
  if (allowed.length < ends.length) return { allowed: false };
  return {
    allowed: true,
    limits: [...new Map(allowed.flatMap(({ limits }) => limits).map((one) => [JSON.stringify(one), one])).values()],
    authentication: [...new Set(allowed.flatMap(({ authentication }) => authentication))].sort(),
  };
}

/** What the engine says of an end, as the prover says it. */
export const outcomeOfVerdict = (end: EndVerdict): Outcome =>
  end.verdict === "allowed"
    ? {
        allowed: true,
        limits: limitsOf(end.redirect),
        authentication: end.authentication.length > 0 ? ["demanded"] : [],
      }
    : { allowed: false };
