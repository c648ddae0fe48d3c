/**
 * The ports of a rule and the L7 rules on them (`pkg/policy/api/l4.go`, `icmp.go`, `createL4Filter` in
 * `pkg/policy/l4.go`).
 */
import { icmpTypes } from "../../policy/icmp.ts";
import { isPortName, portNumber } from "../../policy/port.ts";
import type { FqdnSelector, HttpRule, PortDenyRule, PortProtocol, PortRule, Protocol } from "../../policy/schema.ts";
import type { FlowProtocol } from "./inventory.ts";

/** One set of ports that a rule is about, with the place in the manifest that says so. */
export type PortMatch = {
  /** Bits of `protocolBit`. */
  readonly protocols: number;
  /** A range, both ends included; or the name of a container port, which at ingress may start a range (0 if not). */
  readonly ports: Range | { readonly name: string; readonly endPort: number };
  /** Equal for ports that Cilium merges into one filter, but for the protocol. */
  readonly key: string;
  /** For example `toPorts[0]`, or nothing for a rule about all ports. */
  readonly path: string;
  readonly l7: L7 | undefined;
};

export type Range = { readonly from: number; readonly to: number };

export type Direction = "ingress" | "egress";

export type L7Parser = "http" | "dns" | "tls" | "crd";

/** What happens to matching traffic above L4. */
export type L7 = {
  readonly parser: L7Parser;
  /** Lower numbers win where several parsers apply. */
  readonly priority: number;
  readonly http: readonly HttpRule[];
  readonly dns: readonly FqdnSelector[];
  readonly serverNames: readonly string[];
  /** Kind and name of the Envoy configuration, and the listener's own name. */
  readonly listener: string | undefined;
  readonly namespacedListener: boolean;
  readonly terminatingTLS: string | undefined;
  readonly originatingTLS: string | undefined;
};

/** Whether ports are all among those of another match, whatever names pods give them. */
export function coversAll({ protocols, ports }: PortMatch, other: PortMatch): boolean {
  if ((other.protocols & ~protocols) !== 0) return false;
  if ("name" in other.ports) {
    return "name" in ports
      ? ports.name === other.ports.name && ports.endPort >= other.ports.endPort
      : isEveryPort(ports);
  }
  return "from" in ports && ports.from <= other.ports.from && other.ports.to <= ports.to;
}

/** Container ports by lower-case name. */
export type NamedPorts = ReadonlyMap<string, { readonly port: number; readonly protocol: number }>;

/** The ports of one protocol that a rule is about at a server, which knows what the names of ports stand for. */
export function rangeAt(
  match: PortMatch,
  protocol: number,
  direction: Direction,
  server: NamedPorts,
): Range | undefined {
  if ((match.protocols & protocol) === 0) return undefined;
  if ("from" in match.ports) return match.ports;
  const named = server.get(match.ports.name);
  if (named === undefined || named.protocol !== protocol) return undefined;
  const endPort = direction === "ingress" ? match.ports.endPort : 0;
  return { from: named.port, to: Math.max(named.port, endPort) };
}

/** The bit that stands for a protocol in `PortMatch.protocols`. */
export const protocolBit: Record<FlowProtocol, number> = {
  TCP: 1,
  UDP: 2,
  SCTP: 4,
  ICMP: 8,
  ICMPv6: 16,
  VRRP: 32,
  IGMP: 64,
  GRE: 128,
  IPIP: 256,
  IPV6: 512,
  ESP: 1024,
  AH: 2048,
};

const allProtocols = 4095;

const everyPort: Range = { from: 0, to: 65535 };

export const isEveryPort = ({ from, to }: Range): boolean => from === everyPort.from && to === everyPort.to;

/**
 * The ports of a rule; a rule with neither `toPorts` nor `icmps` is about all of them.
 * @param field the field of the manifest that lists the ports
 */
