/** Policies that only deny and yet close their pods to everybody else. */
import { policyKey } from "../../policy/parts.ts";
import type { NetworkRule } from "../compile/network.ts";
import type { Party } from "../compile/party.ts";
import type { Direction } from "../compile/rules.ts";
import { namesOf, type Oddity, type Scene, some } from "./oddity.ts";

/**
 * Where nothing but deny rules puts an endpoint into default deny. A rule that denies nobody (`[{}]`) is there for the
 * default deny.
 */
export function denyOnly({ network: { enforced }, governed }: Scene): Oddity[] {
  return directions.flatMap((direction) => {
    const rules = [...governed].filter(([rule]) => rule.direction === direction && rule.defaultDeny);
    const denying = new Map<string, [NetworkRule, Party[]]>();
    for (const [policy, own] of Map.groupBy(rules, ([rule]) => policyKey(rule))) {
      const [first] = own;
      if (first === undefined || own.some(([rule]) => rule.effect !== "deny")) continue;
      if (own.every(([rule]) => rule.peers.length === 0)) continue;
      denying.set(policy, [first[0], [...new Set(own.flatMap(([, parties]) => parties))]]);
    }
    return [...denying.values()].flatMap(([rule, parties]): Oddity[] => {
      const closed = parties.filter(({ position, peer }) => {
        const isolating = enforced[position]?.[direction].isolating ?? [];
        return peer.kind === "endpoint" && isolating.every((reference) => denying.has(policyKey(reference)));
      });
      if (closed.length === 0) return [];
      return [
        {
          kind: "deny-closes-the-rest",
          subject: rule,
          place: rule.path.replace(/\[\d+\]$/, ""),
          problem: `only denies, and still puts ${some(namesOf(closed))} into default deny for ${direction}: what no rule allows is refused too`,
          fix: `write enableDefaultDeny: {${direction}: false} to refuse only what is listed`,
        },
      ];
    });
  });
}

const directions: readonly Direction[] = ["ingress", "egress"];
