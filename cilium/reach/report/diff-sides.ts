/** Two sets of policies over one cluster: the endpoints of both sides, and every end that a flow may have. */
import { entityName } from "../../policy/entity.ts";
import type { Policy } from "../../policy/schema.ts";
import { addressOutside, formatPrefix, parseAddressOrPrefix } from "../compile/addresses.ts";
import { partyKey } from "../compile/directory.ts";
import { type Endpoint, hostAt, type Inventory, type Peer, peerEntities } from "../compile/inventory.ts";
import { compile, type EnforcedPolicy, type Network, type NetworkRule, policyAt } from "../compile/network.ts";
import { addressParty, nameParties, nodeParties, type Party } from "../compile/party.ts";
import type { Direction } from "../compile/rules.ts";
import type { FlowEnd } from "./difference.ts";
import { addressText } from "./explain.ts";

/** Policies and the cluster that they are judged against. */
export type Side = { readonly policies: readonly Policy[]; readonly inventory: Inventory };

/** An end of flows as each side knows it, undefined on a side where it does not exist, and where its rules differ. */
export type ComparedEnd = FlowEnd & {
  readonly before: Party | undefined;
  readonly after: Party | undefined;
  readonly ingressDiffers: boolean;
  readonly egressDiffers: boolean;
};

export type Networks = { readonly before: Network; readonly after: Network };

export type ComparedSides = Networks & { readonly ends: readonly ComparedEnd[] };

/**
 * Compiles both sides over the endpoints of both, and one that stands for all other pods; an endpoint that both have is on
 * each side as that side has it.
 */
export function compileSides(before: Side, after: Side): ComparedSides {
  const networks = {
    before: compile(before.policies, completed(before.inventory, after.inventory)),
    after: compile(after.policies, completed(after.inventory, before.inventory)),
  };
  const worldDiffers = surroundings(before.inventory) !== surroundings(after.inventory);
  return {
    ...networks,
    ends: [
      ...endpointEnds(networks, before.inventory, after.inventory, worldDiffers),
      otherPodsEnd(networks, worldDiffers),
      ...nodeEnds(networks, worldDiffers),
      ...entityEnds(networks, worldDiffers),
      ...addressEnds(networks),
      ...nameEnds(networks),
    ],
  };
}

/** Policies hold for pods that no inventory lists too: this one has no label, and a namespace of its own. */
const otherPod: Endpoint = {
  namespace: "every other namespace",
  name: "every other pod",
  labels: {},
  namespaceLabels: {},
};

/** An inventory with the endpoints that only the other side has. Names are compared as names, whatever they resolve to. */
function completed(own: Inventory, other: Inventory): Inventory {
  const known = new Set(own.endpoints.map(endpointName));
  return {
    ...own,
    endpoints: [
      ...own.endpoints,
      ...other.endpoints.filter((endpoint) => !known.has(endpointName(endpoint))),
      otherPod,
    ],
    names: [],
  };
}

const endpointName = ({ namespace, name }: Endpoint): string => `${namespace}/${name}`;

function endpointEnds(networks: Networks, before: Inventory, after: Inventory, worldDiffers: boolean): ComparedEnd[] {
  const earlier = new Set(before.endpoints.map(endpointName));
  const later = new Set(after.endpoints.map(endpointName));
  return networks.after.inventory.endpoints
    .filter((endpoint) => endpoint !== otherPod && !endpoint.hostNetwork)
    .map((endpoint) => {
      const name = endpointName(endpoint);
      const peer: Peer = { kind: "endpoint", namespace: endpoint.namespace, name: endpoint.name };
      return comparedEnd(
        networks,
        { kind: "endpoint", name },
        {
          before: earlier.has(name) ? known(networks.before, peer) : undefined,
          after: later.has(name) ? known(networks.after, peer) : undefined,
        },
        worldDiffers,
      );
    });
}

function otherPodsEnd(networks: Networks, worldDiffers: boolean): ComparedEnd {
  const peer: Peer = { kind: "endpoint", namespace: otherPod.namespace, name: otherPod.name };
  const parties = { before: known(networks.before, peer), after: known(networks.after, peer) };
  return comparedEnd(networks, { kind: "other-pods", name: otherPod.name }, parties, worldDiffers);
}

/** What the meaning of rules depends on besides endpoints: the cluster's name, groups of addresses and Services. */
const surroundings = (inventory: Inventory): string =>
  JSON.stringify({ ...inventory, endpoints: undefined, nodes: undefined, names: undefined, hosts: undefined });

/** The nodes, where one of the sides tells them apart. */
function nodeEnds(networks: Networks, worldDiffers: boolean): ComparedEnd[] {
  const sides = [networks.before, networks.after];
  if (!sides.some(({ parties }) => parties.some(({ peer }) => peer.kind === "node"))) return [];
  const names = new Set(sides.flatMap(({ inventory }) => inventory.nodes.map(({ name }) => name)));
  return [...names].map((name) => {
    const party = ({ parties, inventory, surroundings }: Network) =>
      parties.find(({ peer }) => peer.kind === "node" && peer.name === name) ??
      inventory.nodes.filter((node) => node.name === name).flatMap((node) => nodeParties(node, false, surroundings))[0];
    const parties = { before: party(networks.before), after: party(networks.after) };
    return comparedEnd(networks, { kind: "node", name }, parties, worldDiffers);
  });
}

