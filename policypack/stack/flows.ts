/** Flows that one end allows and the other does not. */

import { policyName } from "../../cilium/policy/parts.ts";
import { matchesPod } from "../../cilium/policy/representatives.ts";
import type { CiliumPolicy } from "../../cilium/policy/schema.ts";
import type { Label } from "../../cilium/policy/selector.ts";
import type { PortMatch } from "../../cilium/reach/compile/ports.ts";
import type { CompiledRule } from "../../cilium/reach/compile/rules.ts";
import type { NamedPeer, Stack, Workload } from "./stack.ts";

export type HalfOpenFlow = {
  /** The rule that allows the flow. */
  readonly opened: { readonly by: string; readonly place: string; readonly direction: CompiledRule["direction"] };
  readonly ports: string;
  /** The workload that drops it. */
  readonly closed: Workload;
};

/**
 * The flows of a policy's workloads that are open at one end only. In a whole stack those that the policy opens; in one
 * that grows also those that earlier policies open towards its workloads, which are new.
 */
export function halfOpenFlows(policy: CiliumPolicy, stack: Stack): HalfOpenFlow[] {
  const found = stack
    .workloadsOf(policy)
    .flatMap((workload) => [
      ...flowsOf(workload, policy, stack),
      ...(stack.whole || policy.kind === "CiliumClusterwideNetworkPolicy" ? [] : flowsTowards(workload, stack)),
    ]);
  return [
    ...new Map(
      found.map((flow) => [JSON.stringify([flow.opened, flow.ports, policyName(flow.closed.policy)]), flow]),
    ).values(),
  ];
}

/** Flows that rules which apply to a workload open. */
function flowsOf(workload: Workload, policy: CiliumPolicy, stack: Stack): HalfOpenFlow[] {
  const byName = policyName(policy);
  return stack
    .rulesFor(workload.pod)
    .filter((rule) => !stack.whole || rule.policy === byName)
    .flatMap((rule) =>
      stack
        .namedPeersOf(rule)
        .flatMap(({ requirements }) =>
          stack.workloadsSelectedBy(requirements).flatMap((peer) => closedPorts(rule, peer, workload.pod, stack)),
        ),
    );
}

/** Flows that rules of others open towards a workload. */
function flowsTowards(workload: Workload, stack: Stack): HalfOpenFlow[] {
  return stack
    .rulesNaming(workload.pod)
    .flatMap(({ rule }: NamedPeer) =>
      stack.workloadsSelectedBy(rule.subject).flatMap((other) => closedPorts(rule, workload, other.pod, stack)),
    );
}

/** The ports that a rule opens towards `target` for the pod on whose side it stands, and that `target` does not open. */
function closedPorts(rule: CompiledRule, target: Workload, pod: readonly Label[], stack: Stack): HalfOpenFlow[] {
  const direction = rule.direction === "egress" ? "ingress" : "egress";
  const applied = stack.rulesFor(target.pod).filter((other) => other.direction === direction);
  if (!applied.some(({ defaultDeny }) => defaultDeny)) return [];
  return rule.ports.flatMap((port, index) =>
    isOpen(applied, pod, port)
      ? []
      : [
          {
            opened: { by: rule.policy, place: rule.references[index]?.path ?? "", direction: rule.direction },
            ports: describePort(port),
            closed: target,
          },
        ],
  );
}

function isOpen(rules: readonly CompiledRule[], peer: readonly Label[], port: PortMatch): boolean {
  const matching = rules.filter((rule) => names(rule, peer) && rule.ports.some((open) => covers(open, port)));
  return matching.some(({ effect }) => effect === "allow") && !matching.some(({ effect }) => effect === "deny");
}

/** A rule without peers and ports allows nothing; one without peers is for everybody. */
const names = (rule: CompiledRule, pod: readonly Label[]): boolean =>
  rule.peers.some(({ selector: { condition } }) =>
    condition.kind === "everything"
      ? rule.ports.some(({ key }) => key !== "all")
      : condition.kind === "labels" && matchesPod(condition.requirements, pod),
  );

/** Port names are the pods' business: a name and a number may mean the same port. */
function covers(open: PortMatch, port: PortMatch): boolean {
  if ((open.protocols & port.protocols) === 0) return false;
  if (open.key === "all" || port.key === "all") return true;
  if ("name" in open.ports && "name" in port.ports) return open.ports.name === port.ports.name;
  if ("name" in open.ports || "name" in port.ports) return true;
  return open.ports.from <= port.ports.from && port.ports.to <= open.ports.to;
}

const describePort = ({ ports, key }: PortMatch): string => {
  if (key === "all") return "every port";
  if ("name" in ports) return ports.name;
  return ports.from === ports.to ? `${ports.from}` : `${ports.from}-${ports.to}`;
};
