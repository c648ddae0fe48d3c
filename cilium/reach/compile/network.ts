/**
 * Policies and an inventory, compiled once: for each identity the rules that select it, for each peer of a rule the
 * parties that it selects. Verdicts and connections are then read off (`Repository.computePolicyEnforcementAndRules`).
 */
import type { Prefix } from "../../policy/cidr.ts";
import { type PolicyReference, referenceTo } from "../../policy/parts.ts";
import type { Policy } from "../../policy/schema.ts";
import type { Requirement } from "../../policy/selector.ts";
import { type Fault, invalidities } from "../../policy/validity.ts";
import { formatPrefix } from "./addresses.ts";
import { Bitset } from "./bitset.ts";
import { type Configuration, kindKeys, readConfiguration, type UnreadableKey } from "./configuration.ts";
import { type Directory, makeDirectory } from "./directory.ts";
import { type EnforcedPolicy, enforcedPolicy } from "./enforced.ts";
import { isInitializing, nodeSubject, selectsAggregate } from "./identity.ts";
import type { Inventory } from "./inventory.ts";
import { indexLabels, type LabelIndex } from "./label-index.ts";
import { type Lookups, lookupsOf } from "./lookups.ts";
import { knownParties, type Party } from "./party.ts";
import type { PeerSelector } from "./peers.ts";
import { type CompiledRule, compilePolicy, inOrder } from "./rules.ts";
import { isDerived, type Selection, selects, selectsByOwnLabels } from "./selection.ts";
import { serviceOfName } from "./services.ts";
import { type Surroundings, surroundingsOf } from "./surroundings.ts";

export type { DirectionPolicy, EnforcedPolicy, Level } from "./enforced.ts";

export type Network = {
  readonly inventory: Inventory;
  readonly configuration: Configuration;
  readonly surroundings: Surroundings;
  readonly basis: NetworkBasis;
  /** Policies that the agent refuses: none of their rules is enforced. */
  readonly refused: readonly Refusal[];
  /** All rules that the agent enforces, in the order in which they decide. */
  readonly rules: readonly NetworkRule[];
  readonly parties: readonly Party[];
  readonly directory: Directory;
  /** The prefixes that policies tell apart. */
  readonly prefixes: readonly Prefix[];
  /** What Cilium enforces at a party, by its position; nothing where the agent enforces no policy at all. */
  readonly enforced: readonly EnforcedPolicy[];
  /** What the host firewall enforces, by the node's name, and at a node of which nothing is known by the empty name. */
  readonly enforcedOnNodes: ReadonlyMap<string, EnforcedPolicy>;
  readonly lookups: Lookups;
};

/** What a network's verdicts rest on besides the policies and the inventory. */
export type NetworkBasis = {
  readonly unreadable: readonly UnreadableKey[];
  /** Policies of a kind that the agent does not watch, with the key that decides it. */
  readonly unwatched: readonly (PolicyReference & { readonly key: string })[];
};

export type Refusal = PolicyReference & { readonly faults: readonly Fault[] };

