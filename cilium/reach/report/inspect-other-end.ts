/** Peers of allow rules that can never be met, since the other end of the flow is closed. */
import { flowProtocols } from "../compile/inventory.ts";
import type { Network, NetworkRule } from "../compile/network.ts";
import type { Party } from "../compile/party.ts";
import { type PortMatch, protocolBit, rangeAt } from "../compile/ports.ts";
import { type EndVerdict, endVerdict } from "../decide/decide.ts";
import { endText } from "./explain.ts";
import { namesOf, type Oddity, type Scene, some } from "./oddity.ts";

/**
 * Judged by pods: a peer is closed where every pod that it selects refuses every pod of the rule on every port of the
 * rule. Of two rules that miss each other, the one at the source is reported.
 */
export function closedAtTheOtherEnd({ network, governed }: Scene): Oddity[] {
  const reported = new Set<string>();
  const rules = [...governed].filter(([{ effect }]) => effect === "allow");
  return [
    ...rules.filter(([{ direction }]) => direction === "egress"),
    ...rules.filter(([{ direction }]) => direction === "ingress"),
  ].flatMap(([rule, subjects]) =>
    rule.selections.flatMap(({ selector, list, undecided }, index): Oddity[] => {
      if (selector.condition.kind !== "labels" || undecided.size > 0) return [];
      const others = list.flatMap((position) => network.parties[position] ?? []).filter(isPod);
      const own = subjects.filter(isPod);
      if (others.length === 0 || others.length < list.length || own.length === 0) return [];
      const [closed] = closing(network, rule, own, others);
      if (closed === undefined) return [];
      const [sources, destinations] = rule.direction === "egress" ? [own, others] : [others, own];
      const pair = `${sources.map(({ position }) => position)} ${destinations.map(({ position }) => position)}`;
      if (reported.has(pair)) return [];
      reported.add(pair);
      const names = some(namesOf(others));
      return [
        {
          kind: "closed-at-the-other-end",
          subject: rule,
          place: rule.peers[index]?.path ?? rule.path,
          problem: `${rule.direction === "egress" ? "opens a way to" : "lets in"} ${names}, whose ${other(rule)} is closed for it: ${endText(closed)}`,
          fix: `allow it in the ${other(rule)} of ${names} too, or remove it here`,
        },
      ];
    }),
  );
}

const other = ({ direction }: NetworkRule) => (direction === "egress" ? "ingress" : "egress");

const isPod = ({ enforcement, peer }: Party): boolean => enforcement === "endpoint" && peer.kind === "endpoint";

/** What refuses at the other end, if all refuse; the first of them that says why. */
function closing(network: Network, rule: NetworkRule, own: readonly Party[], others: readonly Party[]): EndVerdict[] {
  let refusal: EndVerdict | undefined;
  for (const subject of own) {
    for (const peer of others) {
      // Whom a pod of several replicas is to itself, nobody means.
      if (subject === peer) return [];
      for (const match of rule.ports) {
        for (const { protocol, port } of samples(network, rule, match, subject, peer)) {
          const end = endVerdict(network, other(rule), peer, subject, protocol, port);
          if (end.verdict !== "denied" || end.by.kind === "protocol-off") return [];
          refusal ??= end;
        }
      }
    }
  }
  return refusal === undefined ? [] : [refusal];
}

/** A port for each stretch of the rule's that the rules of the other end do not divide. */
function samples(
  { enforced }: Network,
  rule: NetworkRule,
  match: PortMatch,
  subject: Party,
  peer: Party,
): { readonly protocol: number; readonly port: number }[] {
  const server = rule.direction === "ingress" ? subject : peer;
  const others = enforced[peer.position]?.[other(rule)].rules ?? [];
  return flowProtocols.flatMap((name) => {
    const protocol = protocolBit[name];
    const range = rangeAt(match, protocol, rule.direction, server.ports);
    if (range === undefined) return [];
    const starts = others.flatMap(({ ports }) =>
      ports.flatMap((theirs) => rangeAt(theirs, protocol, other(rule), server.ports)?.from ?? []),
    );
    return [...new Set([range.from, ...starts])]
      .filter((port) => range.from <= port && port <= range.to)
      .map((port) => ({ protocol, port }));
  });
}
