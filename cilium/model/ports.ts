/**
 * What a flow may use: container ports with their transports and what is spoken on them, ICMP types, other IP protocols, or
 * everything. A policy names the pod's port, never the Service's.
 */
import { z } from "zod";
import { icmpTypes } from "../policy/icmp.ts";
import { isPortName } from "../policy/port.ts";
import { shown } from "./issues.ts";

export type Transport = "TCP" | "UDP" | "SCTP";

/** What is spoken on a port. Only `http` is plaintext that Envoy can parse; `tls-passthrough` is behind a TLSRoute. */
export type Spoken = "http" | "https" | "tls-passthrough" | "grpc" | "dns" | "tcp" | "udp" | "sctp";

/** A port by its number, a range of them, or every port of the transports, 0 among them, which nothing else names. */
export interface NumberedPort {
  readonly number: number;
  /** The last of a range. */
  readonly last?: number | undefined;
  readonly transports: readonly Transport[];
  readonly speaks: Spoken;
}

/** A port by the name that each pod's container gives it. */
export interface PortByName {
  readonly name: string;
  readonly transports: readonly Transport[];
  readonly speaks: Spoken;
}

export type TransportPort = NumberedPort | PortByName;

/** A type of ICMP messages, by its number or its name. */
export interface IcmpType {
  readonly icmp: number | string;
  readonly family: "IPv4" | "IPv6";
}

/** An IP protocol without ports. */
export interface IpProtocol {
  readonly protocol: Portless;
}

const portless = ["VRRP", "IGMP", "GRE", "IPIP", "IPV6", "ESP", "AH"] as const;

export type Portless = (typeof portless)[number];

/** Every port of every protocol. */
export interface EveryPort {
  readonly every: true;
}

export type Port = TransportPort | IcmpType | IpProtocol | EveryPort;

const every = { number: 0, last: 65535 };

const isNumber = (number: unknown): boolean =>
  Number.isInteger(number) && Number(number) >= 1 && Number(number) <= every.last;
const wrong = {
  error: ({ input }: { readonly input?: unknown }) => `port ${shown(input)}; write a number from 1 to 65535`,
};
const number = z.custom<number>(isNumber, wrong);
const first = z.custom<number>((given) => isNumber(given) || given === every.number, wrong);
const transports = z.array(z.enum(["TCP", "UDP", "SCTP"])).min(1);
const speaks = z.enum(["http", "https", "tls-passthrough", "grpc", "dns", "tcp", "udp", "sctp"]);

/** Whether it is every port of its transports. */
export const isEveryOf = ({ number, last }: NumberedPort): boolean => number === every.number && last === every.last;

/** The ports that pods declare. */
export const numberedPortSchema = z
  .strictObject(
    { number: first, last: number.optional(), transports, speaks },
    { error: ({ input }) => `${shown(input)} is no port; write one such as http(8080) or udp(53)` },
  )
  .superRefine(({ number, last = number }, context) => {
    if (number === every.number && last !== every.last) context.addIssue(wrong.error({ input: number }));
    if (last < number) context.addIssue(`no port is from ${number} to ${last}; write the smaller number first`);
  }) satisfies z.ZodType<NumberedPort>;

const others = {
  name: z.strictObject({
    name: z.string().refine(isPortName, {
      error: ({ input }) => `${shown(input)} is no name of a port; write at most 15 letters, digits and -`,
    }),
    transports,
    speaks,
  }),
  icmp: z
    .strictObject({
      icmp: z.union(
        [z.int().min(0).max(255), z.string()],
        "write the type of ICMP as a number from 0 to 255 or as a name",
      ),
      family: z.enum(["IPv4", "IPv6"]),
    })
    .superRefine(({ icmp, family }, context) => {
      if (typeof icmp === "number" || icmp in icmpTypes[family]) return;
      const names = Object.keys(icmpTypes[family]).join(", ");
      context.addIssue(
        `${shown(icmp)} is no type of ICMP over ${family}; write a number from 0 to 255, or one of ${names}`,
      );
    }),
  protocol: z.strictObject({
    protocol: z.enum(portless, {
      error: ({ input }) => `${shown(input)} is no protocol without ports; write one of ${portless.join(", ")}`,
    }),
  }),
  every: z.strictObject({ every: z.literal(true) }),
};

