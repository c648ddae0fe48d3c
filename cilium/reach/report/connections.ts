/**
 * All connections that a network's policies allow: for each pair of parties the ports. Pairs that the same rules decide
 * share their answer, so the time goes with the number of policies and of answers, not with ports times parties.
 */

import type { Direction } from "../../policy/parts.ts";
import { Bitset } from "../compile/bitset.ts";
import { isHost } from "../compile/identity.ts";
import { type Network, type NetworkRule, policyAt } from "../compile/network.ts";
import type { Party } from "../compile/party.ts";
import { byNameOnly, deniesByDefault, ruleSelects } from "../decide/decide.ts";
import { type AllowedSpan, allowedSpans } from "../decide/spans.ts";

export type Connection = {
  readonly source: Party;
  readonly destination: Party;
  /** By protocol and port; pairs with the same answer share one array. */
  readonly spans: readonly AllowedSpan[];
};

/**
 * The connections of identities with each endpoint that has them: as many as pairs of endpoints.
 * @param listed which parties take part; by default all but the entities that stand for special cases of others
 */
export const connections = (network: Network, listed: (party: Party) => boolean = isUsual): Connection[] =>
  identityConnections(network, listed).flatMap(({ source, destination, spans }) => {
    const destinations = eachEndpoint(destination);
    return eachEndpoint(source).flatMap((from) => destinations.map((to) => ({ source: from, destination: to, spans })));
  });

const eachEndpoint = (party: Party): Party[] =>
  party.endpoints.length < 2
    ? [party]
    : party.endpoints.map((endpoint) => ({
        ...party,
        peer: { kind: "endpoint", namespace: endpoint.namespace, name: endpoint.name },
      }));

/**
 * The connections that are allowed, or may be, on at least one port, between pairs of which Cilium enforces policies at
 * one end at least. Names whose addresses are not known are listed only where some rule is sure to allow them. Of
 * endpoints that share an identity the first stands for all.
 */
export function identityConnections(network: Network, listed: (party: Party) => boolean = isUsual): Connection[] {
  const parties = network.parties.filter(listed);
  const hosts = network.parties.filter(({ identity }) => isHost(identity));
  const destinations = parties.map((party) => ({
    party,
    reached: passing(network, "ingress", party, hosts).possibly,
    unresolved: isUnresolved(party),
  }));
  const answer = answers(network);
  const isGoverned = (party: Party) => party.enforcement === "endpoint" || policyAt(network, party) !== undefined;
  const found: Connection[] = [];
  for (const source of parties) {
    // A name is looked up to connect to it; nothing connects from one.
    if (source.peer.kind === "fqdn") continue;
    const reaching = passing(network, "egress", source, hosts);
    for (const { party: destination, reached, unresolved } of destinations) {
      const reaches = unresolved ? reaching.surely : reaching.possibly;
      if (!reaches.has(destination.position) || !reached.has(source.position)) continue;
      if (!isGoverned(source) && !isGoverned(destination)) continue;
      const spans = answer(source, destination);
      if (spans.length > 0) found.push({ source, destination, spans });
    }
  }
  return found;
}

const isUsual = ({ peer }: Party): boolean =>
  peer.kind !== "entity" || ["host", "remote-node", "kube-apiserver", "ingress", "world"].includes(peer.entity);

type Passing = {
  /** The parties with which an end may allow connections on some port, and those with which some rule is sure to. */
  readonly possibly: Bitset;
  readonly surely: Bitset;
};

function passing(network: Network, direction: Direction, subject: Party, hosts: readonly Party[]): Passing {
  const size = network.parties.length;
  const policy = policyAt(network, subject);
  const everybody = { possibly: Bitset.full(size), surely: Bitset.full(size) };
  if (policy === undefined || !deniesByDefault(network, policy, direction)) return everybody;
  const { rules, admitsHost } = policy[direction];
  const surely = new Bitset(size);
  const possibly = new Bitset(size);
  const allows = rules.filter(({ effect }) => effect === "allow");
  for (const { selected, undecided } of allows.flatMap(({ selections }) => selections)) {
    surely.union(selected);
    possibly.union(undecided);
  }
  for (const party of admitsHost ? hosts : []) surely.add(party.position);
  possibly.union(surely);
  return { possibly, surely };
}

