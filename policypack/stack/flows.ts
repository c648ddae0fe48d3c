/** Flows that one end allows and the other does not: what rules mean is read here, what is refused of it is proved. */

import type { Direction } from "../../cilium/policy/parts.ts";
import { namespaceOf, policyName } from "../../cilium/policy/parts.ts";
import type { CiliumPolicy } from "../../cilium/policy/schema.ts";
import { areImplied, clusterLabel, equals, type Requirement } from "../../cilium/policy/selector.ts";
import type { Refusal } from "../../cilium/prove/half-open.ts";
import { maySelectPods } from "../../cilium/reach/compile/peers.ts";
import { coversAll, isEveryPort, type PortMatch } from "../../cilium/reach/compile/ports.ts";
import { type CompiledRule, noCluster } from "../../cilium/reach/compile/rules.ts";
import type { Stack, StandIn } from "./stack.ts";

export type HalfOpenFlow = {
  /** The rule that allows the flow. */
  readonly opened: { readonly by: string; readonly place: string; readonly direction: Direction };
  readonly ports: string;
  /** The policy whose workload drops it. */
  readonly closed: CiliumPolicy;
  readonly refusal: Refusal;
};

/**
 * The flows of a policy's workloads that are open at one end only. In a whole stack those that the policy opens; in one
 * that grows also those that earlier policies open towards its workloads, which are new.
 * @param cluster Cilium's name of the cluster
 */
export function halfOpenFlows(policy: CiliumPolicy, stack: Stack, cluster: string): HalfOpenFlow[] {
  const intents = intentsOf(policy, stack).filter((intent) => !isClear(intent, stack));
  if (intents.length === 0) return [];
  const ends = intents.flatMap(({ opener, target }) => [opener.policy, target.policy]);
  const refusalOf = stack.refusals(new Set(ends.map(namespaceOf)), cluster);
  const found = intents.flatMap(({ rule, peer, opener, target }) => {
    const { direction } = rule;
    const [here, there] = [
      [...rule.subject, ...opener.subject],
      [...peer, ...target.subject],
    ];
    const [source, destination] = direction === "egress" ? [here, there] : [there, here];
    return rule.ports.flatMap((match, index): HalfOpenFlow[] => {
      const reference = rule.references[index];
      const refusal = reference && refusalOf({ rule: reference, direction, match, source, destination });
      if (reference === undefined || refusal === undefined) return [];
      const opened = { by: rule.policy, place: reference.path, direction };
      return [{ opened, ports: describePort(match), closed: target.policy, refusal }];
    });
  });
  return [
    ...new Map(
      found.map((flow) => [JSON.stringify([flow.opened, flow.ports, policyName(flow.closed)]), flow]),
    ).values(),
  ];
}

/** A rule that means to open something for the pods of `target` that its peer selects, at the pods of `opener`. */
type Intent = {
  readonly rule: CompiledRule;
  readonly peer: readonly Requirement[];
  readonly opener: StandIn;
  readonly target: StandIn;
};

function intentsOf(policy: CiliumPolicy, stack: Stack): Intent[] {
  const own = stack.whole ? policyName(policy) : undefined;
  const isNew = !stack.whole && policy.kind === "CiliumNetworkPolicy";
  return stack.workloadsOf(policy).flatMap((workload) => [
    ...stack
      .rulesFor(workload.pod)
      .filter((rule) => own === undefined || rule.policy === own)
      .flatMap((rule) =>
        stack
          .namedPeersOf(rule)
          .flatMap(({ requirements }) =>
            stack
              .workloadsMeantBy(requirements)
              .map((target) => ({ rule, peer: requirements, opener: workload, target })),
          ),
      ),
    ...(isNew ? stack.rulesNaming(workload.pod) : []).flatMap(({ rule, requirements }) =>
      stack.workloadsSelectedBy(rule.subject).map((opener) => ({ rule, peer: requirements, opener, target: workload })),
    ),
  ]);
}

/**
 * Whether there is nothing to prove, since no rule of the other end denies, and either none isolates it, or one allows all that
 * an intent opens, in words that can be compared one by one. That the agent refuses a policy is said by another rule.
 */
function isClear({ rule, peer, opener, target }: Intent, stack: Stack): boolean {
  const here = [...rule.subject, ...opener.subject, ofThisCluster];
  const there = [...peer, ...target.subject, ofThisCluster];
  const rules = stack.rulesFor(target.pod).filter(({ direction }) => direction !== rule.direction);
  if (rules.some(({ effect, peers }) => effect === "deny" && peers.some(({ selector }) => maySelectPods(selector)))) {
    return false;
  }
  // Each combination of values has a pod that stands for it, and an intent of its own.
  const isListed = there.every(({ operator }) => operator === "In");
  if (isListed && !rules.some(({ defaultDeny }) => defaultDeny)) return true;
  const allows = rules.filter(
    ({ effect, subject, peers }) =>
      effect === "allow" &&
      areImplied(subject, there) &&
      peers.some(
        ({ selector: { condition } }) => condition.kind === "labels" && areImplied(condition.requirements, here),
      ),
  );
  return rule.ports.every((match) => allows.some(({ ports }) => ports.some((other) => coversAll(other, match))));
}

/** As compiling says it where the cluster's name is not known. */
const ofThisCluster = equals("k8s", clusterLabel, noCluster.cluster);

const describePort = ({ ports }: PortMatch): string => {
  if ("name" in ports) return ports.name;
  if (isEveryPort(ports)) return "every port";
  return ports.from === ports.to ? `${ports.from}` : `${ports.from}-${ports.to}`;
};
