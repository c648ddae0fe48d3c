/** Verdicts in the light of policies that could not be read. */
import { malformedText, mayDecide } from "../cilium/kubernetes/broken.ts";
import type { Peer, Question } from "../cilium/reach/compile/inventory.ts";
import type { EndVerdict, Verdict } from "../cilium/reach/decide/verdict.ts";
import type { Source } from "./sources/source.ts";

/** A verdict that is not decidable at an end that a broken policy may select. */
export function doubted(verdict: Verdict, { source, destination }: Question, read: Source): Verdict {
  const egress = doubtedEnd(verdict.egress, source, read);
  const ingress = doubtedEnd(verdict.ingress, destination, read);
  if (egress === verdict.egress && ingress === verdict.ingress) return verdict;
  const denied = [egress, ingress].some((end) => end.verdict === "denied");
  return { outcome: denied ? "denied" : "undecidable", egress, ingress };
}

function doubtedEnd(verdict: EndVerdict, end: Peer, { objects, inventory }: Source): EndVerdict {
  const [broken] = mayDecide(objects.malformed, end, inventory);
  return broken === undefined
    ? verdict
    : { verdict: "undecidable", reason: { kind: "broken-policy", policy: malformedText(broken) } };
}
