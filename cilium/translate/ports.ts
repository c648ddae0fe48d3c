/** The ports of a rule in the language's words. */
import {
  anyTransport,
  everyPort,
  icmp,
  icmpv6,
  ipProtocol,
  type Port,
  sctp,
  type TransportPort,
  tcp,
  udp,
} from "../model/ports.ts";
import { isPortName, portNumber } from "../policy/port.ts";
import type { IngressRule, PortProtocol } from "../policy/schema.ts";
import { Unsayable } from "./unsayable.ts";

/** Ports, and whether their requests are parsed as HTTP. */
export interface SaidPorts {
  readonly ports: readonly Port[];
  readonly inspectHttp: boolean;
}

/** The ports of a rule, those that are parsed apart from the others; `[]` where it names a list without items. */
export function portsOf({ toPorts, icmps }: Pick<IngressRule, "toPorts" | "icmps">): SaidPorts[] {
  if ((toPorts ?? []).length === 0 && (icmps ?? []).length === 0) return [{ ports: [everyPort], inspectHttp: false }];
  const types = (icmps ?? []).flatMap(({ fields }) =>
    (fields ?? []).map(({ family, type }) => (family === "IPv6" ? icmpv6(type) : icmp(type))),
  );
  return [
    ...(toPorts ?? []).map(({ ports, rules, ...others }) => {
      for (const [field, value] of Object.entries(others)) if (value != null) throw new Unsayable(field);
      const isHttp = rules?.http?.some((rule) => Object.values(rule).every((said) => said == null)) ?? false;
      if (rules != null && !isHttp) throw new Unsayable(rules.dns == null ? "limits on requests" : "limits on names");
      return { ports: (ports ?? []).flatMap(portOf), inspectHttp: isHttp };
    }),
    ...(types.length === 0 ? [] : [{ ports: types, inspectHttp: false }]),
  ].filter(({ ports }) => ports.length > 0);
}

function portOf({ port, endPort, protocol }: PortProtocol): Port[] {
  const written = port ?? "0";
  if (isPortName(written)) {
    if (endPort) throw new Unsayable("a range that a port's name begins");
    return [transportPort(protocol, written)];
  }
  const number = portNumber(written) ?? 0;
  const last = endPort != null && endPort > number ? endPort : undefined;
  return [number === 0 ? transportPort(protocol, 1, 65535) : transportPort(protocol, number, last)];
}

/** Every port of a transport is written as the range of all of them, which leaves out the port 0 that nobody has. */
function transportPort(protocol: PortProtocol["protocol"], first: number | string, last?: number): Port {
  const on = (word: typeof tcp): TransportPort => (typeof first === "string" ? word(first) : word(first, last));
  switch (protocol) {
    case "TCP":
      return on(tcp);
    case "UDP":
      return on(udp);
    case "SCTP":
      return on(sctp);
    case "ANY":
    case undefined:
    case null:
      return on(anyTransport);
    case "VRRP":
    case "IGMP":
    case "GRE":
    case "IPIP":
    case "IPV6":
    case "ESP":
    case "AH":
      return ipProtocol(protocol);
  }
}
