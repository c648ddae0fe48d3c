/**
 * What the API server takes and Cilium's agent refuses. Such a policy is stored, its `Valid` condition turns False, and
 * none of its rules is enforced.
 *
 * Follows Cilium 1.20 with the agent's default flags: `CiliumNetworkPolicy.Parse` (`pkg/k8s/apis/cilium.io/v2`),
 * `Rule.Sanitize` (`pkg/policy/api/rule_validation.go`) and the types' own decoding.
 */

import { at, each } from "./place.ts";
import type { EgressDenyRule, EgressRule, IngressDenyRule, IngressRule, Policy, Rule } from "./schema.ts";
import { type Fault, fault } from "./validity/fault.ts";
import { icmpFaults } from "./validity/icmp.ts";
import { egressPeerFaults, ingressPeerFaults } from "./validity/peers.ts";
import { denyPortFaults, portFaults } from "./validity/ports.ts";
import { selectorFaults } from "./validity/selectors.ts";

export type { Fault } from "./validity/fault.ts";

/** Every reason for the agent to refuse a policy whose shape is right; empty if it takes the policy. */
export function invalidities(policy: Policy): Fault[] {
  const namespaced = policy.kind === "CiliumNetworkPolicy";
  return [
    ...(policy.spec ? ruleFaults(policy.spec, "", namespaced) : []),
    ...each(policy.specs, "", "specs", (rule, place) => ruleFaults(rule, place, namespaced)),
  ];
}

function ruleFaults(rule: Rule, place: string, namespaced: boolean): Fault[] {
  const host = rule.nodeSelector != null;
  return [
    ...emptyRuleFaults(rule, place),
    ...subjectFaults(rule, place, namespaced),
    ...each(rule.labels, place, "labels", (label, place) =>
      label.key === ""
        ? [fault(at(place, "key"), label.key, "invalid Label: does not contain label key", "give the label a key")]
        : [],
    ),
    ...each(rule.ingress, place, "ingress", (rule, place) => ingressFaults(rule, place, host)),
    ...each(rule.ingressDeny, place, "ingressDeny", ingressDenyFaults),
    ...each(rule.egress, place, "egress", (rule, place) => egressFaults(rule, place, host)),
    ...each(rule.egressDeny, place, "egressDeny", egressDenyFaults),
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

const ingressFaults = (rule: IngressRule, place: string, host: boolean): Fault[] => [
  ...ingressPeerFaults(rule, place),
  ...icmpFaults(rule, place),
  ...each(rule.toPorts, place, "toPorts", (ports, place) => portFaults(ports, place, { direction: "ingress", host })),
];

const ingressDenyFaults = (rule: IngressDenyRule, place: string): Fault[] => [
  ...ingressPeerFaults(rule, place),
  ...icmpFaults(rule, place),
  ...each(rule.toPorts, place, "toPorts", denyPortFaults),
];

const egressFaults = (rule: EgressRule, place: string, host: boolean): Fault[] => [
  ...egressPeerFaults(rule, place),
  ...icmpFaults(rule, place),
  ...each(rule.toPorts, place, "toPorts", (ports, place) => portFaults(ports, place, { direction: "egress", host })),
];

const egressDenyFaults = (rule: EgressDenyRule, place: string): Fault[] => [
  ...egressPeerFaults(rule, place),
  ...icmpFaults(rule, place),
  ...each(rule.toPorts, place, "toPorts", denyPortFaults),
];
