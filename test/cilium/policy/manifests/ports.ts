/** Ports and ICMP types, with the L7 rules on them. */
import fc from "fast-check";
import { l7 } from "./l7.ts";
import { merged, type Straying } from "./straying.ts";

/** Items of `toPorts` in allow and in deny rules, and `icmps`. */
export function ports(straying: Straying, fqdn: fc.Arbitrary<unknown>) {
  const { or, record, list } = straying;
  const { http, rules, tls, listener, serverNames } = l7(straying, fqdn);
  const port = or(
    fc.constantFrom("80", "443", "8080", "53", "http", "metrics-1", "65535", "0"),
    fc.constantFrom(
      "65536",
      "8000-8100",
      "080",
      "08",
      "1_000",
      "1__0",
      "0x50",
      "0x000000000000050",
      "a-very-long-port-name",
      "HTTP",
      "a--b",
      "70000",
      "99999",
      "1e3",
      "+80",
      "80 ",
      "0b1010000000000000000",
      "0o17000000000000000",
      "0_7",
      "0_8",
      "00",
    ),
    fc.constantFrom("", "-80", "http-", "_", 80, "-", "!"),
    10,
  );
  const protocol = or(
    fc.constantFrom("TCP", "TCP", "TCP", "UDP"),
    fc.constantFrom("ANY", undefined, "SCTP", "VRRP", "GRE", "IPV6", null),
    fc.constantFrom("tcp", "ICMP", "", "ICMPv6"),
    10,
  );
  const endPort = or(
    fc.constantFrom(8100, 65535, 0),
    fc.constantFrom(1, 53),
    fc.constantFrom(-1, 65536, "8100", 1.5),
    10,
  );
  const portProtocol = fc.oneof(
    { weight: 6, arbitrary: record({ port, protocol }) },
    { weight: 1, arbitrary: record({ port, protocol }, { endPort }) },
    {
      weight: 1,
      arbitrary: or(
        fc.constant({ port: "0", protocol: "VRRP" }),
        fc.constantFrom({}, { protocol: "TCP" }, { port: null }, { port: "1", protocol: "IGMP" }),
        fc.constant({}),
        4,
      ),
    },
  );
  const manyPorts = (from: number) =>
    fc
      .integer({ min: from, max: 42 })
      .map((length) => Array.from({ length }, (_, i) => ({ port: String(1000 + i), protocol: "TCP" })));
  const ports = (most: number) =>
    or(
      fc.array(portProtocol, { minLength: 1, maxLength: 2 }),
      manyPorts(38).filter((list) => list.length <= most),
      manyPorts(41),
      25,
    );

  const l7Ports = (number: string) =>
    record({
      ports: or(
        fc.constant([{ port: number, protocol: "TCP" }]),
        fc.oneof(ports(40), fc.constantFrom(undefined, [])),
        fc.constant("x"),
        4,
      ),
    });
  const portRule = fc.oneof(
    { weight: 8, arbitrary: record({ ports: ports(40) }) },
    {
      weight: 2,
      arbitrary: fc.tuple(l7Ports("80"), record({ rules: record({ http: list(http) }) })).map(merged),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(l7Ports("53"), record({ rules: record({ dns: list(fqdn) }) })).map(merged),
    },
    { weight: 1, arbitrary: record({ ports: ports(40), serverNames }) },
    {
      weight: 1,
      arbitrary: record(
        { ports: ports(40) },
        { rules, serverNames, listener, terminatingTLS: tls, originatingTLS: tls },
      ),
    },
  );
  const denyPortRule = or(
    record({ ports: ports(42) }),
    record({}, { ports: ports(42) }),
    record({ ports: ports(42), rules }),
    12,
  );

  const icmpType = or(
    fc.constantFrom(0, 8, 128, "8", "EchoRequest", "EchoReply"),
    fc.constantFrom(
      "PacketTooBig",
      "Redirect",
      256,
      -5,
      2 ** 31,
      -(2 ** 31),
      -(2 ** 31) - 1,
      "ExtendedEcho Reply",
      "Echo",
      "255",
      "0",
    ),
    fc.constantFrom("256", "echo", "", "-1", true, 1.5, null, "ExtendedEchoReply"),
    6,
  );
  const icmps = list(
    or(
      record({
        fields: fc.array(
          record(
            { type: icmpType },
            { family: or(fc.constantFrom("IPv4", "IPv6"), fc.constant("IPv6"), fc.constantFrom("ipv4", "")) },
          ),
          { minLength: 1, maxLength: 2 },
        ),
      }),
      fc.constantFrom({}, { fields: [] }, { fields: null }),
      fc.constant({ fields: "x" }),
    ),
  );
  return { portRule, denyPortRule, icmps };
}
