/** What would have to be written for a denied connection to be allowed at its ends, and nothing else. */
import { type PolicyReference, policyName } from "../../policy/parts.ts";
import type {
  CiliumPolicy,
  EgressRule,
  Entity,
  IngressRule,
  LabelSelector,
  Policy,
  Rule,
} from "../../policy/schema.ts";
import {
  clusterLabel,
  type Label,
  peerRequirements,
  podNamespaceLabel,
  type Requirement,
  serviceAccountLabel,
  subjectRequirements,
} from "../../policy/selector.ts";
import { formatPrefix, parseAddressOrPrefix } from "../compile/addresses.ts";
import { partyKey } from "../compile/directory.ts";
import { sampleName } from "../compile/fqdn.ts";
import type { Peer, PeerEntity, Question } from "../compile/inventory.ts";
import { compile, type Network } from "../compile/network.ts";
import type { Party } from "../compile/party.ts";
import { byLabels } from "../compile/peers.ts";
import { type Direction, ruleText } from "../compile/rules.ts";
import { selects, selectsByOwnLabels } from "../compile/selection.ts";
import { translate } from "../compile/translate.ts";
import { type EndVerdict, type Verdict, verdict } from "../decide/verdict.ts";
import { lookup, nameServers } from "./lookups.ts";

export type MissingRule =
  | {
      readonly kind: "add";
      readonly direction: Direction;
      /** The policy that can take the rules: one that selects nobody else. Undefined where a new one has to. */
      readonly policy: string | undefined;
      /** The endpoint's namespace, where a policy of its own belongs. */
      readonly namespace: string;
      /** What selects the endpoint, for a new policy. */
      readonly subject: LabelSelector;
      /** For a DNS name the rule for its look-up too, where the look-ups do not pass the DNS proxy yet. */
      readonly rules: readonly (IngressRule | EgressRule)[];
    }
  /** Allow rules cannot outweigh these. */
  | { readonly kind: "remove"; readonly direction: Direction; readonly rules: readonly string[] }
  /** No rule would allow this and nothing else. */
  | { readonly kind: "none"; readonly direction: Direction; readonly why: string };

/** What would have to change at each end of a connection; nothing at an end that no policy closes. */
export type Advice = Readonly<Record<Direction, MissingRule | undefined>>;

/**
 * What would have to change for a connection. Rules have been applied and the connection judged again: at their end it is
 * no longer denied.
 */
export function advise(policies: readonly Policy[], network: Network, question: Question, judged: Verdict): Advice {
  const arrival = arrivalOf(network, question);
  const missing = (direction: Direction) => missingRule(network, arrival, direction, judged[direction]);
  const advice = { egress: missing("egress"), ingress: missing("ingress") };
  const additions = [advice.egress, advice.ingress].filter((rule) => rule?.kind === "add");
  if (additions.length === 0) return advice;
  const after = verdict(compile(additions.reduce(withRules, policies), network.inventory), question);
  const tested = (direction: Direction): MissingRule | undefined =>
    advice[direction]?.kind !== "add" || after[direction].verdict === "allowed"
      ? advice[direction]
      : { kind: "none", direction, why: "no rule that a policy can hold lets this through" };
  return { egress: tested("egress"), ingress: tested("ingress") };
}

/** Policies with rules added to the one that is to take them, or as a new one. */
export function withRules(policies: readonly Policy[], missing: MissingRule & { kind: "add" }): Policy[] {
  if (missing.policy === undefined) return [...policies, policyWith(missing)];
  const { direction, rules } = missing;
  const extended = (spec: Rule): Rule =>
    direction === "egress"
      ? { ...spec, egress: [...(spec.egress ?? []), ...rules] }
      : { ...spec, ingress: [...(spec.ingress ?? []), ...rules] };
  return policies.map((policy) =>
    policy.kind === "CiliumNetworkPolicy" && policyName(policy) === missing.policy && policy.spec
      ? { ...policy, spec: extended(policy.spec) }
      : policy,
  );
}

