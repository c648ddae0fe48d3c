/** Who a rule is about: `IngressCommonRule.sanitize`, `EgressCommonRule.sanitize`, `CIDRRule.sanitize`. */
import { containsPrefix, parsePrefix } from "../cidr.ts";
import { at, each } from "../place.ts";
import type { CidrRule, EgressDenyRule, EgressRule, IngressDenyRule, LabelSelector } from "../schema.ts";
import type { Agent } from "./agent.ts";
import { type Fault, fault } from "./fault.ts";
import { selectorFaults } from "./selectors.ts";

const ingressPeers = ["fromEndpoints", "fromCIDR", "fromCIDRSet", "fromEntities", "fromNodes", "fromGroups"] as const;

const egressPeers = [
  "toCIDR",
  "toCIDRSet",
  "toEndpoints",
  "toEntities",
  "toServices",
  "toGroups",
  "toNodes",
  "toFQDNs",
] as const;

/** Allow and deny rules name their peers alike. */
export const ingressPeerFaults = (rule: IngressDenyRule, place: string, agent: Agent): Fault[] => [
  ...combinationFaults(
    ingressPeers.filter((kind) => (rule[kind] ?? []).length > 0),
    place,
  ),
  ...each(rule.fromEndpoints, place, "fromEndpoints", selectorFaults),
  ...each(rule.fromNodes, place, "fromNodes", (selector, place) => nodeFaults(selector, place, agent)),
  ...each(rule.fromCIDR, place, "fromCIDR", cidrFaults),
  ...each(rule.fromCIDRSet, place, "fromCIDRSet", cidrSetFaults),
];

export const egressPeerFaults = (rule: EgressRule | EgressDenyRule, place: string, agent: Agent): Fault[] => [
  ...combinationFaults(
    egressPeers.filter((kind) => peers(rule, kind).length > 0),
    place,
  ),
  ...each(rule.toEndpoints, place, "toEndpoints", selectorFaults),
  ...each(rule.toNodes, place, "toNodes", (selector, place) => nodeFaults(selector, place, agent)),
  ...each(rule.toCIDR, place, "toCIDR", cidrFaults),
  ...each(rule.toCIDRSet, place, "toCIDRSet", cidrSetFaults),
];

const peers = (rule: EgressRule | EgressDenyRule, kind: (typeof egressPeers)[number]): readonly unknown[] =>
  (kind === "toFQDNs" ? ("toFQDNs" in rule ? rule.toFQDNs : []) : rule[kind]) ?? [];

function combinationFaults(kinds: readonly string[], place: string): Fault[] {
  const [first, second] = kinds;
  if (first === undefined || second === undefined) return [];
  return [
    fault(
      place,
      kinds,
      `combining ${goName(first)} and ${goName(second)} is not supported yet`,
      "write one rule for each kind of peer; rules add up",
    ),
  ];
}

const goName = (field: string): string => field.charAt(0).toUpperCase() + field.slice(1);

const nodeFaults = (selector: LabelSelector, place: string, agent: Agent): Fault[] =>
  agent.nodeSelectorLabels
    ? selectorFaults(selector, place)
    : [
        fault(
          place,
          selector,
          'FromNodes/ToNodes rules can only be applied when the "enable-node-selector-labels" flag is set',
          "set it in cilium-config, or name nodes by entity: host, remote-node, kube-apiserver",
        ),
      ];

const cidrFaults = (cidr: string, place: string): Fault[] =>
  parsePrefix(cidr)
    ? []
    : [fault(place, cidr, "unable to parse CIDR", "write address/length without leading zeros, such as 192.0.2.0/24")];

function cidrSetFaults(rule: CidrRule, place: string): Fault[] {
  if (rule.cidrGroupSelector)
    return selectorFaults(rule.cidrGroupSelector, at(place, "cidrGroupSelector"), "cidrgroup");
  if (rule.cidr == null) return [];
  const prefix = parsePrefix(rule.cidr);
  if (prefix === undefined) return cidrFaults(rule.cidr, at(place, "cidr"));
  const { cidr } = rule;
  return each(rule.except, place, "except", (except, place) => {
    const inner = parsePrefix(except);
    if (inner === undefined) return cidrFaults(except, place);
    return containsPrefix(prefix, inner)
      ? []
      : [
          fault(
            place,
            except,
            `allow CIDR prefix ${cidr} does not contain exclude CIDR prefix ${except}`,
            `except only ranges within ${cidr}`,
          ),
        ];
  });
}
