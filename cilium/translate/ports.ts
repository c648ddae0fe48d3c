/** The ports of a rule in the language's words, and what may be carried there. */
import type { Carried, HttpRequest } from "../model/carried.ts";
import {
  anyTransport,
  dns,
  everyPort,
  icmp,
  icmpv6,
  ipProtocol,
  isNumbered,
  isTransportPort,
  type Port,
  type Spoken,
  sctp,
  type TransportPort,
  tcp,
  udp,
} from "../model/ports.ts";
import { isPortName, portNumber } from "../policy/port.ts";
import type { HttpRule, IngressDenyRule, IngressRule, PortProtocol, PortRule } from "../policy/schema.ts";
import { Unsayable } from "./unsayable.ts";

/** Ports, and what alone may be carried there. */
export interface SaidPorts {
  readonly ports: readonly Port[];
  readonly carried: Carried | undefined;
}

type Ports = Pick<IngressRule, "icmps"> & { readonly toPorts?: IngressRule["toPorts"] | IngressDenyRule["toPorts"] };

/**
 * The ports of a rule, by what is carried there; none where it names lists without items.
 * @param hasSctp whether the agent lets SCTP through at all
 */
export function portsOf({ toPorts, icmps }: Ports, hasSctp: boolean): SaidPorts[] {
  if ((toPorts ?? []).length === 0 && (icmps ?? []).length === 0) return [{ ports: [everyPort], carried: undefined }];
  const types = (icmps ?? []).flatMap(({ fields }) =>
    (fields ?? []).map(({ family, type }) => (family === "IPv6" ? icmpv6(type) : icmp(type))),
  );
  return [
    ...(toPorts ?? []).map(({ ports, ...l7 }: PortRule) => {
      const carried = carriedIn(l7);
      const written = withDns((ports ?? []).flatMap(portOf));
      return { ports: speaking(written, carried).map((port) => (hasSctp ? port : onlyDns(port))), carried };
    }),
    ...(types.length === 0 ? [] : [{ ports: types, carried: undefined }]),
  ].filter(({ ports }) => ports.length > 0);
}

function carriedIn({ rules, serverNames, ...others }: Omit<PortRule, "ports">): Carried | undefined {
  for (const [field, value] of Object.entries(others)) if (value != null) throw new Unsayable(field);
  const names = serverNames ?? [];
  if (rules != null && names.length > 0) throw new Unsayable("rules beside serverNames");
  if (names.length > 0) return { kind: "tls", serverNames: names };
  if (rules?.http != null && rules.http.length > 0) return { kind: "http", requests: requestsIn(rules.http) };
  const lookups = (rules?.dns ?? []).flatMap(({ matchName, matchPattern }) => matchName ?? matchPattern ?? []);
  return lookups.length > 0 ? { kind: "dns", names: lookups } : undefined;
}

/** No request is all of them, and so is one that asks for nothing. */
function requestsIn(rules: readonly HttpRule[]): HttpRequest[] {
  const requests = rules.map(({ method, path, host, headers, headerMatches }): HttpRequest => {
    if ((headerMatches ?? []).length > 0) throw new Unsayable("headerMatches");
    return {
      ...(method && { method }),
      ...(path && { path }),
      ...(host && { host }),
      ...(headers && headers.length > 0 && { headers }),
    };
  });
  return requests.some((request) => Object.keys(request).length === 0) ? [] : requests;
}

/** What is carried tells what is spoken. */
function speaking(ports: readonly Port[], carried: Carried | undefined): Port[] {
  const speaks: Spoken | undefined = carried && ({ http: "http", tls: "https", dns: "dns" } as const)[carried.kind];
  return ports.map((port) => {
    if (speaks === undefined || !isTransportPort(port)) return port;
    const isSaid = port.speaks === speaks || (speaks === "https" && port.transports.join() === "TCP");
    return isSaid ? port : { ...port, speaks };
  });
}

/** DNS over any transport is that over UDP and TCP where the agent drops SCTP. */
const onlyDns = (port: Port): Port =>
  isNumbered(port) && port.speaks === "dns" && port.last === undefined && port.transports.length === 3
    ? dns(port.number)
    : port;

/** The port of DNS over both transports is one. */
function withDns(ports: readonly Port[]): Port[] {
  const on = (transport: "UDP" | "TCP") =>
    ports.find(
      (port) =>
        isNumbered(port) && port.number === 53 && port.last === undefined && port.transports.join() === transport,
    );
  const [overUdp, overTcp] = [on("UDP"), on("TCP")];
  if (overUdp === undefined || overTcp === undefined) return [...ports];
  return ports.flatMap((port) => (port === overUdp ? [dns(53)] : port === overTcp ? [] : [port]));
}

function portOf({ port, endPort, protocol }: PortProtocol): Port[] {
  const written = port ?? "0";
  if (isPortName(written)) {
    if (endPort) throw new Unsayable("a range that a port's name begins");
    return [transportPort(protocol, written)];
  }
  const number = portNumber(written) ?? 0;
  const last = endPort != null && endPort > number ? endPort : undefined;
  return [number === 0 ? transportPort(protocol) : transportPort(protocol, number, last)];
}

/** Without a number it is every port. */
function transportPort(protocol: PortProtocol["protocol"], first?: number | string, last?: number): Port {
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