export type NetworkRule = CompiledRule & {
  /** Its place among the rules of the network. */
  readonly number: number;
  /** For each of `peers`, the parties that it selects. */
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

/**
 * Compiles policies that have the right shape; those that the agent refuses or does not watch are left out and reported.
 * @param rulesOf compiles one policy, for those who compile the same one twice
 */
export function compile(policies: readonly Policy[], inventory: Inventory, rulesOf = compilePolicy): Network {
  const { configuration, unreadable } = readConfiguration(inventory.configuration);
  const watched = policies.filter(({ kind }) => configuration.enforcedKinds[kind]);
  const judged = watched.map((policy) => ({ policy, faults: invalidities(policy, configuration) }));
  const { cluster, cidrGroups, services, isExcerpt } = inventory;
  const rules = judged
    .filter(({ faults }) => faults.length === 0)
    .flatMap(({ policy }) => rulesOf(policy, { cluster, configuration, cidrGroups, services, isExcerpt }))
    .sort(inOrder);

  const surroundings = surroundingsOf(inventory, configuration);
  const prefixes = prefixesOf(rules);
  const parties = knownParties(surroundings, prefixes, namesOf(rules, inventory));
  const index = indexLabels(parties.map(({ identity }) => identity));
  const selection = selectionCache(parties, index);
  const networkRules = rules.map((rule, number) => ({
    ...rule,
    number,
    selections: rule.peers.map(({ selector }) => selection(selector)),
  }));
  const enforced =
    configuration.enforcement === "never"
      ? []
      : enforceOnParties(
          networkRules.filter(({ selectsNodes }) => !selectsNodes),
          parties,
          index,
          configuration,
        );
  return {
    inventory,
    configuration,
    surroundings,
    basis: {
      unreadable,
      unwatched: policies
        .filter(({ kind }) => !configuration.enforcedKinds[kind])
        .map((policy) => ({ ...referenceTo(policy), key: kindKeys[policy.kind] })),
    },
    refused: judged
      .filter(({ faults }) => faults.length > 0)
      .map(({ policy, faults }) => ({ ...referenceTo(policy), faults })),
    rules: networkRules,
    parties,
    directory: makeDirectory(parties, inventory),
    prefixes,
    enforced,
    enforcedOnNodes:
      configuration.enforcement !== "never" && configuration.hostFirewall
        ? enforceOnNodes(
            networkRules.filter(({ selectsNodes }) => selectsNodes),
            surroundings,
            parties.length,
          )
        : new Map(),
    lookups: lookupsOf(networkRules, enforced, index, inventory.isPartial ?? false),
  };
}

/** What Cilium enforces at a party; undefined where it enforces nothing. */
export function policyAt(network: Network, { enforcement, position, peer }: Party): EnforcedPolicy | undefined {
  switch (enforcement) {
    case "elsewhere":
      return undefined;
    case "endpoint":
      return network.enforced[position];
    case "node":
      return network.enforcedOnNodes.get(peer.kind === "node" ? peer.name : "");
  }
}

/** Whether a rule's peer selects a party. */
export function selectsParty({ selector, selected, undecided }: PartySelection, party: Party): Selection {
  if (selected.has(party.position)) return "yes";
  const known = party.position >= 0 && !undecided.has(party.position);
  return known ? "no" : selects(selector, party.identity);
}

function enforceOnParties(
  rules: readonly NetworkRule[],
  parties: readonly Party[],
  index: LabelIndex,
  configuration: Configuration,
): EnforcedPolicy[] {
  const selecting = parties.map((): { rule: NetworkRule; selection: Selection }[] => []);
  // The rules of one policy share their subject.
  const subjects = new Map<CompiledRule["subject"], readonly number[]>();
  for (const rule of rules) {
    const positions = subjects.get(rule.subject) ?? candidates(rule.subject, parties, index);
    subjects.set(rule.subject, positions);
    for (const position of positions) {
      const party = parties[position];
      const selection = party && selectsByOwnLabels(rule.subject, party.identity);
      if (selection !== undefined && selection !== "no") selecting[position]?.push({ rule, selection });
    }
  }
  return parties.map(({ identity }, position) =>
    enforcedPolicy(selecting[position] ?? [], identity, {
      always: configuration.enforcement === "always",
      isInitializing: isInitializing(identity),
      admitsHost: configuration.allowLocalhost,
      mapMax: configuration.policyMapMax,
      parties: parties.length,
    }),
  );
}

function enforceOnNodes(
  rules: readonly NetworkRule[],
  surroundings: Surroundings,
  parties: number,
): Map<string, EnforcedPolicy> {
  const { inventory, configuration } = surroundings;
  const always = configuration.enforcement === "always";
  return new Map(
    [undefined, ...inventory.nodes].map((node) => {
      const subject = nodeSubject(node, surroundings);
      const selecting = rules.flatMap((rule) => {
        const selection = selectsByOwnLabels(rule.subject, subject);
        return selection === "no" ? [] : [{ rule, selection }];
      });
      const policy = enforcedPolicy(selecting, subject, {
        always,
        isInitializing: false,
        admitsHost: false,
        mapMax: configuration.policyMapMax,
        parties,
      });
      return [node?.name ?? "", policy];
    }),
  );
}

/** Rules share the selections of equal peers. */
function selectionCache(parties: readonly Party[], index: LabelIndex): (selector: PeerSelector) => PartySelection {
  const known = new Map<string, PartySelection>();
  const addressed = parties.flatMap(({ identity: { outside, inside }, position }) =>
    outside === undefined && inside === undefined ? [] : [position],
  );
  return (selector) => {
    const found =
      known.get(selector.key) ?? select(selector, parties, candidatesFor(selector, parties, index, addressed));
    known.set(selector.key, found);
    return found;
  };
}

/** @param addressed the parties that selectors on addresses and names can be about */
function candidatesFor(
  { condition }: PeerSelector,
  parties: readonly Party[],
  index: LabelIndex,
  addressed: readonly number[],
): readonly number[] {
  switch (condition.kind) {
    case "labels":
      return candidates(condition.requirements, parties, index);
    case "world":
    case "cidr":
    case "cidr-groups":
    case "fqdn":
      return addressed;
    case "everything":
    case "unknown":
      return [...parties.keys()];
  }
}

function select(selector: PeerSelector, parties: readonly Party[], positions: readonly number[]): PartySelection {
  const selected = new Bitset(parties.length);
  const list: number[] = [];
  const undecided = new Bitset(parties.length);
  for (const position of positions) {
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

/** The parties that requirements on labels may select. */
function candidates(
  requirements: readonly Requirement[],
  parties: readonly Party[],
  index: LabelIndex,
): readonly number[] {
  return requirements.some(isDerived) || selectsAggregate(requirements)
    ? [...parties.keys()]
    : index.select(requirements);
}

const prefixesOf = (rules: readonly CompiledRule[]): Prefix[] => {
  const prefixes = rules
    .flatMap(({ peers }) => peers)
    .flatMap(({ selector: { condition } }) =>
      condition.kind === "cidr"
        ? [condition.prefix, ...condition.except]
        : condition.kind === "cidr-groups"
          ? [...condition.groups.prefixes, ...condition.except]
          : [],
    );
  return [...new Map(prefixes.map((prefix) => [formatPrefix(prefix), prefix])).values()];
};

/** Names of Services stand for what is in the cluster, where no name is matched. */
const namesOf = (rules: readonly CompiledRule[], inventory: Inventory): string[] => {
  const written = rules.flatMap(({ peers }) =>
    peers.flatMap(({ selector: { condition } }) => (condition.kind === "fqdn" ? [condition.name] : [])),
  );
  const names = new Set([...inventory.names.map(({ name }) => name), ...written]);
  return [...names].filter((name) => serviceOfName(name) === undefined);
};
