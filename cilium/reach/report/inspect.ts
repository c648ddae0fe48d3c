/** What is odd about policies once they meet an inventory, although each of them is fine by itself. */
import { namespaceOf, placedRules, policyName } from "../../policy/parts.ts";
import type { Policy } from "../../policy/schema.ts";
import { matches, type Requirement, subjectRequirements } from "../../policy/selector.ts";
import { conflictText } from "../compile/conflicts.ts";
import type { Network, NetworkRule } from "../compile/network.ts";
import type { Party } from "../compile/party.ts";
import { peerText } from "./explain.ts";
import { selectorText } from "./explain-selector.ts";
import { shadowed } from "./inspect-shadows.ts";
import { unreachable } from "./inspect-unreachable.ts";
import type { Oddity } from "./oddity.ts";

/** Everything odd, in the order of the policies; endpoints that nothing may reach come last. */
export function inspect(policies: readonly Policy[], network: Network): Oddity[] {
  const rules = [...new Set(network.enforced.flatMap(({ ingress, egress }) => [...ingress.rules, ...egress.rules]))];
  return [
    ...policies.flatMap((policy) => orphanSubjects(policy, network.parties)),
    ...rules.flatMap(orphanPeers),
    ...rules.flatMap((rule) => orphanPorts(rule, network)),
    ...shadowed(network),
    ...conflicts(network),
    ...unreachable(network),
  ];
}

/** Rules whose subject is nobody in the inventory. */
function orphanSubjects(policy: Policy, parties: readonly Party[]): Oddity[] {
  return placedRules(policy).flatMap(({ rule, place }): Oddity[] => {
    if (!rule.endpointSelector) return [];
    const requirements = subjectRequirements(rule.endpointSelector, namespaceOf(policy));
    if (
      parties.some(({ enforcement, identity }) => enforcement === "endpoint" && matches(requirements, identity.labels))
    ) {
      return [];
    }
    return [
      {
        kind: "selects-nothing",
        subject: policyName(policy),
        place: `${place === "" ? "" : `${place}.`}endpointSelector`,
        problem: `selects no pod (${selectorText(requirements)})`,
        fix: "correct the labels, or remove the policy",
      },
    ];
  });
}

/** Selectors of peers that meet nobody in the inventory. */
function orphanPeers(rule: NetworkRule): Oddity[] {
  return rule.selections.flatMap(({ selector: { condition }, list, undecided }, index): Oddity[] => {
    if (condition.kind !== "labels" || condition.requirements.some(isReserved)) return [];
    if (list.length > 0 || undecided.size > 0) return [];
    return [
      {
        kind: "peer-selects-nothing",
        subject: rule.policy,
        place: rule.peers[index]?.path ?? rule.path,
        problem: `selects no pod (${selectorText(condition.requirements)})`,
        fix: "correct the labels or the namespace, or remove the peer",
      },
    ];
  });
}

const isReserved = ({ source }: Requirement): boolean => source === "reserved";

/** Named ports that no server of the rule has. */
function orphanPorts(rule: NetworkRule, network: Network): Oddity[] {
  const named = rule.ports.filter(({ ports }) => "name" in ports);
  if (named.length === 0) return [];
  const servers = serversOf(rule, network);
  return named.flatMap(({ ports, path }): Oddity[] => {
    if (!("name" in ports) || servers.length === 0 || servers.some((server) => server.ports.has(ports.name))) return [];
    return [
      {
        kind: "port-without-name",
        subject: rule.policy,
        place: `${rule.path}.${path}`,
        problem: `no pod that it is about has a port named ${ports.name}`,
        fix: "write the number of the container port, or a name that the containers declare",
      },
    ];
  });
}

const serversOf = (rule: NetworkRule, { enforced, parties }: Network): Party[] =>
  rule.direction === "ingress"
    ? parties.filter(({ position }) => enforced[position]?.ingress.rules.includes(rule))
    : rule.selections.flatMap(({ list }) => list.flatMap((position) => parties[position] ?? []));

/** Endpoints whose rules contradict each other, so that the agent enforces none of them. */
const conflicts = ({ enforced, parties }: Network): Oddity[] =>
  parties.flatMap(({ peer, position }): Oddity[] => {
    const conflict = enforced[position]?.conflict;
    if (conflict === undefined || peer.kind !== "endpoint") return [];
    return [
      {
        kind: "contradiction",
        subject: peerText(peer),
        place: "",
        problem: `Cilium cannot compute its policy and goes on with an earlier one: ${conflictText(conflict)}`,
        fix: "let the rules agree on what is parsed on a port",
      },
    ];
  });
