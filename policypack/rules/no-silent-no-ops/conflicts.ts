/** Rules of one policy that exclude each other: the agent computes no policy for its pods, and an earlier one stays. */
import { namespaceOf } from "../../../cilium/policy/parts.ts";
import type { CiliumPolicy } from "../../../cilium/policy/schema.ts";
import { conflictOf, conflictText } from "../../../cilium/reach/compile/conflicts.ts";
import { compilePolicy, noCluster } from "../../../cilium/reach/compile/rules.ts";
import type { Finding } from "../../rule.ts";

export function conflictFindings(policy: CiliumPolicy): Finding[] {
  const rules = compilePolicy(policy, noCluster);
  return (["ingress", "egress"] as const).flatMap((direction) => {
    const conflict = conflictOf(
      rules.filter((rule) => rule.direction === direction && !rule.selectsNodes),
      namespaceOf(policy) !== undefined,
    );
    if (conflict === undefined) return [];
    return [
      {
        place: direction,
        problem: `has rules that Cilium cannot merge, so its pods keep an earlier policy: ${conflictText(conflict)}`,
        fix: "give each peer and port one kind of L7 rules, one listener and one kind of TLS",
      },
    ];
  });
}
