/** The ports of all protocols in parts that no rule divides, and what the ports of rules say about each part. */
import { type FlowProtocol, flowProtocols } from "../reach/compile/inventory.ts";
import type { Network } from "../reach/compile/network.ts";
import { type Direction, type PortMatch, protocolBit } from "../reach/compile/ports.ts";
import { portLookedUp, protocolKey } from "../reach/decide/decide.ts";
import type { PortSpan } from "../reach/report/difference.ts";
import { type Mask, only } from "./mask.ts";
import { portNameValues } from "./universe.ts";

/** Ports about which all rules of the networks say the same, by one of them. */
export type Atom = {
  readonly protocol: FlowProtocol;
  readonly port: number;
  /** All of them, ascending within each protocol. */
  readonly spans: readonly PortSpan[];
};

/** What the ports of a rule say about an atom: nothing, something, or something where a name stands for the port. */
export type Coverage = "no" | "yes" | { readonly name: string; readonly mask: Mask };

const exact = portNameValues.indexOf("exact");
const below = portNameValues.indexOf("below");

export function coverage(
  match: PortMatch,
  direction: Direction,
  { protocol, port }: Pick<Atom, "protocol" | "port">,
  { configuration }: Pick<Network, "configuration">,
): Coverage {
  const bit = protocolBit[protocol];
  if ((match.protocols & bit) === 0) return "no";
  const asked = portLookedUp(configuration, bit, port);
  if ("from" in match.ports) return match.ports.from <= asked && asked <= match.ports.to ? "yes" : "no";
  if (asked === 0 || !havePorts.has(protocol)) return "no";
  const { name, endPort } = match.ports;
  const reaches = direction === "ingress" && endPort >= asked && asked > 1;
  return { name, mask: reaches ? only(exact, below) : only(exact) };
}

/** Ports as a rule states them. */
export type MatchedPorts = Pick<PortMatch, "protocols" | "ports">;

/** Whether a rule is about some of these ports, or would be if pods gave one of them the name that it states; a port has one name. */
export function mayBeAbout({ protocols, ports }: MatchedPorts, others: MatchedPorts): boolean {
  if ((protocols & others.protocols) === 0) return false;
  if ("name" in ports && "name" in others.ports) return ports.name === others.ports.name;
  if ("name" in ports || "name" in others.ports) return true;
  return ports.from <= others.ports.to && others.ports.from <= ports.to;
}

const havePorts: ReadonlySet<FlowProtocol> = new Set(["TCP", "UDP", "SCTP"]);

/** An atom of one port. */
export const atomAt = (protocol: FlowProtocol, port: number): Atom => ({
  protocol,
  port,
  spans: [{ protocol, from: port, to: port }],
});

/** One atom for each way in which the rules of networks cover ports. */
export function atomsOf(networks: readonly Network[]): Atom[] {
  const written = networks.map((network) => {
    const own = network.rules.flatMap(({ ports, direction }) => ports.map((match) => ({ match, direction })));
    return { network, matches: distinct(own) };
  });
  const found = new Map<string, Atom & { readonly spans: PortSpan[] }>();
  for (const protocol of flowProtocols) {
    for (const { port, span } of stretchesOf(
      written.flatMap(({ matches }) => matches.map(({ match }) => match)),
      protocol,
    )) {
      const signature = written
        .map(({ network, matches }) =>
          [
            protocolKey(network.configuration, protocolBit[protocol]) === undefined ? "" : "off ",
            ...matches.map(({ match, direction }) => {
              const covers = coverage(match, direction, { protocol, port }, network);
              return typeof covers === "string" ? covers[0] : covers.mask.values.length;
            }),
          ].join(""),
        )
        .join();
      const known = found.get(signature);
      if (known === undefined) found.set(signature, { protocol, port, spans: [span] });
      else known.spans.push(span);
    }
  }
  return [...found.values()];
}

type Written = { readonly match: PortMatch; readonly direction: Direction };

const distinct = (matches: readonly Written[]): Written[] => [
  ...new Map(
    matches.map((one) => [JSON.stringify([one.match.protocols, one.match.ports, one.direction]), one]),
  ).values(),
];

/** The stretches that rules tell apart, each with a port of it; 0 stands for no port, and is none of TCP, UDP and SCTP. */
function stretchesOf(
  matches: readonly PortMatch[],
  protocol: FlowProtocol,
): { readonly port: number; readonly span: PortSpan }[] {
  const [first, last] = portsOf(protocol);
  const own = matches.filter(({ protocols }) => (protocols & protocolBit[protocol]) !== 0);
  const cuts = own.flatMap(({ ports }) =>
    "from" in ports ? [ports.from, ports.to + 1] : ports.endPort > 0 ? [ports.endPort + 1] : [],
  );
  // A name can start a range below any port but the first.
  const isRanged = own.some(({ ports }) => "name" in ports && ports.endPort > 0);
  const starts = [...new Set([first, ...(isRanged && first < last ? [first + 1] : []), ...cuts])]
    .filter((port) => first <= port && port <= last)
    .sort((a, b) => a - b);
  // Of the ports that nobody names, one that looks like it.
  return starts.map((from, i) => {
    const to = (starts[i + 1] ?? last + 1) - 1;
    const port = from === first && from <= unremarkable && unremarkable <= to ? unremarkable : from;
    return { port, span: { protocol, from, to } };
  });
}

/** The first and the last port of a protocol, or type of its messages. */
export function portsOf(protocol: FlowProtocol): readonly [first: number, last: number] {
  if (havePorts.has(protocol)) return [1, 65535];
  return protocol.startsWith("ICMP") ? [0, 255] : [0, 0];
}

const unremarkable = 9999;