const entityEnds = (networks: Networks, worldDiffers: boolean): ComparedEnd[] =>
  peerEntities.map((entity) => {
    const peer: Peer = { kind: "entity", entity };
    const name = entity === "world" ? worldIPv4 : entityName(entity);
    return comparedEnd(
      networks,
      { kind: "entity", name },
      { before: known(networks.before, peer), after: known(networks.after, peer) },
      worldDiffers,
    );
  });

/** The addresses that the policies of either side tell apart, and the IPv6 addresses that none of them names. */
function addressEnds(networks: Networks): ComparedEnd[] {
  const written = [...networks.before.prefixes, ...networks.after.prefixes, ...everyIPv6];
  const prefixes = [...new Map(written.map((prefix) => [formatPrefix(prefix), prefix])).values()];
  const hosts = { ...networks.before.inventory.hosts, ...networks.after.inventory.hosts };
  return prefixes.flatMap((prefix) => {
    const address = addressOutside(prefix, prefixes);
    const name = formatPrefix(prefix);
    // What no policy names of IPv4 is an entity already.
    if (address === undefined || name === "0.0.0.0/0") return [];
    const end: FlowEnd =
      name === "::/0" ? { kind: "entity", name: worldIPv6 } : { kind: "cidr", ...nameOf(name, hosts) };
    const party = (network: Network) => addressParty(address, network.surroundings);
    return [comparedEnd(networks, end, { before: party(networks.before), after: party(networks.after) }, false)];
  });
}

const nameOf = (addresses: string, hosts: Inventory["hosts"]): Pick<FlowEnd, "name" | "addresses"> => {
  const name = addressText(addresses, hostAt(addresses, hosts));
  return name === addresses ? { name } : { name, addresses };
};

function nameEnds(networks: Networks): ComparedEnd[] {
  const parties = [...networks.before.parties, ...networks.after.parties];
  const names = new Set(parties.flatMap(({ peer }) => (peer.kind === "fqdn" ? [peer.name] : [])));
  return [...names].map((name) => {
    const party = (network: Network) => nameParties(name, network.surroundings)[0];
    return comparedEnd(
      networks,
      { kind: "fqdn", name },
      { before: party(networks.before), after: party(networks.after) },
      networks.before.lookups(name) !== networks.after.lookups(name),
    );
  });
}

const known = ({ directory }: Network, peer: Peer): Party | undefined => directory.parties.get(partyKey(peer));

function comparedEnd(
  { before, after }: Networks,
  end: FlowEnd,
  parties: { readonly before: Party | undefined; readonly after: Party | undefined },
  worldDiffers: boolean,
): ComparedEnd {
  const differs = worldDiffers || partySignature(parties.before) !== partySignature(parties.after);
  const rulesDiffer = (direction: Direction) =>
    rulesSignature(before, parties.before, direction) !== rulesSignature(after, parties.after, direction);
  return {
    ...end,
    ...parties,
    ingressDiffers: differs || rulesDiffer("ingress"),
    egressDiffers: differs || rulesDiffer("egress"),
  };
}

/** What policies enforce at an end. */
export const enforcedAt = (network: Network, party: Party | undefined): EnforcedPolicy | undefined =>
  party === undefined ? undefined : policyAt(network, party);

/** The world's addresses that no policy names, one end for each family. */
export const worldIPv4 = "world (IPv4)";
export const worldIPv6 = "world (IPv6)";

const everyIPv6 = [parseAddressOrPrefix("::/0")].filter((prefix) => prefix !== undefined);

const partySignature = (party: Party | undefined): string =>
  JSON.stringify([party?.identity.labels, [...(party?.ports ?? [])], party?.enforcement]);

/** Equal for rules that say the same: policies' names, order and grouping are no difference. */
function rulesSignature(network: Network, party: Party | undefined, direction: Direction): string {
  const enforced = enforcedAt(network, party);
  const rules = new Set(enforced?.[direction].rules.map(ruleSignature));
  return JSON.stringify([enforced?.conflict, enforced?.[direction].defaultDeny, [...rules].sort()]);
}

const signatures = new WeakMap<NetworkRule, string>();

function ruleSignature(rule: NetworkRule): string {
  const known = signatures.get(rule);
  if (known !== undefined) return known;
  const { tier, priority, effect, defaultDeny, authentication, peers, ports } = rule;
  const signature = JSON.stringify([
    tier,
    priority,
    effect,
    defaultDeny,
    authentication,
    peers.map(({ selector }) => selector.key).sort(),
    ports.map(({ protocols, ports, l7 }) => JSON.stringify([protocols, ports, l7])).sort(),
  ]);
  signatures.set(rule, signature);
  return signature;
}
