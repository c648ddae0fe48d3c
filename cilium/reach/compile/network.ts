/**
 * Policies and an inventory, compiled once: for each endpoint the rules that select it, for each peer of a rule the
 * parties that it selects. Verdicts and connections are then read off (`Repository.computePolicyEnforcementAndRules`).
 */
import type { Prefix } from "../../policy/cidr.ts";
import { policyName } from "../../policy/parts.ts";
import type { Policy } from "../../policy/schema.ts";
import { podNamespaceLabel } from "../../policy/selector.ts";
import { type Fault, invalidities } from "../../policy/validity.ts";
import { formatPrefix } from "./addresses.ts";
import { Bitset } from "./bitset.ts";
import { conflictOf } from "./conflicts.ts";
import { type Directory, makeDirectory } from "./directory.ts";
import { isInitializing, selectsAggregate } from "./identity.ts";
import type { Inventory } from "./inventory.ts";
import { indexLabels, type LabelIndex } from "./label-index.ts";
import { knownParties, type Party } from "./party.ts";
import { isDerived, isOnWorld, type PeerSelector, type Selection, selects } from "./peers.ts";
import { type CompiledRule, compilePolicy } from "./rules.ts";

export type Network = {
  readonly inventory: Inventory;
  /** Policies that the agent refuses: none of their rules is enforced. */
  readonly refused: readonly Refusal[];
  readonly parties: readonly Party[];
  readonly directory: Directory;
  /** The prefixes that policies tell apart. */
  readonly prefixes: readonly Prefix[];
  /** What Cilium enforces at a party, by its position. */
  readonly enforced: readonly EnforcedPolicy[];
  /** Rules of the host firewall, which is off unless it is switched on. */
  readonly nodeRules: readonly CompiledRule[];
};

export type Refusal = { readonly policy: string; readonly faults: readonly Fault[] };

export type EnforcedPolicy = {
  readonly ingress: DirectionPolicy;
  readonly egress: DirectionPolicy;
  /** Why the agent cannot compute the endpoint's policy; it then goes on enforcing an earlier one. */
  readonly conflict: string | undefined;
};

/** The rules that select an endpoint, for one direction. */
export type DirectionPolicy = {
  readonly rules: readonly NetworkRule[];
  /** Whether what no rule allows is denied. */
  readonly defaultDeny: boolean;
  /** The policies that say so; none for an endpoint that is still initializing. */
  readonly isolating: readonly string[];
};

export type NetworkRule = CompiledRule & {
  /** Its place among the rules of the network. */
  readonly number: number;
  readonly selections: readonly PartySelection[];
};

/** The parties that a peer of a rule selects. */
export type PartySelection = {
  readonly selector: PeerSelector;
  readonly selected: Bitset;
  /** The same, as their positions. */
  readonly list: readonly number[];
  /** The parties that it may select: whether it does is not decidable. */
  readonly undecided: Bitset;
};

/** Compiles policies that have the right shape; those that the agent refuses are left out and reported. */
export function compile(policies: readonly Policy[], inventory: Inventory): Network {
  const judged = policies.map((policy) => ({ policy, faults: invalidities(policy) }));
  const refused = judged.filter(({ faults }) => faults.length > 0);
  const world = { cluster: inventory.cluster, cidrGroups: inventory.cidrGroups, services: inventory.services };
  const rules = judged
    .filter(({ faults }) => faults.length === 0)
    .flatMap(({ policy }) => compilePolicy(policy, world));

  const prefixes = prefixesOf(rules);
  const parties = knownParties(inventory, prefixes, namesOf(rules, inventory));
  const index = indexLabels(parties.map(({ identity }) => identity));
  const selection = selectionCache(parties, index);
  const networkRules = rules.map((rule, number) => ({ ...rule, number, selections: rule.peers.map(selection) }));
  return {
    inventory,
    refused: refused.map(({ policy, faults }) => ({ policy: policyName(policy), faults })),
    parties,
    directory: makeDirectory(parties, inventory),
    prefixes,
    enforced: enforce(
      networkRules.filter(({ selectsNodes }) => !selectsNodes),
      parties,
      index,
    ),
    nodeRules: rules.filter(({ selectsNodes }) => selectsNodes),
  };
}

