/**
 * Kubernetes' own kinds as rules: NetworkPolicies (`pkg/k8s/network_policy.go`) and ClusterNetworkPolicies
 * (`pkg/k8s/cluster_network_policy.go`).
 */

import type { Direction } from "../../policy/parts.ts";
import { namespaceOf, referenceTo } from "../../policy/parts.ts";
import { at } from "../../policy/place.ts";
import type { ClusterEgressPeer, ClusterProtocol } from "../../policy/schema/cluster-network-policy.ts";
import type { NetworkPolicyPeer, NetworkPolicyPort } from "../../policy/schema/network-policy.ts";
import type { ClusterNetworkPolicy, LabelSelector, NetworkPolicy } from "../../policy/schema.ts";
import {
  clusterLabel,
  exists,
  namespaceLabelsPrefix,
  podNamespaceLabel,
  type Requirement,
  sourcedRequirements,
} from "../../policy/selector.ts";
import { byLabels, cidrSelector, everything, fqdnSelector, type PeerSelector } from "./peers.ts";
import { portMatches } from "./ports.ts";
import {
  type CompiledRule,
  defaultCluster,
  type Effect,
  type PlacedPeer,
  type RuleWorld,
  withReferences,
} from "./rules.ts";

/** All rules of a NetworkPolicy allow and isolate; a direction that it names without a rule is only isolated. */
export function networkPolicyRules(policy: NetworkPolicy, world: RuleWorld): CompiledRule[] {
  const namespace = namespaceOf(policy) ?? "default";
  const { spec } = policy;
  const subject = podRequirements(spec.podSelector ?? {}, namespace);
  const rule = (
    direction: Direction,
    peers: readonly PlacedPeer[],
    ports: readonly NetworkPolicyPort[],
    path: string,
  ): CompiledRule =>
    withReferences({
      ...referenceTo(policy),
      tier: "Normal",
      priority: 0,
      effect: "allow",
      subject,
      selectsNodes: false,
      direction,
      defaultDeny: true,
      path,
      peers,
      ports: kubernetesPorts(ports),
      authentication: undefined,
    });
  const rules = (direction: Direction, field: "from" | "to", items: readonly Item[] | null | undefined) =>
    (items ?? []).map((item, i) => {
      const path = at("", direction, i);
      const written = item[field] ?? [];
      const peers = written.map((peer, j) => ({
        selector: peerSelector(peer, namespace, defaultCluster(world)),
        path: at(path, field, j),
      }));
      return rule(direction, written.length === 0 ? [{ selector: everything, path }] : peers, item.ports ?? [], path);
    });
  const ingress = rules("ingress", "from", spec.ingress);
  const egress = rules("egress", "to", spec.egress);
  const types = spec.policyTypes ?? [];
  return [
    ...ingress,
    ...(ingress.length === 0 && (types.includes("Ingress") || !types.includes("Egress"))
      ? [rule("ingress", [], [], "ingress")]
      : []),
    ...egress,
    ...(egress.length === 0 && types.includes("Egress") ? [rule("egress", [], [], "egress")] : []),
  ];
}

type Item = {
  readonly from?: readonly NetworkPolicyPeer[] | null | undefined;
  readonly to?: readonly NetworkPolicyPeer[] | null | undefined;
  readonly ports?: readonly NetworkPolicyPort[] | null | undefined;
};

function peerSelector(peer: NetworkPolicyPeer, namespace: string, cluster: string | undefined): PeerSelector {
  const { ipBlock } = peer;
  if (ipBlock) return cidrSelector({ cidr: ipBlock.cidr, except: ipBlock.except ?? [] });
  const pods = inCluster(peer.podSelector ?? {}, cluster);
  return byLabels(
    peer.namespaceSelector
      ? [...namespaceRequirements(peer.namespaceSelector), ...sourcedRequirements(pods, "k8s")]
      : podRequirements(pods, namespace),
  );
}

const podRequirements = (selector: LabelSelector, namespace: string): Requirement[] =>
  sourcedRequirements({ ...selector, matchLabels: { ...selector.matchLabels, [podNamespaceLabel]: namespace } }, "k8s");

/** A selector of namespaces as one of their pods, which carry the labels of their namespace. */
function namespaceRequirements(selector: LabelSelector): Requirement[] {
  const { matchLabels, matchExpressions } = selector;
  const requirements = sourcedRequirements(
    {
      matchLabels: Object.fromEntries(
        Object.entries(matchLabels ?? {}).map(([key, value]) => [namespaceLabelsPrefix + key, value]),
      ),
      matchExpressions: (matchExpressions ?? []).map((expression) => ({
        ...expression,
        key: namespaceLabelsPrefix + expression.key,
      })),
    },
    "k8s",
  );
  return requirements.length === 0 ? [exists("k8s", podNamespaceLabel)] : requirements;
}

/** Peers are of the local cluster unless they name one. */
function inCluster(selector: LabelSelector, cluster: string | undefined): LabelSelector {
  const named =
    selector.matchLabels?.[clusterLabel] || (selector.matchExpressions ?? []).some(({ key }) => key === clusterLabel);
  return cluster === undefined || named
    ? selector
    : { ...selector, matchLabels: { ...selector.matchLabels, [clusterLabel]: cluster } };
}

