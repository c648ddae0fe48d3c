/** Peers that are addresses, entities, names, groups or Services. */
import fc from "fast-check";
import type { Straying } from "./straying.ts";

export function cidrs({ or, record }: Straying, selector: fc.Arbitrary<unknown>) {
  const cidr = or(
    fc.constantFrom(
      "10.0.0.0/8",
      "192.168.0.240/32",
      "0.0.0.0/0",
      "2001:db8::/32",
      "::/0",
      "10.1.2.3/8",
      "::ffff:10.0.0.0/104",
      "fe80::1/128",
    ),
    fc.constantFrom("010.0.0.0/8", "10.0.0.0/08", "::ffff:010.0.0.0/104", "10.0.0.01/32", "10.0.0.0/00"),
    fc.constantFrom(
      "10.0.0.0",
      "10.0.0.0/33",
      "10.0.0/8",
      "256.0.0.0/8",
      "::/129",
      "fe80::1%eth0/64",
      "",
      "x",
      "10.0.0.0/",
      "/8",
      "10.0.0.0/8/8",
      "0x0a.0.0.0/8",
      " 10.0.0.0/8",
      "10.0.0.0/-1",
      "10.0.0.0/+8",
      "1::2::3/8",
      ":::/0",
      "00000:1::/32",
    ),
    12,
  );
  /** The agent puts a source before such keys, and reads `$` as a source. */
  const groupLabelKey = fc.constantFrom("zone", "$zone", ":zone", "cidrgroup:zone", "a:b:c", "a b", "$");
  const cidrRule = fc.oneof(
    record({ cidr }, { except: fc.array(cidr, { maxLength: 2 }) }),
    record(
      { cidr: fc.constantFrom("10.0.0.0/8", "2001:db8::/32") },
      {
        except: fc.array(
          or(
            fc.constantFrom("10.1.0.0/16", "10.255.255.255/32", "2001:db8:1::/48"),
            fc.constantFrom("11.0.0.0/8", "0.0.0.0/0", "::ffff:10.0.0.0/104"),
            fc.constant("x"),
            6,
          ),
          { maxLength: 2 },
        ),
      },
    ),
    record({ cidrGroupRef: or(fc.constantFrom("nas", "a.b"), fc.constant("nas"), fc.constantFrom("", "A", "a b")) }),
    record({ cidrGroupSelector: selector }),
    record({
      cidrGroupSelector: record({
        matchLabels: fc.dictionary(groupLabelKey, fc.constant("x"), { minKeys: 1, maxKeys: 1 }),
      }),
    }),
    or(
      fc.constant({ cidr: "10.0.0.0/8", cidrGroupRef: null }),
      fc.constant({ cidrGroupSelector: {} }),
      fc.constantFrom({}, { cidr: "10.0.0.0/8", cidrGroupRef: "nas" }, { cidr: null }),
    ),
  );

  return { cidr, cidrRule };
}

export const entities = ({ or }: Straying): fc.Arbitrary<unknown> =>
  or(
    fc.constantFrom(
      "world",
      "cluster",
      "host",
      "remote-node",
      "kube-apiserver",
      "ingress",
      "all",
      "none",
      "cluster-mesh",
    ),
    fc.constant("init"),
    fc.constantFrom("World", "world-ipv4", "", "nodes"),
  );

export function fqdns({ or, record }: Straying): fc.Arbitrary<unknown> {
  const dnsName = or(
    fc.constantFrom("example.com", "a-b.example.com.", "x"),
    fc.constantFrom("EXAMPLE.com", "_x.example.com", "a".repeat(255)),
    fc.constantFrom("", "*.example.com", "a..b", ".com", "a b", "ü.de", "a".repeat(256), "."),
  );
  const dnsPattern = or(
    fc.constantFrom("*.example.com", "*", "**.example.com", "example.com", "sub*.example.com."),
    fc.constantFrom("***", "a**b.*", "**.*.com"),
    fc.constantFrom("", "a..b", "*.", " *", "[a-z].com", ".example.com"),
  );
  return or(
    fc.oneof(record({ matchName: dnsName }), record({ matchPattern: dnsPattern })),
    fc.constant({ matchName: "x", matchPattern: null }),
    fc.constantFrom({}, { matchName: "x", matchPattern: "*" }, { matchName: null }),
    30,
  );
}

export const groups = ({ record, list }: Straying): fc.Arbitrary<unknown> =>
  list(
    record({
      aws: record(
        {},
        { region: fc.constant("eu-1"), securityGroupsIds: fc.constant(["sg"]), labels: fc.constant({ a: "b" }) },
      ),
    }),
  );

export const services = ({ record, list }: Straying, selector: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  list(
    fc.oneof(
      record({ k8sService: record({}, { serviceName: fc.constant("s"), namespace: fc.constant("n") }) }),
      record({ k8sServiceSelector: record({ selector }, { namespace: fc.constant("n") }) }),
    ),
  );