/** Whether a rule's peer selects a party. */
export function selectsParty({ selector, selected, undecided }: PartySelection, party: Party): Selection {
  if (selected.has(party.position)) return "yes";
  const known = party.position >= 0 && !undecided.has(party.position);
  return known ? "no" : selects(selector, party.identity);
}

function enforce(rules: readonly NetworkRule[], parties: readonly Party[], index: LabelIndex): EnforcedPolicy[] {
  const none = (): NetworkRule[] => [];
  const selecting = parties.map(() => ({ ingress: none(), egress: none() }));
  // The rules of one policy share their subject.
  const subjects = new Map<CompiledRule["subject"], readonly number[]>();
  for (const rule of rules) {
    const positions = subjects.get(rule.subject) ?? index.select(rule.subject);
    subjects.set(rule.subject, positions);
    for (const position of positions) selecting[position]?.[rule.direction].push(rule);
  }
  return parties.map(({ identity }, position) => {
    const { ingress, egress } = selecting[position] ?? { ingress: none(), egress: none() };
    const isolated = isInitializing(identity);
    const direction = (rules: readonly NetworkRule[]): DirectionPolicy => {
      const isolating = rules.filter(({ defaultDeny }) => defaultDeny).map(({ policy }) => policy);
      return { rules, defaultDeny: isolated || isolating.length > 0, isolating: [...new Set(isolating)] };
    };
    const inNamespace = identity.labels.some(({ key }) => key === podNamespaceLabel);
    const conflict = conflictOf(ingress, inNamespace) ?? conflictOf(egress, inNamespace);
    return { ingress: direction(ingress), egress: direction(egress), conflict };
  });
}

/** Rules share the selections of equal peers. */
function selectionCache(parties: readonly Party[], index: LabelIndex): (selector: PeerSelector) => PartySelection {
  const known = new Map<string, PartySelection>();
  return (selector) => {
    const found = known.get(selector.key) ?? select(selector, parties, index);
    known.set(selector.key, found);
    return found;
  };
}

function select(selector: PeerSelector, parties: readonly Party[], index: LabelIndex): PartySelection {
  const selected = new Bitset(parties.length);
  const list: number[] = [];
  const undecided = new Bitset(parties.length);
  for (const position of candidates(selector, parties, index)) {
    const party = parties[position];
    const selection = party === undefined ? "no" : selects(selector, party.identity);
    if (selection === "yes") {
      selected.add(position);
      list.push(position);
    } else if (selection !== "no") {
      undecided.add(position);
    }
  }
  return { selector, selected, list, undecided };
}

/** The parties that a selector may select. */
function candidates({ condition }: PeerSelector, parties: readonly Party[], index: LabelIndex): Iterable<number> {
  if (condition.kind !== "labels") return parties.keys();
  const { requirements } = condition;
  const special = requirements.some(isDerived) || requirements.some(isOnWorld) || selectsAggregate(requirements);
  return special ? parties.keys() : index.select(requirements);
}

const prefixesOf = (rules: readonly CompiledRule[]): Prefix[] => {
  const conditions = rules.flatMap(({ peers }) => peers.map(({ condition }) => condition));
  const prefixes = conditions.flatMap((condition) =>
    condition.kind === "cidr"
      ? [condition.prefix, ...condition.except]
      : condition.kind === "cidr-groups"
        ? [...condition.groups.prefixes, ...condition.except]
        : [],
  );
  return [...new Map(prefixes.map((prefix) => [formatPrefix(prefix), prefix])).values()];
};

const namesOf = (rules: readonly CompiledRule[], inventory: Inventory): string[] => {
  const written = rules.flatMap(({ peers }) =>
    peers.flatMap(({ condition }) => (condition.kind === "fqdn" ? [condition.name] : [])),
  );
  return [...new Set([...inventory.names.map(({ name }) => name), ...written])];
};
