/**
 * How many entries the rules of an endpoint take in its policy map, which holds so many as `bpf-policy-map-max` says: one
 * for each identity, protocol and prefix of ports (`pkg/policy/mapstate.go`, `pkg/maps/policymap`).
 */
import { Bitset } from "./bitset.ts";
import type { NetworkRule } from "./network.ts";
import type { PortMatch } from "./ports.ts";

/** How many entries the rules take; what is surely at most `limit` is not counted further. */
export function mapEntries(rules: readonly NetworkRule[], parties: number, limit: number): number {
  const most = rules.reduce((sum, rule) => sum + portsOf(rule) * peersOf(rule), 0);
  return most <= limit ? most : distinctEntries(rules, parties);
}

/** Rules share the entries of peers and ports that they have in common. */
function distinctEntries(rules: readonly NetworkRule[], parties: number): number {
  const filters = new Map<string, { readonly ports: number; readonly peers: Bitset; everybody: boolean }>();
  for (const { direction, tier, priority, ports, selections } of rules) {
    for (const match of ports) {
      const key = `${direction} ${tier} ${priority} ${match.protocols} ${match.key}`;
      const filter = filters.get(key) ?? { ports: entriesOf(match), peers: new Bitset(parties), everybody: false };
      filters.set(key, filter);
      for (const { selector, selected } of selections) {
        if (selector.condition.kind === "everything") filter.everybody = true;
        else filter.peers.union(selected);
      }
    }
  }
  return [...filters.values()].reduce(
    (sum, { ports, peers, everybody }) => sum + ports * (everybody ? 1 : peers.size),
    0,
  );
}

const portsOf = ({ ports }: NetworkRule): number => ports.reduce((sum, match) => sum + entriesOf(match), 0);

/** Everybody is one identity, 0. */
const peersOf = ({ selections }: NetworkRule): number =>
  selections.reduce((sum, { selector, list }) => sum + (selector.condition.kind === "everything" ? 1 : list.length), 0);

function entriesOf({ protocols, ports }: PortMatch): number {
  if (!("from" in ports)) return 1;
  if (ports.from === 0 && ports.to === 65535) return 1;
  return bitsIn(protocols) * prefixesIn(ports.from, ports.to);
}

/** The prefixes of 16 bits that a range of ports is made of. */
function prefixesIn(from: number, to: number): number {
  let count = 0;
  for (let at = from; at <= to; count++) {
    let size = at === 0 ? 65536 : at & -at;
    while (at + size - 1 > to) size /= 2;
    at += size;
  }
  return count;
}

function bitsIn(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}
