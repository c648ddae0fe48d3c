/** CIDRs that hold the addresses of pods or nodes, which they never match. */
import { containsPrefix, type Prefix } from "../../policy/cidr.ts";
import { parseAddressOrPrefix } from "../compile/addresses.ts";
import type { FlowProtocol, Peer } from "../compile/inventory.ts";
import { flowProtocols } from "../compile/inventory.ts";
import type { Network, NetworkRule } from "../compile/network.ts";
import type { Party } from "../compile/party.ts";
import { protocolBit } from "../compile/ports.ts";
import { verdict } from "../decide/verdict.ts";
import { peerText } from "./explain.ts";
import { type Oddity, type Scene, some } from "./oddity.ts";

/** A CIDR of all addresses means the world; one where another rule does what it seems to do misleads nobody. */
export function clusterAddresses({ network, governed }: Scene): Oddity[] {
  const held = heldAddresses(network);
  const found = new Map<string, Oddity>();
  for (const [rule, subjects] of governed) {
    for (const [index, { selector }] of rule.selections.entries()) {
      const { condition } = selector;
      if (condition.kind !== "cidr" || condition.prefix.bits === 0 || rule.effect === "pass") continue;
      const inside = held.filter(
        ({ prefix, isMatched }) =>
          !isMatched &&
          containsPrefix(condition.prefix, prefix) &&
          !condition.except.some((except) => containsPrefix(except, prefix)),
      );
      const missed = inside.filter(({ address }) =>
        subjects.some((subject) => isMissed(network, rule, subject, address)),
      );
      if (missed.length === 0) continue;
      const place = rule.peers[index]?.path ?? rule.path;
      found.set(`${rule.kind} ${rule.policy} ${place}`, {
        kind: "cluster-address",
        subject: rule,
        place,
        problem: `holds the addresses of ${some(missed.map(({ address, holder }) => `${holder.kind === "node" ? "node " : "pod "}${peerText(holder)} (${address})`))}, which no CIDR matches: they are not ${rule.effect === "allow" ? "let through" : "denied"}`,
        fix: "select pods by their labels, and nodes by the entities host, remote-node and kube-apiserver",
      });
    }
  }
  return [...found.values()];
}

type Held = { readonly address: string; readonly prefix: Prefix; readonly holder: Peer; readonly isMatched: boolean };

function heldAddresses({ directory: { addresses }, configuration: { cidrsMatch } }: Network): Held[] {
  return [...addresses].flatMap(([address, holder]) => {
    const prefix = parseAddressOrPrefix(address);
    if (prefix === undefined || (holder.kind !== "endpoint" && holder.kind !== "node")) return [];
    return [{ address, prefix, holder, isMatched: holder.kind === "node" ? cidrsMatch.nodes : cidrsMatch.pods }];
  });
}

/** Whether the rule does not do at an address what it says, on the first of its ports. */
function isMissed(network: Network, rule: NetworkRule, subject: Party, address: string): boolean {
  return rule.ports.some(({ ports, protocols }) => {
    const protocol = flowProtocols.find((name: FlowProtocol) => (protocols & protocolBit[name]) !== 0);
    if (protocol === undefined || !("from" in ports)) return false;
    const peer: Peer = { kind: "address", address };
    const [source, destination] = rule.direction === "egress" ? [subject.peer, peer] : [peer, subject.peer];
    const end = verdict(network, { source, destination, port: ports.from || 1, protocol })[rule.direction];
    // A pod's own node may always reach it, which is no doing of the rule's.
    if (end.verdict === "undecidable") return end.reason.kind === "cases";
    return end.verdict === (rule.effect === "allow" ? "denied" : "allowed");
  });
}
