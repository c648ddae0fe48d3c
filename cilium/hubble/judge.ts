/** Judges the connections of a record by policies: what Cilium would do with each of them if these were in force. */
import { rulesOf } from "../policy/parts.ts";
import type { FqdnSelector, Policy } from "../policy/schema.ts";
import { podIdentity } from "../policy/selector.ts";
import { parseAddressOrPrefix } from "../reach/compile/addresses.ts";
import { readConfiguration } from "../reach/compile/configuration.ts";
import { partyKey } from "../reach/compile/directory.ts";
import type { Endpoint, FlowProtocol, Inventory, Peer, Question } from "../reach/compile/inventory.ts";
import { domainSelector } from "../reach/compile/kubernetes-rules.ts";
import { compile, type Network } from "../reach/compile/network.ts";
import { addressParty, type Party } from "../reach/compile/party.ts";
import type { Direction } from "../reach/compile/rules.ts";
import { type DeniedBy, undecidableText, type Verdict, verdict } from "../reach/decide/verdict.ts";
import { apiServerAddresses, classifyAddresses } from "./addresses.ts";
import { ByEnds } from "./between.ts";
import type { End, RecordedPod } from "./end.ts";
import { onceEach } from "./once.ts";
import { type Connection, type FlowRecord, recordedEnds } from "./record.ts";
import type { Distinctions } from "./sums.ts";

export type Judgement = { readonly connection: Connection } & Decided;

/** `verdict` is that of the address where the outcome is open for lack of a name. */
type Decided = { readonly verdict: Verdict } & (
  | { readonly outcome: "allowed" }
  | { readonly outcome: "denied"; readonly refusals: readonly Denial[] }
  | { readonly outcome: "undecided"; readonly reason: string }
);

/** An end that would refuse the connection, and by what. */
export type Denial = { readonly direction: Direction; readonly by: DeniedBy };

export type Judged = {
  readonly network: Network;
  readonly judgements: readonly Judgement[];
  readonly verdictOf: (source: End, destination: End, protocol: FlowProtocol, port: number) => Verdict;
  /** How the network knows an end; addresses of one class are one party. */
  readonly partyOf: (end: End) => Party;
};

/** What the record does not say about the cluster; of its endpoints, the names of ports and the labels of namespaces. */
export type Surroundings = Pick<Inventory, "cluster" | "cidrGroups" | "services" | "configuration" | "endpoints">;

/** What policies tell addresses outside the cluster and requests apart by, before any is known. */
export function distinctionsOf(policies: readonly Policy[], surroundings: Surroundings): Distinctions {
  const { prefixes, rules } = compile(policies, { ...surroundings, endpoints: [], nodes: [], names: [] });
  const requests = rules.flatMap(({ ports }) => ports.flatMap(({ l7 }) => l7?.http ?? []));
  return { prefixes, selectors: fqdnSelectors(policies), requests };
}

export function judge(record: FlowRecord, policies: readonly Policy[], surroundings: Surroundings): Judged {
  const ends = recordedEnds(record);
  const pods = podsOf(ends, record);
  const places = new Map(pods.map((pod, index) => [pod, String(index)]));
  const inventory: Inventory = {
    ...surroundings,
    endpoints: pods.map((pod, index) => endpointOf(pod, String(index), surroundings)),
    isPartial: true,
    nodes: [],
    names: [],
    apiServer: apiServerAddresses(ends),
  };
  const { prefixes } = compile(policies, { ...inventory, endpoints: [] });
  const addresses = classifyAddresses(ends, record.names, { prefixes, selectors: fqdnSelectors(policies) });
  const network = compile(policies, { ...inventory, names: addresses.names });
  const addressPeer = onceEach((address: string): Peer => ({ kind: "address", address }));
  const peerOf = onceEach((end: End): Peer => {
    switch (end.kind) {
      case "pod":
        return { kind: "endpoint", namespace: end.namespace, name: places.get(end) ?? "" };
      case "entity":
        return { kind: "entity", entity: end.entity };
      case "outside":
        return addressPeer(addresses.standFor(end.address));
    }
  });
  const decide = decider(network);
  const questionOf = (source: End, destination: End, protocol: FlowProtocol, port: number): Question => ({
    source: peerOf(source),
    destination: peerOf(destination),
    protocol,
    port,
  });
  const mayReachName = nameFinder(network);
  const outcomeOf = onceEach(read);
  const judgements = record.connections.map((connection): Judgement => {
    const { source, destination, protocol, port } = connection;
    const question = questionOf(source, destination, protocol, port);
    const decided = outcomeOf(decide(question));
    const isNamed = destination.kind !== "outside" || record.names.has(destination.address);
    const isOpen = !isNamed && decided.outcome === "denied" && mayReachName(question);
    return isOpen ? { connection, verdict: decided.verdict, ...withoutName } : { connection, ...decided };
  });
  const partyOfPeer = onceEach((peer: Peer): Party => partyAt(network, peer));
  const partyOf = (end: End): Party => partyOfPeer(peerOf(end));
  return { network, judgements, verdictOf: (...question) => decide(questionOf(...question)), partyOf };
}