/** A new policy with the rules. Its endpoint is in default deny for the direction already, so it closes nothing. */
export function policyWith({ direction, namespace, subject, rules }: MissingRule & { kind: "add" }): CiliumPolicy {
  const name = `${Object.values(subject.matchLabels ?? {})[0]?.toLowerCase() ?? "pods"}-${direction}`;
  return {
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: { name: name.replaceAll(/[^a-z0-9.-]/g, "-"), namespace },
    spec: { endpointSelector: subject, [direction]: [...rules] },
  };
}

/** Where a connection arrives: at a backend, if all backends of a Service are alike. */
function arrivalOf(network: Network, question: Question): Question | undefined {
  const translation = translate(network, question);
  if (translation.kind === "none") return question;
  if (translation.kind === "unknown") return undefined;
  const [first, ...rest] = translation.backends;
  const isAlike = rest.every(
    ({ destination, port }) =>
      port === first?.port &&
      network.directory.parties.get(partyKey(destination)) ===
        network.directory.parties.get(partyKey(first.destination)),
  );
  return first !== undefined && isAlike ? { ...question, destination: first.destination, port: first.port } : undefined;
}

/** @param arrival the question after Service translation; undefined where there are several */
function missingRule(
  network: Network,
  arrival: Question | undefined,
  direction: Direction,
  end: EndVerdict,
): MissingRule | undefined {
  if (end.verdict !== "denied" || end.by.kind === "protocol-off") return undefined;
  if (end.by.kind === "rules") return { kind: "remove", direction, rules: end.by.rules.map(ruleText) };
  const none = (why: string): MissingRule => ({ kind: "none", direction, why });
  if (arrival === undefined) return none("the Service's backends need rules of their own; ask about each of them");
  const { source, destination, port, protocol } = arrival;
  const [subject, peer] = direction === "egress" ? [source, destination] : [destination, source];
  const held = holderOf(network, subject);
  const party = held.kind === "endpoint" ? network.directory.parties.get(partyKey(held)) : undefined;
  if (held.kind !== "endpoint" || party === undefined) return undefined;
  if (port === 0 && ["TCP", "UDP", "SCTP", "ICMP", "ICMPv6"].includes(protocol)) {
    return none("0 stands for all ports in a policy");
  }
  const { namespace } = held;
  const own = exactSelector(network, party, (selector) =>
    isOnly(network, party, (other) => selectsByOwnLabels(subjectRequirements(selector, namespace), other.identity)),
  );
  if (own === undefined) return none(`no labels tell ${namespace}/${held.name} apart from others`);
  const peers = peersFor(network, peer, namespace, direction);
  if (peers === undefined) return none("no labels tell the other end apart from others");
  const rule = { ...peers, ...portsFor(port, protocol) };
  const lookups = peer.kind === "fqdn" ? lookupRules(network, party, peer.name, namespace) : [];
  // A name that a rule allows already lacks its look-up alone.
  const isAllowed = end.by.kind === "unresolvable" && lookups.length > 0;
  const rules = isAllowed ? lookups : [...lookups, rule];
  const deciding = end.by.kind === "unresolvable" ? end.by.rules : end.by.policies;
  const policy = narrowPolicy(network, party, direction, namespace, deciding);
  return { kind: "add", direction, policy, namespace, subject: own, rules };
}

/** Of the policies that put an endpoint into default deny, one of its namespace that selects nobody else. */
const narrowPolicy = (
  network: Network,
  party: Party,
  direction: Direction,
  namespace: string,
  policies: readonly PolicyReference[],
): string | undefined =>
  policies.find(({ kind, policy }) => {
    if (kind !== "CiliumNetworkPolicy" || !policy.startsWith(`${namespace}/`)) return false;
    const rules = network.rules.filter((rule) => rule.kind === kind && rule.policy === policy);
    return (
      rules.some((rule) => rule.direction === direction) &&
      rules.every(
        (rule) =>
          !rule.path.startsWith("specs[") &&
          isOnly(network, party, ({ identity }) => selectsByOwnLabels(rule.subject, identity)),
      )
    );
  })?.policy;

