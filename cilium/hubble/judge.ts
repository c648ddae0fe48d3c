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
import { questionText } from "../reach/report/explain.ts";
import { apiServerAddresses, classifyAddresses } from "./addresses.ts";
import type { End, RecordedPod } from "./end.ts";
import type { Lookup } from "./lookups.ts";
import type { Distinctions } from "./reading.ts";
import type { Connection, FlowRecord } from "./record.ts";

/** `verdict` is that of the address where the outcome is open for lack of a name. */
export type Judgement = { readonly connection: Connection; readonly verdict: Verdict } & (
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
  const pods = [...new Set([...record.connections, ...record.lookups].flatMap(podsOf))];
  const places = new Map(pods.map((pod, index) => [pod, String(index)]));
  const inventory: Inventory = {
    ...surroundings,
    endpoints: pods.map((pod, index) => endpointOf(pod, String(index), surroundings)),
    isPartial: true,
    nodes: [],
    names: [],
    apiServer: apiServerAddresses(record.connections),
  };
  const { prefixes } = compile(policies, { ...inventory, endpoints: [] });
  const addresses = classifyAddresses(record, { prefixes, selectors: fqdnSelectors(policies) });
  const network = compile(policies, { ...inventory, names: addresses.names });
  const peerOf = (end: End): Peer => {
    switch (end.kind) {
      case "pod":
        return { kind: "endpoint", namespace: end.namespace, name: places.get(end) ?? "" };
      case "entity":
        return { kind: "entity", entity: end.entity };
      case "outside":
        return { kind: "address", address: addresses.standFor(end.address) };
    }
  };
  const decide = decider(network);
  const questionOf = (source: End, destination: End, protocol: FlowProtocol, port: number): Question => ({
    source: peerOf(source),
    destination: peerOf(destination),
    protocol,
    port,
  });
  const nameless = namelessJudge(network);
  const judgements = record.connections.map((connection): Judgement => {
    const { source, destination, protocol, port } = connection;
    const question = questionOf(source, destination, protocol, port);
    const judgement = read(connection, decide(question));
    const named = destination.kind !== "outside" || record.names.has(destination.address);
    return named || judgement.outcome !== "denied" ? judgement : (nameless(judgement, question) ?? judgement);
  });
  const parties = new Map<string, Party>();
  const partyOf = (end: End): Party => {
    const key = end.kind === "outside" ? addresses.standFor(end.address) : end.key;
    const party = parties.get(key) ?? partyAt(network, peerOf(end));
    parties.set(key, party);
    return party;
  };
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
  const known = new Map<string, Verdict>();
  return (question) => {
    const key = questionText(question);
    const found = known.get(key) ?? verdict(network, question);
    known.set(key, found);
    return found;
  };
}

function podsOf(from: Connection | Lookup): RecordedPod[] {
  const ends =
    "pod" in from
      ? [from.pod, ...Array.from(from.servers.values(), ({ end }) => end)]
      : [from.source, from.destination];
  return ends.filter((end) => end.kind === "pod");
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

function read(connection: Connection, verdict: Verdict): Judgement {
  const ends = (["egress", "ingress"] as const).map((direction) => ({ direction, end: verdict[direction] }));
  const refusals = ends.flatMap(({ direction, end }) => (end.verdict === "denied" ? [{ direction, by: end.by }] : []));
  if (refusals.length > 0) return { connection, verdict, outcome: "denied", refusals };
  const open = ends.flatMap(({ end }) => (end.verdict === "undecidable" ? [undecidableText(end.reason)] : []));
  const [reason] = open;
  return reason === undefined
    ? { connection, verdict, outcome: "allowed" }
    : { connection, verdict, outcome: "undecided", reason };
}

/**
 * Judges a connection to an address whose name the record does not tell, when the address itself is not allowed: if the
 * source may reach a name on that port, the address may be one of that name's, and nothing is decided.
 */
function namelessJudge(network: Network): (judgement: Judgement, question: Question) => Judgement | undefined {
  const names = network.parties.flatMap(({ peer }) => (peer.kind === "fqdn" ? [peer] : []));
  const known = new Map<string, boolean>();
  const mayReachName = ({ source, protocol, port }: Question, key: string): boolean => {
    const found =
      known.get(key) ??
      names.some(({ name }) => {
        const { outcome } = verdict(network, { source, destination: { kind: "fqdn", name }, protocol, port });
        return outcome === "allowed" || outcome === "allowed-once-resolved";
      });
    known.set(key, found);
    return found;
  };
  return ({ connection, verdict }, question) => {
    const { source, protocol, port } = connection;
    return mayReachName(question, `${source.key} ${protocol} ${port}`)
      ? { connection, verdict, outcome: "undecided", reason: "no name is known for the address, and names are allowed" }
      : undefined;
  };
}