function partyAt({ directory, surroundings }: Network, peer: Peer): Party {
  const address = peer.kind === "address" ? parseAddressOrPrefix(peer.address) : undefined;
  const party = address === undefined ? directory.parties.get(partyKey(peer)) : addressParty(address, surroundings);
  if (party === undefined) throw new Error(`the network has no ${partyKey(peer)}`);
  return party;
}

/** Verdicts, each asked for once. */
function decider(network: Network): (question: Question) => Verdict {
  const known = new ByEnds<Peer, Verdict>();
  return (question) => {
    const found = known.get(question) ?? verdict(network, question);
    known.set(question, found);
    return found;
  };
}

/** Those who were asked for names among them. */
function podsOf(ends: ReadonlySet<End>, { lookups }: FlowRecord): RecordedPod[] {
  const servers = lookups.flatMap(({ servers }) => servers.map(({ end }) => end));
  return [...new Set([...ends, ...servers])].filter((end) => end.kind === "pod");
}

/** The record's pods as endpoints; their names are their places in the list. */
function endpointOf(
  pod: RecordedPod,
  name: string,
  { cluster: own, endpoints, configuration }: Surroundings,
): Endpoint {
  const { namespace, labels, serviceAccount, cluster, isIdentity } = pod;
  const neighbours = endpoints.filter((endpoint) => endpoint.namespace === namespace);
  const namespaceLabels = pod.namespaceLabels ?? neighbours.find((one) => one.namespaceLabels)?.namespaceLabels;
  const { keepsLabel } = readConfiguration(configuration).configuration;
  const place = { namespace, cluster: cluster ?? own };
  const identity = new Map(podIdentity({ ...place, labels }, () => true).map(({ key, value }) => [key, value]));
  const alike = neighbours.filter((endpoint) =>
    podIdentity({ ...place, labels: endpoint.labels }, keepsLabel).every(
      ({ key, value }) => identity.get(key) === value,
    ),
  );
  return {
    namespace,
    name,
    labels,
    isIdentity,
    ...(namespaceLabels !== undefined && { namespaceLabels }),
    ...(serviceAccount !== undefined && { serviceAccount }),
    ...(cluster !== undefined && { cluster }),
    ports: alike.flatMap(({ ports }) => ports ?? []),
  };
}

/** Every DNS name that the policies' egress rules are about. */
export const fqdnSelectors = (policies: readonly Policy[]): FqdnSelector[] =>
  policies.flatMap((policy) =>
    policy.kind === "ClusterNetworkPolicy"
      ? (policy.spec.egress ?? [])
          .flatMap(({ to }) => to.flatMap(({ domainNames }) => domainNames ?? []))
          .map(domainSelector)
      : rulesOf(policy).flatMap(({ egress }) => (egress ?? []).flatMap(({ toFQDNs }) => toFQDNs ?? [])),
  );

function read(verdict: Verdict): Decided {
  const ends = (["egress", "ingress"] as const).map((direction) => ({ direction, end: verdict[direction] }));
  const refusals = ends.flatMap(({ direction, end }) => (end.verdict === "denied" ? [{ direction, by: end.by }] : []));
  if (refusals.length > 0) return { verdict, outcome: "denied", refusals };
  const open = ends.flatMap(({ end }) => (end.verdict === "undecidable" ? [undecidableText(end.reason)] : []));
  const [reason] = open;
  return reason === undefined ? { verdict, outcome: "allowed" } : { verdict, outcome: "undecided", reason };
}

const withoutName = {
  outcome: "undecided",
  reason: "no name is known for the address, and names are allowed",
} as const;

/**
 * Tells whether a source may reach some name on a port. Then nothing is decided of an address there whose name the record
 * does not tell, and which is not allowed itself: it may be one of that name's.
 */
function nameFinder(network: Network): (question: Question) => boolean {
  const names = network.parties.flatMap(({ peer }) => (peer.kind === "fqdn" ? [peer] : []));
  const known = new ByEnds<Peer, boolean>();
  return ({ source, protocol, port }) => {
    const question = { source, destination: source, protocol, port };
    const found =
      known.get(question) ??
      names.some((destination) => {
        const { outcome } = verdict(network, { ...question, destination });
        return outcome === "allowed" || outcome === "allowed-once-resolved";
      });
    known.set(question, found);
    return found;
  };
}