/** Whether a party is all that something selects, as far as is known. */
const isOnly = ({ parties }: Network, party: Party, selection: (other: Party) => ReturnType<typeof selects>): boolean =>
  parties.every((other) => (selection(other) !== "no") === (other === party)) && selection(party) === "yes";

/** The endpoint or node that has an address, if the peer is one. */
function holderOf({ directory }: Network, peer: Peer): Peer {
  const address = peer.kind === "address" ? parseAddressOrPrefix(peer.address) : undefined;
  return (address && directory.addresses.get(formatPrefix(address))) ?? peer;
}

/** What lets a name's look-up pass the DNS proxy, where it does not yet. */
function lookupRules(network: Network, party: Party, name: string, namespace: string): EgressRule[] {
  const servers = nameServers(network);
  if (lookup(network, party, sampleName(name), servers) === "proxied") return [];
  const dns = [name.includes("*") ? { matchPattern: name } : { matchName: name }];
  const [first] = servers;
  const selector = first && exactPeer(network, first.party, namespace);
  const usual = { matchLabels: { [`k8s:${podNamespaceLabel}`]: "kube-system", "k8s:k8s-app": "kube-dns" } };
  const ports =
    first === undefined ? [53] : servers.filter(({ party }) => party === first.party).map(({ port }) => port);
  const written = [...new Set(ports)].map((port) => ({ port: String(port), protocol: "ANY" as const }));
  return [{ toEndpoints: [selector ?? usual], toPorts: [{ ports: written, rules: { dns } }] }];
}

function portsFor(port: number, protocol: Question["protocol"]): Pick<IngressRule, "toPorts" | "icmps"> {
  switch (protocol) {
    case "ICMP":
    case "ICMPv6":
      return { icmps: [{ fields: [{ family: protocol === "ICMP" ? "IPv4" : "IPv6", type: port }] }] };
    case "TCP":
    case "UDP":
    case "SCTP":
      return { toPorts: [{ ports: [{ port: String(port), protocol }] }] };
    default:
      // These have no ports.
      return { toPorts: [{ ports: [{ port: "0", protocol }] }] };
  }
}

/** Undefined where nothing selects the peer and nobody else. */
function peersFor(
  network: Network,
  peer: Peer,
  namespace: string,
  direction: Direction,
): (IngressRule & EgressRule) | undefined {
  const entities = (...entities: Entity[]) =>
    direction === "egress" ? { toEntities: entities } : { fromEntities: entities };
  const cidr = (text: string) => {
    const prefix = parseAddressOrPrefix(text);
    const written = prefix === undefined ? text : `${prefix.address}/${prefix.bits}`;
    return direction === "egress" ? { toCIDR: [written] } : { fromCIDR: [written] };
  };
  switch (peer.kind) {
    case "endpoint": {
      if (network.directory.endpoints.get(`${peer.namespace}/${peer.name}`)?.hostNetwork) {
        return entities("host", "remote-node");
      }
      const party = network.directory.parties.get(partyKey(peer));
      const selector = party && exactPeer(network, party, namespace);
      if (selector === undefined) return undefined;
      return direction === "egress" ? { toEndpoints: [selector] } : { fromEndpoints: [selector] };
    }
    case "entity":
      return entities(...entitiesOf[peer.entity]);
    case "node":
      return entities("host", "remote-node");
    case "address": {
      const holder = holderOf(network, peer);
      return holder === peer ? cidr(peer.address) : peersFor(network, holder, namespace, direction);
    }
    case "cidr":
      return cidr(peer.cidr);
    case "service":
      return undefined;
    case "fqdn":
      return { toFQDNs: [peer.name.includes("*") ? { matchPattern: peer.name } : { matchName: peer.name }] };
  }
}

const entitiesOf: Readonly<Record<PeerEntity, readonly Entity[]>> = {
  host: ["host"],
  "control-plane-host": ["host"],
  "remote-node": ["remote-node"],
  "kube-apiserver": ["kube-apiserver"],
  ingress: ["ingress"],
  health: ["health"],
  init: ["init"],
  unmanaged: ["unmanaged"],
  world: ["world"],
};