export function portMatches(
  toPorts: readonly (PortRule | PortDenyRule)[] | null | undefined,
  icmps: Icmps,
  field = "toPorts",
): PortMatch[] {
  if ((toPorts ?? []).length === 0 && (icmps ?? []).length === 0) {
    return [{ protocols: allProtocols, ports: everyPort, key: "all", path: "", l7: undefined }];
  }
  return [
    ...(toPorts ?? []).flatMap((rule, i) => {
      const l7 = l7Of(rule);
      return (rule.ports ?? []).map((port) => portMatch(port, `${field}[${i}]`, l7));
    }),
    ...(icmps ?? []).flatMap((rule, i) => (rule.fields ?? []).map((field) => icmpMatch(field, `icmps[${i}]`))),
  ];
}

function portMatch({ port, endPort, protocol }: PortProtocol, path: string, l7: L7 | undefined): PortMatch {
  const written = port ?? "";
  const match = { protocols: protocolsOf(protocol), path, l7 };
  if (isPortName(written)) {
    const name = written.toLowerCase();
    return { ...match, ports: { name, endPort: endPort ?? 0 }, key: name };
  }
  const from = portNumber(written) ?? 0;
  const to = endPort ?? 0;
  const ports = from === 0 ? everyPort : { from, to: Math.max(from, to) };
  return { ...match, ports, key: `${from}-${to}` };
}

/** A type of 0 (EchoReply) is port 0 to Cilium, which stands for every type. */
function icmpMatch(field: IcmpField, path: string): PortMatch {
  const family = field.family ?? "IPv4";
  const type = typeof field.type === "number" ? field.type : (icmpTypes[family][field.type] ?? Number(field.type));
  const ports = type === 0 ? everyPort : { from: type, to: type };
  return {
    protocols: protocolBit[family === "IPv6" ? "ICMPv6" : "ICMP"],
    ports,
    key: `${type}-0`,
    path,
    l7: undefined,
  };
}

const protocolsOf = (protocol: Protocol | null | undefined): number =>
  protocol == null || protocol === "ANY" ? protocolBit.TCP | protocolBit.UDP | protocolBit.SCTP : protocolBit[protocol];

const parserPriority: Record<L7Parser, number> = { http: 101, tls: 116, dns: 121, crd: 126 };

function l7Of(rule: PortRule | PortDenyRule): L7 | undefined {
  if (!isPortRule(rule)) return undefined;
  const http = rule.rules?.http ?? [];
  const dns = rule.rules?.dns ?? [];
  const serverNames = rule.serverNames ?? [];
  const parser = l7Parser(rule, http.length, dns.length, serverNames.length);
  if (parser === undefined) return undefined;
  const { listener } = rule;
  const kind = listener?.envoyConfig.kind ?? "";
  return {
    parser,
    priority: listener?.priority || parserPriority[parser],
    http,
    dns,
    serverNames,
    listener: listener ? `${kind}/${listener.envoyConfig.name}/${listener.name}` : undefined,
    namespacedListener: kind === "CiliumEnvoyConfig",
    terminatingTLS: rule.terminatingTLS ? JSON.stringify(rule.terminatingTLS) : undefined,
    originatingTLS: rule.originatingTLS ? JSON.stringify(rule.originatingTLS) : undefined,
  };
}

/** A deny rule has no L7 part, but the types alone do not tell it apart from an allow rule without one. */
const isPortRule = (rule: PortRule | PortDenyRule): rule is PortRule =>
  ["rules", "terminatingTLS", "originatingTLS", "serverNames", "listener"].some((field) => field in rule);

function l7Parser(rule: PortRule, http: number, dns: number, serverNames: number): L7Parser | undefined {
  if (rule.listener) return "crd";
  if (dns > 0) return "dns";
  if (http > 0) return "http";
  return rule.terminatingTLS || rule.originatingTLS || serverNames > 0 ? "tls" : undefined;
}

type IcmpField = { readonly family?: "IPv4" | "IPv6" | null | undefined; readonly type: number | string };
type Icmps = readonly { readonly fields?: readonly IcmpField[] | null | undefined }[] | null | undefined;
