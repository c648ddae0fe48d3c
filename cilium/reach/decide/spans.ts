/** The ports on which one party can reach another: a question for each stretch that no rule's ports divide. */

import type { Direction } from "../../policy/parts.ts";
import { type FlowProtocol, flowProtocols } from "../compile/inventory.ts";
import { type Network, policyAt } from "../compile/network.ts";
import type { Party } from "../compile/party.ts";
import { type PortMatch, protocolBit, rangeAt } from "../compile/ports.ts";
import { type EndVerdict, ruleSelects } from "./decide.ts";
import { partyVerdict, type Verdict } from "./verdict.ts";

/** Ports, or ICMP types, of one protocol, both ends included, about which the verdict is the same. */
export type AllowedSpan = {
  readonly protocol: FlowProtocol;
  readonly from: number;
  readonly to: number;
  /** Not `denied`; the rules that it names decided about the first of the ports. */
  readonly verdict: Verdict;
};

/** The ports on which connections are allowed or may be, ascending within each protocol. */
export function allowedSpans(network: Network, source: Party, destination: Party): AllowedSpan[] {
  const matches = [
    ...matchesOf(network, "egress", source, destination),
    ...matchesOf(network, "ingress", destination, source),
  ];
  return flowProtocols.flatMap((protocol) => {
    const bit = protocolBit[protocol];
    const ranges = matches.flatMap(({ match, direction }) => rangeAt(match, bit, direction, destination.ports) ?? []);
    const starts = [...new Set([0, ...ranges.flatMap(({ from, to }) => [from, to + 1])])].filter(
      (port) => port <= last,
    );
    const stretches = starts
      .sort((a, b) => a - b)
      .map((from, i, all) => ({
        protocol,
        from,
        to: (all[i + 1] ?? last + 1) - 1,
        verdict: partyVerdict(network, source, destination, bit, from),
      }));
    return merged(stretches.filter(({ verdict }) => verdict.outcome !== "denied"));
  });
}

const last = 65535;

/** The ports of the rules of one end that are, or may be, about the other. */
function matchesOf(network: Network, direction: Direction, subject: Party, peer: Party): Matched[] {
  const rules = policyAt(network, subject)?.[direction].rules ?? [];
  return rules
    .filter((rule) => ruleSelects(rule, peer) !== "no")
    .flatMap(({ ports }) => ports.map((match) => ({ match, direction })));
}

type Matched = { readonly match: PortMatch; readonly direction: Direction };

/** Neighbours that are allowed in the same way become one. */
function merged(spans: readonly AllowedSpan[]): AllowedSpan[] {
  const result: AllowedSpan[] = [];
  for (const span of spans) {
    const previous = result.at(-1);
    if (previous !== undefined && previous.to + 1 === span.from && sameWay(previous.verdict, span.verdict)) {
      result[result.length - 1] = { ...previous, to: span.to };
    } else {
      result.push(span);
    }
  }
  return result;
}

const sameWay = (a: Verdict, b: Verdict): boolean =>
  a.outcome === b.outcome && way(a.egress) === way(b.egress) && way(a.ingress) === way(b.ingress);

const way = (end: EndVerdict): string => {
  if (end.verdict !== "allowed") return JSON.stringify(end);
  return JSON.stringify([end.redirect, end.onceResolved, end.authentication.length > 0]);
};