/** A selector for an endpoint as a peer of a policy in a namespace. */
function exactPeer(network: Network, party: Party, seenFrom: string): LabelSelector | undefined {
  const namespace = party.endpoints[0]?.namespace ?? "";
  const placed = (selector: LabelSelector): LabelSelector =>
    namespace === seenFrom
      ? selector
      : { ...selector, matchLabels: { ...selector.matchLabels, [podNamespaceLabel]: namespace } };
  const { configuration, surroundings } = network;
  const context = {
    namespace: seenFrom,
    cluster: configuration.defaultLocalCluster ? surroundings.cluster : undefined,
    subject: undefined,
  };
  const found = exactSelector(network, party, (selector) => {
    const peer = byLabels(peerRequirements(placed(selector), context));
    return isOnly(network, party, ({ identity }) => selects(peer, identity));
  });
  return found && placed(found);
}

/** The selector of the candidates that selects nobody but a party; undefined if none does. */
function exactSelector(network: Network, party: Party, isExact: (selector: LabelSelector) => boolean) {
  return candidates(network, party).find(isExact);
}

/** Ways to select an endpoint: as a policy of its own does, by the labels that name it, by all of them, by those it lacks. */
function candidates({ enforced, parties, surroundings }: Network, party: Party): LabelSelector[] {
  const { namespace = "", cluster = surroundings.cluster } = party.endpoints[0] ?? {};
  const policy = enforced[party.position];
  const subjects = [...(policy?.ingress.rules ?? []), ...(policy?.egress.rules ?? [])]
    .filter((rule) => rule.policy.startsWith(`${namespace}/`))
    .map((rule) => rule.subject.filter(({ key }) => key !== podNamespaceLabel))
    .filter((requirements) => requirements.length > 0);
  const labels = ownLabels(party);
  const naming = labels.filter(({ key }) => namingLabels.includes(key));
  const elsewhere = new Set(parties.flatMap((other) => ownLabels(other).map(({ key }) => key)));
  const lacking = [...elsewhere].filter((key) => labels.every((label) => label.key !== key));
  const account = party.identity.labels.filter(({ key }) => key === serviceAccountLabel);
  const written = (labels: readonly Label[]) => ({
    matchLabels: Object.fromEntries([
      ...labels.map(({ key, value }) => [key, value] as const),
      ...(cluster === surroundings.cluster ? [] : [[clusterLabel, cluster] as const]),
    ]),
  });
  return [
    ...subjects.map(writtenSelector),
    ...(naming.length > 0 ? [written(naming)] : []),
    written(labels),
    {
      ...written([...labels, ...account]),
      matchExpressions: lacking.map((key) => ({ key, operator: "DoesNotExist" as const })),
    },
  ];
}

/** The labels that a pod itself carries, as far as policies see them. */
const ownLabels = ({ identity: { labels } }: Party): Label[] =>
  labels.filter(({ source, key }) => source === "k8s" && !/^io\.(cilium\.k8s|kubernetes\.pod)\./.test(key));

function writtenSelector(requirements: readonly Requirement[]): LabelSelector {
  const labels = requirements.flatMap((requirement) => {
    const [value, ...more] = requirement.operator === "In" ? requirement.values : [];
    return value === undefined || more.length > 0 ? [] : [{ requirement, value }];
  });
  const others = requirements.filter((requirement) => labels.every((label) => label.requirement !== requirement));
  return {
    ...(labels.length > 0 && {
      matchLabels: Object.fromEntries(labels.map(({ requirement, value }) => [writtenKey(requirement), value])),
    }),
    ...(others.length > 0 && {
      matchExpressions: others.map((requirement) => ({
        key: writtenKey(requirement),
        operator: requirement.operator,
        ...("values" in requirement && { values: [...requirement.values] }),
      })),
    }),
  };
}

const writtenKey = ({ source, key }: Requirement): string => (source === "any" ? key : `${source}:${key}`);

/** The labels by which people tell workloads apart. */
const namingLabels = [
  "app.kubernetes.io/name",
  "app.kubernetes.io/instance",
  "app.kubernetes.io/component",
  "app",
  "k8s-app",
];
