/** Ports as the sentences about a difference write them, after the name of whoever has them. */

import { type FlowProtocol, flowProtocols } from "../compile/inventory.ts";
import type { PortSpan } from "./difference.ts";

/** `:5432`, `:443,7844/TCP+UDP`, ` on every port`, ` on every port but 80`, `:80 and by ICMP type 8`. TCP goes without saying. */
export function portsText(spans: readonly PortSpan[]): string {
  const closed = complement(spans).filter(({ protocol }) => !isDropped(spans, protocol));
  if (closed.length === 0) return " on every port";
  if (passedProtocols.every((protocol) => size(closed, protocol) < portCount / 2)) {
    return ` on every port but ${[numbers(closed), withoutPorts(closed)].filter((text) => text !== "").join(" and ")}`;
  }
  const whole = portProtocols.filter((protocol) => size(spans, protocol) === portCount);
  const some = numbers(spans.filter(({ protocol }) => !whole.includes(protocol)));
  const other = withoutPorts(spans);
  return [
    ...(some === "" ? [] : [`:${some}`]),
    ...(whole.length === 0 ? [] : [` on every ${whole.join("/")} port`]),
    ...(other === "" ? [] : [` by ${other}`]),
  ].join(" and");
}

const portCount = 65536;

/** Protocols that the agent lets pass without further configuration; ports go without saying of the others. */
const passedProtocols: readonly FlowProtocol[] = ["TCP", "UDP", "ICMP", "ICMPv6"];

/** Whether a protocol has no port because the agent drops it in any case, which is no matter of ports. */
const isDropped = (spans: readonly PortSpan[], protocol: FlowProtocol): boolean =>
  !passedProtocols.includes(protocol) && size(spans, protocol) === 0;

/** Protocols that have ports; those of ICMP are types, and the others have none. */
const portProtocols: readonly FlowProtocol[] = ["TCP", "UDP", "SCTP"];

const size = (spans: readonly PortSpan[], protocol: FlowProtocol): number =>
  spans.filter((span) => span.protocol === protocol).reduce((sum, { from, to }) => sum + to - from + 1, 0);

/** All ports of all protocols that are in none of the spans, which ascend. */
const complement = (spans: readonly PortSpan[]): PortSpan[] =>
  flowProtocols.flatMap((protocol) => {
    const own = spans.filter((span) => span.protocol === protocol);
    return [...own, { from: portCount }].flatMap(({ from }, i) => {
      const start = (own[i - 1]?.to ?? -1) + 1;
      return start < from ? [{ protocol, from: start, to: from - 1 }] : [];
    });
  });

/** `443,8000-8080,7844/TCP+UDP`. */
function numbers(spans: readonly PortSpan[]): string {
  const withPorts = spans.filter(({ protocol }) => portProtocols.includes(protocol));
  const byRange = Map.groupBy(withPorts, ({ from, to }) => (from === to ? `${from}` : `${from}-${to}`));
  return [...byRange]
    .map(([range, alike]) => {
      const protocols = alike.map(({ protocol }) => protocol).join("+");
      return protocols === "TCP" ? range : `${range}/${protocols}`;
    })
    .join(",");
}

/** `ICMP type 8, VRRP`. */
function withoutPorts(spans: readonly PortSpan[]): string {
  const others = spans.filter(({ protocol }) => !portProtocols.includes(protocol));
  const byProtocol = Map.groupBy(others, ({ protocol }) => protocol);
  return [...byProtocol]
    .map(([protocol, own]) => {
      const types = own.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`));
      return size(own, protocol) === portCount ? protocol : `${protocol} type ${types.join(",")}`;
    })
    .join(", ");
}
