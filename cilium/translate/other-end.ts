/** What the policies that there are say at the other end of what one of them allows. */
import { type Direction, isDeniedByDefault } from "../model/peers/workload.ts";
import type { Subject } from "../model/peers.ts";
import { isByName, isNumbered, type Port } from "../model/ports.ts";
import type { Policy } from "../policy/schema.ts";
import { partyKey } from "../reach/compile/directory.ts";
import type { Endpoint, FlowProtocol } from "../reach/compile/inventory.ts";
import type { Network } from "../reach/compile/network.ts";
import type { Party } from "../reach/compile/party.ts";
import { protocolBit } from "../reach/compile/ports.ts";
import { endVerdict } from "../reach/decide/decide.ts";
import type { DeclaredSubject } from "./subjects.ts";

export interface Other {
  /**
   * Whether the pods of another subject allow at their end what a rule of a declared one allows at its own, without a word about
   * requests: saying so there as well then changes nothing.
   */
  allows(declared: DeclaredSubject, direction: Direction, there: Subject, port: Port): boolean;
}

/**
 * @param network with the agent letting every protocol through, so that it is policies that answer
 * @param all what is declared
 * @param literal the policies of whose pods nothing is to be said but what they say themselves
 */
export function otherEnd(network: Network, all: readonly DeclaredSubject[], literal: ReadonlySet<Policy>): Other {
  const literally = new Set(
    all.flatMap(({ subject, said }) => (said.some(({ policy }) => literal.has(policy)) ? [subject] : [])),
  );
  const podsOf = new Map(all.map(({ subject, pods }) => [subject, partiesOf(pods, network)]));
  const known = new Map<string, boolean>();
  return {
    allows(declared, direction, there, port) {
      if (literally.has(there)) return false;
      const opposite: Direction = direction === "ingress" ? "egress" : "ingress";
      const [own = [], others = []] = [podsOf.get(declared.subject), podsOf.get(there)];
      if (own.length === 0 || others.length === 0) return !isDeniedByDefault(there, opposite);
      return others.every((other) =>
        own.every((party) => {
          const server = direction === "ingress" ? party : other;
          return questions(port, server, network).every(([protocol, number]) => {
            const key = `${opposite} ${other.position} ${party.position} ${protocol} ${number}`;
            const found = known.get(key) ?? isPlainlyAllowed(network, opposite, other, party, protocol, number);
            known.set(key, found);
            return found;
          });
        }),
      );
    },
  };
}

/** Those that policies tell apart. */
function partiesOf(pods: readonly Endpoint[], { directory }: Network): Party[] {
  const parties = pods.flatMap(
    ({ namespace, name }) => directory.parties.get(partyKey({ kind: "endpoint", namespace, name })) ?? [],
  );
  return [...new Set(parties)];
}

function isPlainlyAllowed(
  network: Network,
  direction: Direction,
  subject: Party,
  peer: Party,
  protocol: FlowProtocol,
  port: number,
): boolean {
  const end = endVerdict(network, direction, subject, peer, protocolBit[protocol], port);
  return end.verdict === "allowed" && end.redirect === undefined && end.authentication.length === 0;
}

/** Connections that stand for all that a port means: the ends of a range, and every port within that some rule names. */
function questions(port: Port, server: Party, network: Network): (readonly [FlowProtocol, number])[] {
  if (isByName(port)) {
    const named = server.ports.get(port.name.toLowerCase());
    return named === undefined ? [] : port.transports.map((transport) => [transport, named.port] as const);
  }
  if (isNumbered(port)) {
    const { number, last = number, transports } = port;
    const numbers = last === number ? [number] : [number, last, ...namedIn(network, number, last)];
    return transports.flatMap((transport) => numbers.map((one) => [transport, one] as const));
  }
  if ("icmp" in port)
    return [[port.family === "IPv4" ? "ICMP" : "ICMPv6", typeof port.icmp === "number" ? port.icmp : 8]];
  if ("protocol" in port) return [[port.protocol, 0]];
  const numbers = [1, 65535, ...namedIn(network, 1, 65535)];
  return [
    ...(["TCP", "UDP"] as const).flatMap((protocol) => numbers.map((one) => [protocol, one] as const)),
    ["ICMP", 8],
  ];
}

const named = new WeakMap<Network, readonly number[]>();

function namedIn(network: Network, first: number, last: number): number[] {
  const numbers = named.get(network) ?? [
    ...new Set(
      network.rules.flatMap(({ ports }) =>
        ports.flatMap(({ ports }) => ("from" in ports ? [ports.from, ports.to] : [])),
      ),
    ),
  ];
  named.set(network, numbers);
  return numbers.filter((number) => first <= number && number <= last);
}