/** What may stand behind `on`. */
export const portSchema: z.ZodType<Port> = z.unknown().transform((value, context): Port => {
  const given = Object(value);
  const schema =
    "name" in given
      ? others.name
      : "icmp" in given
        ? others.icmp
        : "protocol" in given
          ? others.protocol
          : "every" in given
            ? others.every
            : numberedPortSchema;
  const read = schema.safeParse(value);
  for (const { message, path } of read.error?.issues ?? []) context.addIssue({ code: "custom", message, path });
  return read.data ?? z.NEVER;
});

interface PortWord {
  /** One port, all from the first to the last, or without a number every one. */
  (number?: number, last?: number): NumberedPort;
  /** The port that each pod's container calls so, for `on`. */
  (name: string): PortByName;
}

function word(speaks: Spoken, ...transports: Transport[]): PortWord {
  function port(number?: number, last?: number): NumberedPort;
  function port(name: string): PortByName;
  function port(given?: number | string, last?: number): TransportPort {
    if (given === undefined) return { ...every, transports, speaks };
    return typeof given === "string"
      ? { name: given, transports, speaks }
      : { number: given, ...(last !== undefined && { last }), transports, speaks };
  }
  return port;
}

export const http = word("http", "TCP");
export const https = word("https", "TCP");
export const grpc = word("grpc", "TCP");
export const tcp = word("tcp", "TCP");
/** TLS that the Gateway hands through unopened (a TLSRoute): HTTP rules on it would break every connection. */
export const tlsPassthrough = word("tls-passthrough", "TCP");
export const udp = word("udp", "UDP");
export const sctp = word("sctp", "SCTP");
/** DNS is served over UDP and TCP. */
export const dns = word("dns", "UDP", "TCP");
/** A port of every transport. */
export const anyTransport = word("tcp", "TCP", "UDP", "SCTP");

export const icmp = (type: number | string): IcmpType => ({ icmp: type, family: "IPv4" });
export const icmpv6 = (type: number | string): IcmpType => ({ icmp: type, family: "IPv6" });
export const ipProtocol = (protocol: Portless): IpProtocol => ({ protocol });
export const everyPort: EveryPort = { every: true };

export const isTransportPort = (port: Port): port is TransportPort => "transports" in port;
export const isByName = (port: Port): port is PortByName => "name" in port;
export const isNumbered = (port: Port): port is NumberedPort => "number" in port;

/** What a port that is not a TCP port is called: TCP goes without saying, DNS ports are both and go by the number alone. */
export function portText(port: Port): string {
  if (!isTransportPort(port)) return portNames(port).join();
  if (isNumbered(port) && isEveryOf(port)) return `every ${port.transports.join(" and ")} port`;
  const [only, ...more] = port.transports;
  return more.length > 0 || only === "TCP" ? numbersText(port) : `${numbersText(port)}/${only}`;
}

/** Each transport with its port, `53/UDP` and `53/TCP`; other protocols with their type or alone. */
export function portNames(port: Port): string[] {
  if (isTransportPort(port)) return port.transports.map((transport) => `${numbersText(port)}/${transport}`);
  if ("icmp" in port) return [`${port.icmp}/${port.family === "IPv4" ? "ICMP" : "ICMPv6"}`];
  return ["protocol" in port ? port.protocol : "every port"];
}

/** Whether a connection uses a port: for ICMP its type is the number, and of a port by its name nobody can tell. */
export function isUsedBy(port: Port, protocol: string, number: number): boolean {
  if (isNumbered(port)) {
    const { number: first, last = first, transports } = port;
    return transports.some((transport) => transport === protocol) && first <= number && number <= last;
  }
  if ("icmp" in port) {
    const type = typeof port.icmp === "number" ? port.icmp : icmpTypes[port.family][port.icmp];
    return protocol === (port.family === "IPv4" ? "ICMP" : "ICMPv6") && type === number;
  }
  return "every" in port || ("protocol" in port && port.protocol === protocol);
}

/** `8080`, `8000-8100`, `every port`, or the port's name. */
function numbersText(port: TransportPort): string {
  if (!isNumbered(port)) return port.name;
  if (isEveryOf(port)) return "every port";
  return port.last === undefined ? String(port.number) : `${port.number}-${port.last}`;
}
