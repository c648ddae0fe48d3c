/** What is odd about the policies that are brought in: said, and not repaired. */
import { policyKey, policyText } from "../../cilium/policy/parts.ts";
import type { Policy } from "../../cilium/policy/schema.ts";
import { type Network, policyAt } from "../../cilium/reach/compile/network.ts";
import { inspect } from "../../cilium/reach/report/inspect.ts";
import { namesOf } from "../../cilium/reach/report/oddity.ts";

export interface Finding {
  readonly about: string;
  /** Where it stands; undefined for what stands nowhere. */
  readonly place: string | undefined;
  readonly finding: string;
}

/** @param placeOf the file and document of a policy */
export function findingsOf(
  policies: readonly Policy[],
  network: Network,
  placeOf: (key: string) => string | undefined,
): Finding[] {
  const oddities = inspect(policies, network)
    .filter(({ kind }) => kind !== "unreachable" && kind !== "deny-closes-the-rest")
    .map(({ subject, place, problem, fix }): Finding => {
      const isPolicy = typeof subject !== "string";
      const file = isPolicy ? placeOf(policyKey(subject)) : undefined;
      return {
        about: isPolicy ? policyText(subject) : subject,
        place: [file, place].filter(Boolean).join(": ") || undefined,
        finding: `${problem}; ${fix}`,
      };
    });
  return [...oddities, ...open(network)];
}

/** Pods that no policy closes. */
const open = (network: Network): Finding[] =>
  network.parties.flatMap((party): Finding[] => {
    if (party.peer.kind !== "endpoint") return [];
    const policy = policyAt(network, party);
    const directions = (["ingress", "egress"] as const).filter(
      (direction) => policy?.[direction].defaultDeny === false,
    );
    return directions.length === 0
      ? []
      : namesOf([party]).map((about) => ({
          about,
          place: undefined,
          finding: `no policy closes its ${directions.join(" and its ")}`,
        }));
  });
