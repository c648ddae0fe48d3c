/** The ports of a rule in the language's words. */
import type { Port, Transport } from "../model/ports.ts";
import { sctp, tcp, udp } from "../model/ports.ts";
import { isPortName, portNumber } from "../policy/port.ts";
import type { IngressRule, PortProtocol } from "../policy/schema.ts";
import { Unsayable } from "./unsayable.ts";

/** The ports that a name stands for at the pods that a rule is about. */
export type PortsByName = (name: string) => readonly Port[];

/** Ports, and whether their requests are parsed as HTTP. */
export interface SaidPorts {
  readonly ports: readonly Port[];
  readonly inspectHttp: boolean;
}

type Ports = Pick<IngressRule, "toPorts" | "icmps">;

/** The ports of a rule, those that are parsed apart from the others. */
export function portsOf({ toPorts, icmps }: Ports, byName: PortsByName): SaidPorts[] {
  if (icmps != null) throw new Unsayable("icmps");
  if (toPorts == null || toPorts.length === 0) throw new Unsayable("every port");
  return toPorts.map(({ ports, rules, ...others }) => {
    for (const [field, value] of Object.entries(others)) if (value != null) throw new Unsayable(field);
    const isHttp = rules?.http?.some((rule) => Object.values(rule).every((value) => value == null)) ?? false;
    if (rules != null && !isHttp)
      throw new Unsayable(rules.dns == null ? "limits on HTTP requests" : "limits on names");
    const all = (ports ?? []).flatMap((port) => portOf(port, byName));
    if (all.length === 0) throw new Unsayable("every port");
    return { ports: all, inspectHttp: isHttp };
  });
}

function portOf({ port, endPort, protocol }: PortProtocol, byName: PortsByName): readonly Port[] {
  const written = port ?? "0";
  if (isPortName(written)) {
    const named = byName(written.toLowerCase());
    if (named.length === 0) throw new Unsayable(`the port ${written}, which no pod has by name`);
    return named;
  }
  const number = portNumber(written) ?? 0;
  if (number === 0) throw new Unsayable("every port");
  if (endPort != null && endPort > number) throw new Unsayable("a range of ports");
  return transportsOf(protocol).length === 1
    ? [single(number, protocol)]
    : [{ number, transports: transportsOf(protocol), speaks: "tcp" }];
}

function single(number: number, protocol: PortProtocol["protocol"]): Port {
  switch (protocol) {
    case "UDP":
      return udp(number);
    case "SCTP":
      return sctp(number);
    default:
      return tcp(number);
  }
}

function transportsOf(protocol: PortProtocol["protocol"]): readonly Transport[] {
  switch (protocol) {
    case "TCP":
    case "UDP":
    case "SCTP":
      return [protocol];
    case "ANY":
    case undefined:
    case null:
      return ["TCP", "UDP", "SCTP"];
    case "VRRP":
    case "IGMP":
    case "GRE":
    case "IPIP":
    case "IPV6":
    case "ESP":
    case "AH":
      throw new Unsayable(`protocol ${protocol}`);
  }
}
