/** The rules of a policy, by direction. */
import fc from "fast-check";
import { cidrs, entities, fqdns, groups as groupsOf, services as servicesOf } from "./peers.ts";
import { ports } from "./ports.ts";
import { merged, type Straying } from "./straying.ts";

/** Fields of a policy's spec that hold its rules. */
export function directions(straying: Straying, selector: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const { or, record, list } = straying;
  const { cidr, cidrRule } = cidrs(straying, selector);
  const entity = entities(straying);
  const fqdn = fqdns(straying);
  const { portRule, denyPortRule, icmps } = ports(straying, fqdn);
  const groups = groupsOf(straying);
  const services = servicesOf(straying, selector);
  const authentication = record({
    mode: or(fc.constantFrom("disabled", "required"), fc.constant("test-always-fail"), fc.constantFrom("", "x")),
  });

  const fromPeers = {
    fromEndpoints: list(selector),
    fromCIDR: list(cidr),
    fromCIDRSet: list(cidrRule),
    fromEntities: list(entity),
  };
  const toPeers = {
    toEndpoints: list(selector),
    toCIDR: list(cidr),
    toCIDRSet: list(cidrRule),
    toEntities: list(entity),
  };
  const requires = or(fc.constantFrom(undefined, []), fc.constant([]), fc.constantFrom(["a"], [{}]), 20);

  /** Usually one kind of peer, now and then two, and the ports that go with it. */
  const peerRule = (
    peers: Record<string, fc.Arbitrary<unknown>>,
    rare: Record<string, fc.Arbitrary<unknown>>,
    ports: fc.Arbitrary<unknown>,
    more: Record<string, fc.Arbitrary<unknown>>,
  ) => {
    const one = fc
      .oneof(
        { weight: 10, arbitrary: fc.constantFrom(...Object.entries(peers)) },
        { weight: 1, arbitrary: fc.constantFrom(...Object.entries(rare)) },
      )
      .chain(([kind, arbitrary]) => record({ [kind]: arbitrary }));
    const all = { ...peers, ...rare };
    const two = fc
      .subarray(Object.keys(all), { minLength: 2, maxLength: 2 })
      .chain((kinds) => record(Object.fromEntries(kinds.map((kind) => [kind, all[kind] ?? fc.constant([])]))));
    const peer = or(fc.oneof({ weight: 5, arbitrary: one }, { weight: 1, arbitrary: fc.constant({}) }), two, one, 16);
    const what = fc.oneof(
      { weight: 6, arbitrary: record({ toPorts: list(ports) }) },
      { weight: 2, arbitrary: fc.constant({}) },
      { weight: 1, arbitrary: record({ icmps }) },
      { weight: 1, arbitrary: or(fc.constant({}), record({ icmps, toPorts: list(ports) }), fc.constant({}), 4) },
    );
    return fc.tuple(peer, what, record({}, more)).map(merged);
  };

  const ingress = list(
    peerRule(
      fromPeers,
      {
        fromGroups: groups,
        fromNodes: or(fc.constant([]), list(selector), fc.constant([]), 2),
        fromRequires: requires,
      },
      portRule,
      { authentication },
    ),
  );
  const ingressDeny = list(
    peerRule(
      fromPeers,
      { fromGroups: groups, fromNodes: or(fc.constant([]), list(selector), fc.constant([]), 2) },
      denyPortRule,
      {},
    ),
  );
  const egress = list(
    peerRule(
      { ...toPeers, toFQDNs: list(fqdn) },
      {
        toServices: services,
        toGroups: groups,
        toNodes: or(fc.constant([]), list(selector), fc.constant([]), 2),
        toRequires: requires,
      },
      portRule,
      { authentication },
    ),
  );
  const egressDeny = list(peerRule(toPeers, { toServices: services, toGroups: groups }, denyPortRule, {}));

  return fc.oneof(
    { weight: 4, arbitrary: record({ ingress, egress }) },
    { weight: 2, arbitrary: record({ egress }) },
    { weight: 2, arbitrary: record({ ingress }) },
    { weight: 1, arbitrary: record({ ingressDeny }, { egress }) },
    { weight: 1, arbitrary: record({ egressDeny }, { ingress }) },
    {
      weight: 1,
      arbitrary: or(
        fc.constant({ ingress: [{}] }),
        fc.constantFrom({ ingress: [] }, { egress: [], ingressDeny: [] }),
        fc.constantFrom({}, { ingress: null }),
        3,
      ),
    },
  );
}
