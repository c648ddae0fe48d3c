import assert from "node:assert/strict";
import { type FlowProtocol, flowProtocols } from "../../../../cilium/reach/compile/inventory.ts";
import { portsText } from "../../../../cilium/reach/report/diff-ports.ts";
import type { PortSpan } from "../../../../cilium/reach/report/difference.ts";

const span = (protocol: FlowProtocol, from: number, to = from): PortSpan => ({ protocol, from, to });
const every = (protocol: FlowProtocol): PortSpan => span(protocol, 0, 65535);

describe("The ports of a flow in words", () => {
  const cases: [spans: PortSpan[], expected: string][] = [
    [[span("TCP", 5432)], ":5432"],
    [[span("TCP", 80), span("TCP", 8000, 8080)], ":80,8000-8080"],
    [[span("TCP", 53), span("UDP", 53)], ":53/TCP+UDP"],
    [[span("TCP", 443), span("UDP", 443), span("SCTP", 7)], ":443/TCP+UDP,7/SCTP"],
    [[every("TCP")], " on every TCP port"],
    [[every("TCP"), every("UDP"), every("SCTP")], " on every TCP/UDP/SCTP port"],
    [[span("TCP", 80), every("UDP")], ":80 and on every UDP port"],
    [[span("ICMP", 8)], " by ICMP type 8"],
    [[span("TCP", 80), span("ICMP", 8), span("ICMP", 11), every("VRRP")], ":80 and by ICMP type 8,11, VRRP"],
    [flowProtocols.map(every), " on every port"],
    [
      flowProtocols.flatMap((protocol) =>
        protocol === "TCP" ? [span("TCP", 0, 79), span("TCP", 81, 65535)] : [every(protocol)],
      ),
      " on every port but 80",
    ],
    [
      flowProtocols.flatMap((protocol) =>
        protocol === "ICMP" ? [span("ICMP", 0, 7), span("ICMP", 9, 65535)] : [every(protocol)],
      ),
      " on every port but ICMP type 8",
    ],
  ];
  for (const [spans, expected] of cases) {
    it(`are "${expected}"`, () => assert.equal(portsText(spans), expected));
  }
});
