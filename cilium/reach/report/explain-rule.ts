/** The rule that would have to be written for a denied connection to be allowed at one of its ends. */
import type { EgressRule, Entity, IngressRule, LabelSelector } from "../../policy/schema.ts";
import { isKept, podNamespaceLabel, type Requirement } from "../../policy/selector.ts";
import { formatPrefix, parseAddressOrPrefix } from "../compile/addresses.ts";
import { partyKey } from "../compile/directory.ts";
import type { Peer, PeerEntity, Question } from "../compile/inventory.ts";
import type { Network } from "../compile/network.ts";
import { type Direction, ruleText } from "../compile/rules.ts";
import type { EndVerdict } from "../decide/verdict.ts";

export type MissingRule =
  | {
      readonly kind: "add";
      readonly direction: Direction;
      /** The policy that can take the rule; undefined where only clusterwide policies select the endpoint. */
      readonly policy: string | undefined;
      /** The endpoint's namespace, where a policy of its own belongs. */
      readonly namespace: string;
      readonly rule: IngressRule | EgressRule;
    }
  /** Allow rules cannot outweigh these. */
  | { readonly kind: "remove"; readonly direction: Direction; readonly rules: readonly string[] };

/** What would have to change at one end of a denied connection; undefined if it is not denied there by a policy. */
export function missingRule(
  network: Network,
  { source, destination, port, protocol }: Question,
  direction: Direction,
  end: EndVerdict,
): MissingRule | undefined {
  if (end.verdict !== "denied") return undefined;
  if (end.by.kind === "protocol-off") return undefined;
  if (end.by.kind === "rules") return { kind: "remove", direction, rules: end.by.rules.map(ruleText) };
  const [subject, peer] = direction === "egress" ? [source, destination] : [destination, source];
  if (subject.kind !== "endpoint") return undefined;
  const { namespace } = subject;
  const deciding = end.by.kind === "unresolvable" ? end.by.rules : end.by.policies;
  const policy = deciding.find(
    ({ kind, policy }) => kind === "CiliumNetworkPolicy" && policy.startsWith(`${namespace}/`),
  )?.policy;
  return {
    kind: "add",
    direction,
    policy,
    namespace,
    rule:
      end.by.kind === "unresolvable"
        ? lookupRule(end.by.name)
        : ruleFor(network, peer, namespace, direction, port, protocol),
  };
}

/** Sends the look-ups of a name through the DNS proxy, to the pods that Kubernetes' Service `kube-dns` selects. */
const lookupRule = (name: string): EgressRule => ({
  toEndpoints: [{ matchLabels: { [podNamespaceLabel]: "kube-system", "k8s-app": "kube-dns" } }],
  toPorts: [{ ports: [{ port: "53", protocol: "ANY" }], rules: { dns: [{ matchName: name }] } }],
});

function ruleFor(
  network: Network,
  peer: Peer,
  namespace: string,
  direction: Direction,
  port: number,
  protocol: Question["protocol"],
): IngressRule | EgressRule {
  const peers = peersFor(network, peer, namespace, direction);
  switch (protocol) {
    case "ICMP":
    case "ICMPv6":
      return { ...peers, icmps: [{ fields: [{ family: protocol === "ICMP" ? "IPv4" : "IPv6", type: port }] }] };
    case "TCP":
    case "UDP":
    case "SCTP":
      return { ...peers, toPorts: [{ ports: [{ port: String(port), protocol }] }] };
    default:
      // These have no ports.
      return { ...peers, toPorts: [{ ports: [{ port: "0", protocol }] }] };
  }
}

function peersFor(network: Network, peer: Peer, namespace: string, direction: Direction): IngressRule & EgressRule {
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
      const selector = selectorOf(network, peer, namespace);
      return direction === "egress" ? { toEndpoints: [selector] } : { fromEndpoints: [selector] };
    }
    case "entity":
      return entities(...entitiesOf[peer.entity]);
    case "node":
      return entities("host", "remote-node");
    case "address": {
      const address = parseAddressOrPrefix(peer.address);
      const holder = address && network.directory.addresses.get(formatPrefix(address));
      return holder === undefined ? cidr(peer.address) : peersFor(network, holder, namespace, direction);
    }
    case "cidr":
      return cidr(peer.cidr);
    case "service": {
      const { namespace, name } = peer;
      return { toServices: [{ k8sService: { namespace, serviceName: name } }] };
    }
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

/** A selector for an endpoint as a peer: as the policies of its own namespace select it, or by the labels that name it. */
function selectorOf(network: Network, peer: Peer & { kind: "endpoint" }, seenFrom: string): LabelSelector {
  const selector = subjectSelector(network, peer) ?? labelSelector(network, peer);
  return peer.namespace === seenFrom
    ? selector
    : { ...selector, matchLabels: { ...selector.matchLabels, [podNamespaceLabel]: peer.namespace } };
}

function subjectSelector(
  { directory, enforced }: Network,
  peer: Peer & { kind: "endpoint" },
): LabelSelector | undefined {
  const party = directory.parties.get(partyKey(peer));
  const policy = party && enforced[party.position];
  const own = [...(policy?.ingress.rules ?? []), ...(policy?.egress.rules ?? [])]
    .filter((rule) => rule.policy.startsWith(`${peer.namespace}/`))
    .map((rule) => rule.subject.filter(({ key }) => key !== podNamespaceLabel))
    .find((requirements) => requirements.length > 0);
  return own && writtenSelector(own);
}

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

/** The labels by which people tell workloads apart; all of an endpoint's labels where it has none of them. */
const namingLabels = [
  "app.kubernetes.io/name",
  "app.kubernetes.io/instance",
  "app.kubernetes.io/component",
  "app",
  "k8s-app",
];

function labelSelector({ directory }: Network, peer: Peer & { kind: "endpoint" }): LabelSelector {
  const labels = Object.entries(directory.endpoints.get(`${peer.namespace}/${peer.name}`)?.labels ?? {});
  const kept = labels.filter(([key]) => isKept(key));
  const naming = kept.filter(([key]) => namingLabels.includes(key));
  return { matchLabels: Object.fromEntries(naming.length > 0 ? naming : kept) };
}
