/**
 * What the API server takes and Cilium's agent refuses. Such a policy is stored, its `Valid` condition turns False, and
 * none of its rules is enforced.
 *
 * Follows Cilium 1.20: `CiliumNetworkPolicy.Parse` (`pkg/k8s/apis/cilium.io/v2`), `Rule.Sanitize`
 * (`pkg/policy/api/rule_validation.go`), the types' own decoding, and the agent's reading of Kubernetes' kinds
 * (`pkg/k8s`), which refuses no NetworkPolicy that the API server takes.
 */

import { placedRules } from "./parts.ts";
import { at, each } from "./place.ts";
import type { EgressDenyRule, EgressRule, IngressDenyRule, IngressRule, Policy, Rule } from "./schema.ts";
import { type Agent, defaultAgent } from "./validity/agent.ts";
import { clusterNetworkPolicyFaults } from "./validity/cluster-network-policy.ts";
import { type Fault, fault } from "./validity/fault.ts";
import { icmpFaults } from "./validity/icmp.ts";
import { egressPeerFaults, ingressPeerFaults } from "./validity/peers.ts";
import { denyPortFaults, portFaults } from "./validity/ports.ts";
import { selectorFaults } from "./validity/selectors.ts";

export { type Agent, defaultAgent } from "./validity/agent.ts";
export type { Fault } from "./validity/fault.ts";

/** Every reason for the agent to refuse a policy whose shape is right; empty if it takes the policy. */
export function invalidities(policy: Policy, agent: Agent = defaultAgent): readonly Fault[] {
  const { l7Proxy, icmpRules, nodeSelectorLabels, extendedProtocols } = agent;
  const key = [l7Proxy, icmpRules, nodeSelectorLabels, extendedProtocols].join();
  const found = known.get(policy)?.get(key) ?? faultsOf(policy, agent);
  known.set(policy, (known.get(policy) ?? new Map<string, readonly Fault[]>()).set(key, found));
  return found;
}

/** By agent. Whoever judges a policy and whoever reports on it ask for the same faults, and a policy is never changed. */
const known = new WeakMap<Policy, Map<string, readonly Fault[]>>();

function faultsOf(policy: Policy, agent: Agent): Fault[] {
  switch (policy.kind) {
    case "CiliumNetworkPolicy":
    case "CiliumClusterwideNetworkPolicy":
      return placedRules(policy).flatMap(({ rule, place }) =>
        ruleFaults(rule, place, policy.kind === "CiliumNetworkPolicy", agent),
      );
    case "NetworkPolicy":
      return [];
    case "ClusterNetworkPolicy":
      return clusterNetworkPolicyFaults(policy, agent);
  }
}

function ruleFaults(rule: Rule, place: string, namespaced: boolean, agent: Agent): Fault[] {
  const context = { host: rule.nodeSelector != null, agent };
  return [
    ...emptyRuleFaults(rule, place),
    ...subjectFaults(rule, place, namespaced),
    ...each(rule.labels, place, "labels", (label, place) =>
      label.key === ""
        ? [fault(at(place, "key"), label.key, "invalid Label: does not contain label key", "give the label a key")]
        : [],
    ),
    ...each(rule.ingress, place, "ingress", (rule, place) => ingressFaults(rule, place, context)),
    ...each(rule.ingressDeny, place, "ingressDeny", (rule, place) => ingressDenyFaults(rule, place, agent)),
    ...each(rule.egress, place, "egress", (rule, place) => egressFaults(rule, place, context)),
    ...each(rule.egressDeny, place, "egressDeny", (rule, place) => egressDenyFaults(rule, place, agent)),
  ];
}

function emptyRuleFaults(rule: Rule, place: string): Fault[] {
  const directions = ["ingress", "ingressDeny", "egress", "egressDeny"] as const;
  if (directions.some((direction) => (rule[direction] ?? []).length > 0)) return [];
  const written = directions.find((direction) => rule[direction] != null) ?? "ingress";
  return [
    fault(
      at(place, written),
      rule[written],
      "rule must have at least one of Ingress, IngressDeny, Egress, EgressDeny",
      `write ${written}: [{}] for a default deny; an empty list counts as absent`,
    ),
  ];
}

function subjectFaults(rule: Rule, place: string, namespaced: boolean): Fault[] {
  const faults = [
    ...(rule.endpointSelector ? selectorFaults(rule.endpointSelector, at(place, "endpointSelector")) : []),
    ...(rule.nodeSelector ? selectorFaults(rule.nodeSelector, at(place, "nodeSelector")) : []),
  ];
  if (namespaced && rule.nodeSelector != null) {
    faults.push(
      fault(
        at(place, "nodeSelector"),
        rule.nodeSelector,
        "rule cannot have NodeSelector",
        "select pods with endpointSelector, or nodes in a CiliumClusterwideNetworkPolicy",
      ),
    );
  }
  return faults;
}

type RuleContext = { readonly host: boolean; readonly agent: Agent };

const ingressFaults = (rule: IngressRule, place: string, context: RuleContext): Fault[] => [
  ...ingressPeerFaults(rule, place, context.agent),
  ...icmpFaults(rule, place, context.agent),
  ...each(rule.toPorts, place, "toPorts", (ports, place) =>
    portFaults(ports, place, { direction: "ingress", ...context }),
  ),
];

const ingressDenyFaults = (rule: IngressDenyRule, place: string, agent: Agent): Fault[] => [
  ...ingressPeerFaults(rule, place, agent),
  ...icmpFaults(rule, place, agent),
  ...each(rule.toPorts, place, "toPorts", (ports, place) => denyPortFaults(ports, place, agent)),
];

const egressFaults = (rule: EgressRule, place: string, context: RuleContext): Fault[] => [
  ...egressPeerFaults(rule, place, context.agent),
  ...icmpFaults(rule, place, context.agent),
  ...each(rule.toPorts, place, "toPorts", (ports, place) =>
    portFaults(ports, place, { direction: "egress", ...context }),
  ),
];

const egressDenyFaults = (rule: EgressDenyRule, place: string, agent: Agent): Fault[] => [
  ...egressPeerFaults(rule, place, agent),
  ...icmpFaults(rule, place, agent),
  ...each(rule.toPorts, place, "toPorts", (ports, place) => denyPortFaults(ports, place, agent)),
];