const kubernetesPorts = (ports: readonly NetworkPolicyPort[]) =>
  portMatches(
    ports.map(({ port, endPort, protocol }) => ({
      ports: [{ port: String(port ?? 0), endPort: endPort ?? 0, protocol: protocol ?? "TCP" }],
    })),
    undefined,
    "ports",
  );

/** Each rule of a ClusterNetworkPolicy has a priority of its own; none of them isolates. */
export function clusterNetworkPolicyRules(policy: ClusterNetworkPolicy, world: RuleWorld): CompiledRule[] {
  const { spec } = policy;
  const { pods, namespaces } = spec.subject;
  const subject = pods ? namespacedPods(pods, undefined) : namespaceRequirements(namespaces ?? {});
  const rule = (
    direction: Direction,
    index: number,
    effect: Effect,
    peers: readonly PlacedPeer[],
    ports: CompiledRule["ports"],
  ): CompiledRule =>
    withReferences({
      ...referenceTo(policy),
      tier: spec.tier,
      priority: spec.priority + index / 100,
      effect,
      subject,
      selectsNodes: false,
      direction,
      defaultDeny: false,
      path: at("", direction, index),
      peers,
      ports,
      authentication: undefined,
    });
  return [
    ...(spec.ingress ?? []).map(({ action, from, protocols }, i) =>
      rule(
        "ingress",
        i,
        effects[action],
        clusterPeers(from, at(at("", "ingress", i), "from"), world),
        clusterPorts(protocols),
      ),
    ),
    ...(spec.egress ?? []).flatMap(({ action, to, protocols }, i) => {
      const path = at(at("", "egress", i), "to");
      return [
        ...to.flatMap(({ domainNames }, j) =>
          domainNames
            ? [
                rule(
                  "egress",
                  i,
                  "allow",
                  [{ selector: clusterDns, path: `${path}[${j}].domainNames` }],
                  lookups(domainNames),
                ),
              ]
            : [],
        ),
        rule("egress", i, effects[action], clusterPeers(to, path, world), clusterPorts(protocols)),
      ];
    }),
  ];
}

const effects = { Accept: "allow", Deny: "deny", Pass: "pass" } as const satisfies Record<string, Effect>;

const clusterPeers = (peers: readonly ClusterEgressPeer[], path: string, world: RuleWorld): PlacedPeer[] =>
  peers.flatMap((peer, j) => clusterPeer(peer, world).map((selector) => ({ selector, path: `${path}[${j}]` })));

function clusterPeer(peer: ClusterEgressPeer, world: RuleWorld): PeerSelector[] {
  const cluster = defaultCluster(world);
  if (peer.pods) return [byLabels(namespacedPods(peer.pods, cluster))];
  if (peer.namespaces) return [byLabels(namespaceRequirements(peer.namespaces))];
  if (peer.nodes) {
    const nodes = sourcedRequirements(peer.nodes, "node");
    const local = clusterRequirement(peer.nodes, cluster);
    return ["host", "remote-node"].map((node) => byLabels([...nodes, exists("reserved", node), ...local]));
  }
  if (peer.networks) return peer.networks.map((cidr) => cidrSelector({ cidr }));
  return (peer.domainNames ?? []).map((name) => fqdnSelector(domainSelector(name)));
}

function namespacedPods(
  pods: { readonly namespaceSelector?: LabelSelector | null | undefined; readonly podSelector: LabelSelector },
  cluster: string | undefined,
): Requirement[] {
  return [
    ...namespaceRequirements(pods.namespaceSelector ?? {}),
    ...sourcedRequirements(pods.podSelector, "k8s"),
    ...clusterRequirement(pods.podSelector, cluster),
  ];
}

const clusterRequirement = (selector: LabelSelector, cluster: string | undefined): Requirement[] =>
  sourcedRequirements(inCluster({}, selectsCluster(selector) ? undefined : cluster), "k8s");

const selectsCluster = ({ matchLabels, matchExpressions }: LabelSelector): boolean =>
  !!matchLabels?.[clusterLabel] || (matchExpressions ?? []).some(({ key }) => key === clusterLabel);

/** A leading wildcard stands for any number of labels here, and for one where Cilium's own kinds have it. */
export const domainSelector = (name: string) =>
  name.startsWith("*") ? { matchPattern: `*${name}` } : { matchName: name };

/** The DNS server whose answers tell the agent the addresses of names. */
const clusterDns: PeerSelector = byLabels([{ source: "any", key: "k8s-app", operator: "In", values: ["kube-dns"] }]);

const lookups = (names: readonly string[]) =>
  portMatches(
    [
      {
        ports: [{ port: "dns" }, { port: "dns-tcp" }],
        rules: { dns: names.map(domainSelector) },
      },
    ],
    undefined,
  ).map((match) => ({ ...match, path: "" }));

const clusterPorts = (protocols: readonly ClusterProtocol[] | null | undefined) =>
  portMatches(
    (protocols ?? []).map(({ tcp, udp, sctp, destinationNamedPort }) => {
      if (destinationNamedPort) return { ports: [{ port: destinationNamedPort, protocol: "ANY" as const }] };
      const protocol = tcp ? "TCP" : udp ? "UDP" : "SCTP";
      const { number, range } = (tcp ?? udp ?? sctp)?.destinationPort ?? {};
      return { ports: [{ port: String(range?.start ?? number ?? 0), endPort: range?.end ?? 0, protocol }] };
    }),
    undefined,
    "protocols",
  );