/** A name may have an address that some CIDR of a policy holds, so every such policy might allow it. */
const isUnresolved = ({ peer, identity }: Party): boolean =>
  peer.kind === "fqdn" && identity.outside?.address === undefined;

/** Answers for pairs: those that the same rules decide at both ends share one array. */
export function answers(network: Network): (source: Party, destination: Party) => readonly AllowedSpan[] {
  const sequences = sequenceNumbers();
  const known = new Map<number, readonly AllowedSpan[]>();
  const portsNumber = numbering<string>();
  const obstacleNumber = numbering<object>();
  const numbersOfPorts = new Map<Party["ports"], number>();
  const portsOf = ({ ports }: Party): number => {
    const number = numbersOfPorts.get(ports) ?? portsNumber(JSON.stringify([...ports]));
    numbersOfPorts.set(ports, number);
    return number;
  };

  const isResolvable = ({ identity }: Party): boolean => identity.outside?.names.some(network.lookups) ?? false;

  /** A number for all that decides at one end: equal numbers, equal verdicts on every port. */
  const deciding = (direction: Direction, subject: Party, peer: Party, start: number): number => {
    const policy = policyAt(network, subject);
    // Some protocols are dropped at a pod whatever the policies, and at no node; what is elsewhere no configuration concerns.
    const place = sequences(start, items[subject.enforcement]);
    if (policy === undefined) return place;
    const { rules, defaultDeny, admitsHost, unknownSubject } = policy[direction];
    const obstacle = policy.conflict ?? unknownSubject;
    if (obstacle !== undefined) return sequences(place, items.obstacle + obstacleNumber(obstacle));
    const byDefault = admitsHost && isHost(peer.identity) ? items.allowLocalhost : items.defaultDeny;
    let sequence = sequences(place, defaultDeny ? byDefault : items.noDefaultDeny);
    const server = direction === "ingress" ? subject : peer;
    for (const rule of rules) {
      const selection = ruleSelects(rule, peer);
      if (selection === "no") continue;
      const how = selection !== "yes" ? 3 : !byNameOnly(rule, peer) ? 0 : isResolvable(peer) ? 1 : 2;
      sequence = sequences(sequence, items.rule + rule.number * 4 + how);
      if (namesPorts(rule)) sequence = sequences(sequence, portsOf(server));
    }
    return sequence;
  };

  return (source, destination) => {
    const egress = deciding("egress", source, destination, 0);
    const both = deciding("ingress", destination, source, egress);
    const found = known.get(both) ?? allowedSpans(network, source, destination);
    known.set(both, found);
    return found;
  };
}

/** A sequence has how an end decides by default, then the rules that apply. The numbers must not overlap. */
const items = {
  endpoint: 0,
  node: 1,
  elsewhere: 2,
  noDefaultDeny: 3,
  defaultDeny: 4,
  allowLocalhost: 5,
  rule: 6,
  obstacle: 2 ** 23,
};

const namesPorts = ({ ports }: NetworkRule): boolean => ports.some(({ ports }) => "name" in ports);

/** Numbers sequences of numbers: `(number of a sequence, next item)` gives the number of the longer one. */
function sequenceNumbers(): (sequence: number, item: number) => number {
  const numbers = new Map<number, number>();
  return (sequence, item) => {
    const key = sequence * 2 ** 24 + item;
    const found = numbers.get(key) ?? numbers.size + 1;
    numbers.set(key, found);
    return found;
  };
}

function numbering<T>(): (item: T) => number {
  const numbers = new Map<T, number>();
  return (item) => {
    const found = numbers.get(item) ?? numbers.size;
    numbers.set(item, found);
    return found;
  };
}
