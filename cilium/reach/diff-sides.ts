/** Two sets of policies over one cluster: the endpoints of both sides, and every end that a flow may have. */
import type { Prefix } from "../policy/cidr.ts";
import type { Policy } from "../policy/schema.ts";
import { addressOutside, formatPrefix, parseAddressOrPrefix } from "./addresses.ts";
import type { End } from "./difference.ts";
import { partyKey } from "./directory.ts";
import { type Inventory, type Peer, peerEntities } from "./inventory.ts";
import { compile, type DirectionPolicy, type EnforcedPolicy, type Network, type NetworkRule } from "./network.ts";
import type { Party } from "./party.ts";

/** Policies and the cluster that they are judged against. */
export type Side = { readonly policies: readonly Policy[]; readonly inventory: Inventory };

/** An end of flows: on which sides it exists, and where the rules that apply to it differ. */
export type ComparedEnd = End & {
  readonly peer: Peer;
  readonly before: boolean;
  readonly after: boolean;
  readonly ingressDiffers: boolean;
  readonly egressDiffers: boolean;
};

export type Sides = { readonly before: Network; readonly after: Network; readonly ends: readonly ComparedEnd[] };

/** Compiles both sides over the endpoints of both; one that both have is on each side as that side has it. */
export function compileSides(before: Side, after: Side): Sides {
  const networks = {
    before: compile(before.policies, completed(before.inventory, after.inventory)),
    after: compile(after.policies, completed(after.inventory, before.inventory)),
  };
  const endpoints = comparedEndpoints(networks, before.inventory, after.inventory);
  return { ...networks, ends: [...endpoints, ...otherEnds(networks)] };
}

/** What policies enforce at an end, on one side. */
export function enforcedAt({ directory, enforced }: Network, peer: Peer): EnforcedPolicy | undefined {
  const party = directory.parties.get(partyKey(peer));
  return party === undefined ? undefined : enforced[party.position];
}

/** An inventory with everything that only the other side's knows. */
function completed(own: Inventory, other: Inventory): Inventory {
  const endpoints = new Set(own.endpoints.map(endpointName));
  const nodes = new Set(own.nodes.map(({ name }) => name));
  const names = new Set(own.names.map(({ name }) => name));
  return {
    ...own,
    endpoints: [...own.endpoints, ...other.endpoints.filter((endpoint) => !endpoints.has(endpointName(endpoint)))],
    nodes: [...own.nodes, ...other.nodes.filter(({ name }) => !nodes.has(name))],
    names: [...own.names, ...other.names.filter(({ name }) => !names.has(name))],
  };
}

const endpointName = ({ namespace, name }: { namespace: string; name: string }): string => `${namespace}/${name}`;

type Networks = { readonly before: Network; readonly after: Network };

function comparedEndpoints(networks: Networks, before: Inventory, after: Inventory): ComparedEnd[] {
  const [earlier, later] = [before, after].map(({ endpoints }) => new Set(endpoints.map(endpointName)));
  const everythingDiffers =
    before.cluster !== after.cluster || JSON.stringify(before.cidrGroups) !== JSON.stringify(after.cidrGroups);
  return networks.after.inventory.endpoints
    .filter(({ hostNetwork }) => !hostNetwork)
    .map(({ namespace, name }): ComparedEnd => {
      const peer: Peer = { kind: "endpoint", namespace, name };
      const end = { kind: "endpoint", name: endpointName({ namespace, name }), peer } as const;
      const existence = { before: earlier?.has(end.name) ?? false, after: later?.has(end.name) ?? false };
      const differs = everythingDiffers || !existence.before || !existence.after || partyDiffers(networks, peer);
      return {
        ...end,
        ...existence,
        ingressDiffers: differs || rulesDiffer(networks, peer, "ingress"),
        egressDiffers: differs || rulesDiffer(networks, peer, "egress"),
      };
    });
}

/** Entities, addresses and names: there is nothing to compare about them but the policies on Cilium's own endpoints. */
function otherEnds(networks: Networks): ComparedEnd[] {
  const prefixes = uniquePrefixes([...networks.before.prefixes, ...networks.after.prefixes]);
  const entities = peerEntities.map((entity): [End, Peer] => [
    { kind: "entity", name: entity === "world" ? worldIPv4 : entity },
    { kind: "entity", entity },
  ]);
  const cidrs = prefixes.flatMap((prefix): [End, Peer][] => {
    const whole = prefix.bits === 0;
    const address = addressOutside(prefix, prefixes);
    return address === undefined || (whole && prefix.address.kind() === "ipv4")
      ? []
      : [
          [
            whole ? { kind: "entity", name: worldIPv6 } : { kind: "cidr", name: formatPrefix(prefix) },
            { kind: "address", address: formatPrefix(address) },
          ],
        ];
  });
  const names = new Set([networks.before, networks.after].flatMap(({ parties }) => parties.flatMap(nameOf)));
  const fqdns = [...names].map((name): [End, Peer] => [
    { kind: "fqdn", name },
    { kind: "fqdn", name },
  ]);
  return [...entities, ...cidrs, ...fqdns].map(([end, peer]) => ({
    ...end,
    peer,
    before: true,
    after: true,
    ingressDiffers: rulesDiffer(networks, peer, "ingress"),
    egressDiffers: rulesDiffer(networks, peer, "egress"),
  }));
}

/** The world's addresses that no policy names, one end for each family. */
export const worldIPv4 = "world (IPv4)";
export const worldIPv6 = "world (IPv6)";

const everyIPv6 = parseAddressOrPrefix("::/0");

const uniquePrefixes = (prefixes: readonly Prefix[]): Prefix[] => [
  ...new Map(
    [...prefixes, ...(everyIPv6 === undefined ? [] : [everyIPv6])].map((prefix) => [formatPrefix(prefix), prefix]),
  ).values(),
];

const nameOf = ({ peer }: Party): string[] => (peer.kind === "fqdn" ? [peer.name] : []);

function partyDiffers({ before, after }: Networks, peer: Peer): boolean {
  const [first, second] = [before, after].map(({ directory }) => directory.parties.get(partyKey(peer)));
  return partySignature(first) !== partySignature(second);
}

const partySignature = (party: Party | undefined): string =>
  JSON.stringify([party?.identity.labels, [...(party?.ports ?? [])], party?.enforcement]);

/** Whether the rules that select an end say different things; policies' names, order and grouping are no difference. */
function rulesDiffer({ before, after }: Networks, peer: Peer, direction: "ingress" | "egress"): boolean {
  const [first, second] = [before, after].map((network) => enforcedAt(network, peer));
  return (
    first?.conflict !== second?.conflict || policySignature(first?.[direction]) !== policySignature(second?.[direction])
  );
}

function policySignature(policy: DirectionPolicy | undefined): string {
  const rules = new Set(policy?.rules.map(ruleSignature));
  return JSON.stringify([policy?.defaultDeny, [...rules].sort()]);
}

const signatures = new WeakMap<NetworkRule, string>();

function ruleSignature(rule: NetworkRule): string {
  const known = signatures.get(rule);
  if (known !== undefined) return known;
  const { deny, defaultDeny, authentication, peers, ports } = rule;
  const signature = JSON.stringify([
    deny,
    defaultDeny,
    authentication,
    peers.map(({ key }) => key).sort(),
    ports.map(({ protocols, ports, l7 }) => JSON.stringify([protocols, ports, l7])).sort(),
  ]);
  signatures.set(rule, signature);
  return signature;
}
