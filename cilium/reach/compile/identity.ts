/** Who stands at an end of a flow, as Cilium sees it: labels, and outside the cluster an address and names. */
import type { Prefix } from "../../policy/cidr.ts";
import {
  clusterLabel,
  type Label,
  matches,
  podIdentity,
  type Requirement,
  reservedIdentity,
} from "../../policy/selector.ts";
import { parseAddressOrPrefix } from "./addresses.ts";
import type { Configuration } from "./configuration.ts";
import type { ClusterNode, Endpoint, Inventory, PeerEntity } from "./inventory.ts";
import { isOnNamespace } from "./selection.ts";
import type { Unknown } from "./unknown.ts";

export type Identity = {
  readonly labels: readonly Label[];
  /** Set where the inventory does not say all labels: which requirements are on such, and why. */
  readonly unknownLabels: UnknownLabels | undefined;
  readonly aggregate: Aggregate | undefined;
  /** Set for what is outside the cluster, where DNS names are matched, and CIDRs in any case. */
  readonly outside?: {
    /** Undefined for one that is not known: then what depends on it is not decidable. */
    readonly address: Prefix | undefined;
    readonly unknownAddress: Unknown;
    readonly names: readonly string[];
  };
  /** Set for pods and nodes where the agent's configuration lets CIDRs match them. */
  readonly inside?: {
    readonly addresses: readonly Prefix[] | undefined;
    readonly unknownAddress: Unknown;
    /** Whether the CIDR of all addresses of a family matches. */
    readonly likeWorld: Readonly<Record<"ipv4" | "ipv6", boolean>>;
  };
};

/** The class that Cilium counts an identity to (`pkg/policy/aggregate.go`). */
export type Aggregate = {
  readonly labels: readonly Label[];
  /** Whether Cilium certainly gives it an identity of its own, which is what is counted to classes. */
  readonly isSure: boolean;
  /** Whether selectors of CIDR groups are held against the class. */
  readonly matchesCidrs: boolean;
};

export type UnknownLabels = {
  /** The same function for identities that lack the same. */
  readonly isUnknown: (requirement: Requirement) => boolean;
  readonly unknown: Unknown;
};

/** What identities depend on besides those who have them. */
export type IdentityWorld = {
  readonly cluster: string;
  readonly configuration: Configuration;
  readonly inventory: Pick<Inventory, "nodes">;
};

/** Whether an identity is the endpoint's own node. */
export const isHost = (identity: Identity): boolean => hasReserved(identity, "host");

/** Whether an identity belongs to an endpoint that has no labels yet; Cilium isolates it whatever the policies say. */
export const isInitializing = (identity: Identity): boolean => hasReserved(identity, "init");

/** The identity of a pod; RemoveCiliumLabels in `pkg/k8s/utils/utils.go` drops what a pod may not claim. */
export function endpointIdentity(endpoint: Endpoint, { cluster, configuration }: IdentityWorld): Identity {
  const { namespace, name, namespaceLabels, serviceAccount = "default", addresses } = endpoint;
  const isLocal = (endpoint.cluster ?? cluster) === cluster;
  const pod = { ...endpoint, serviceAccount, cluster: endpoint.cluster ?? cluster };
  return {
    labels: podIdentity(pod, endpoint.isIdentity ? () => true : configuration.keepsLabel),
    unknownLabels:
      namespaceLabels === undefined
        ? { isUnknown: isOnNamespace, unknown: { kind: "namespace-labels", namespace } }
        : undefined,
    aggregate: aggregateOf(isLocal ? "cluster" : "cluster-mesh", true, configuration),
    ...(configuration.cidrsMatch.pods && {
      inside: {
        addresses: isLocal ? addresses && prefixesOf(addresses) : [],
        unknownAddress: { kind: "pod-address", pod: `${namespace}/${name}` },
        likeWorld: worldFamilies(configuration),
      },
    }),
  };
}

/** @param entity of nodes, one that no policy names by labels or addresses; where no node is known, any of them */
export function entityIdentity(
  entity: Exclude<PeerEntity, "world">,
  { cluster, configuration: { cidrsMatch, nodeSelectorLabels, ...configuration }, inventory }: IdentityWorld,
): Identity {
  const isNode = nodeEntities.has(entity);
  const isUnknown = isNode && inventory.nodes.length === 0;
  return {
    labels: [
      ...reservedIdentity(...reservedLabels[entity]),
      ...(isUnknown && nodeSelectorLabels ? [{ source: "k8s", key: clusterLabel, value: cluster }] : []),
    ],
    unknownLabels: isUnknown && nodeSelectorLabels ? { isUnknown: isGiven.node, unknown: noNodes } : undefined,
    aggregate: undefined,
    ...((isNode ? cidrsMatch.nodes : cidrsMatch.pods) && {
      inside: {
        addresses: isUnknown ? undefined : [],
        unknownAddress: noNodes,
        likeWorld: worldFamilies({ cidrsMatch, ...configuration }),
      },
    }),
  };
}

/**
 * The identity of a node's address as others see it (`nodeIdentityLabels` in `pkg/node/manager/manager.go`).
 * @param local whether it is the node of who sees it; it has all of the node's addresses then
 */
export function nodeIdentity(
  node: ClusterNode,
  addresses: readonly string[],
  local: boolean,
  runsApiServer: boolean,
  { cluster, configuration }: IdentityWorld,
): Identity {
  const { nodeSelectorLabels, cidrsMatch, keepsNodeLabel } = configuration;
  const own = Object.entries(node.labels ?? {})
    .map(([key, value]) => ({ source: "node", key, value }))
    .filter(keepsNodeLabel);
  const labels = [
    ...reservedIdentity(local ? "host" : "remote-node", ...(runsApiServer ? ["kube-apiserver"] : [])),
    ...(nodeSelectorLabels ? [...own, { source: "k8s", key: clusterLabel, value: cluster }] : []),
  ];
  const special = nodeSelectorLabels || cidrsMatch.nodes;
  return {
    labels,
    unknownLabels: nodeSelectorLabels && node.labels === undefined ? unknownNodeLabels(node.name, "node") : undefined,
    aggregate: special && !local ? aggregateOf("remote-node", true, configuration) : undefined,
    ...(cidrsMatch.nodes && {
      inside: {
        addresses: prefixesOf(addresses),
        unknownAddress: noNodes,
        likeWorld: worldFamilies(configuration),
      },
    }),
  };
}

/** A node as policies with `nodeSelector` select it (`InitWithNodeLabels` in `pkg/endpoint`). */
export function nodeSubject(
  node: ClusterNode | undefined,
  { configuration, inventory }: IdentityWorld,
): Pick<Identity, "labels" | "unknownLabels"> {
  const own = Object.entries(node?.labels ?? {})
    .map(([key, value]) => ({ source: "k8s", key, value }))
    .filter(configuration.keepsLabel);
  return {
    labels: [...reservedIdentity("host"), ...own],
    unknownLabels:
      node === undefined
        ? inventory.nodes.length === 0
          ? { isUnknown: isGiven.k8s, unknown: noNodes }
          : undefined
        : node.labels === undefined
          ? unknownNodeLabels(node.name, "k8s")
          : undefined,
  };
}

const unknownNodeLabels = (node: string, given: "node" | "k8s"): UnknownLabels => ({
  isUnknown: isGiven[given],
  unknown: { kind: "node-labels", node },
});

const isGivenBy =
  (given: string) =>
  ({ source, key }: Requirement): boolean =>
    (source === given || source === "any") && key !== clusterLabel;

const isGiven = { node: isGivenBy("node"), k8s: isGivenBy("k8s") };

/** What is outside the cluster (`getWorldLabel` in `pkg/labels/cidr.go`). */
export function outsideIdentity(
  address: Prefix | undefined,
  names: readonly string[],
  { configuration }: IdentityWorld,
): Identity {
  const { ipv4, ipv6 } = configuration;
  const isIPv6 = address?.address.kind() === "ipv6";
  const world = isIPv6 ? (ipv4 ? "world-ipv6" : "world") : ipv6 ? "world-ipv4" : "world";
  return {
    labels: reservedIdentity(world),
    unknownLabels: undefined,
    aggregate: aggregateOf("world", false, configuration),
    outside: {
      address,
      unknownAddress: { kind: "name-address", name: names[0] ?? "the destination" },
      // Without its proxy the agent learns no names.
      names: configuration.l7Proxy ? names : [],
    },
  };
}

/** An API server that runs on no node: it is part of the world too, and CIDRs match it. */
export function managedApiServerIdentity(
  address: Prefix | undefined,
  names: readonly string[],
  world: IdentityWorld,
): Identity {
  const { labels, outside, ...identity } = outsideIdentity(address, names, world);
  return {
    ...identity,
    labels: [...labels, ...reservedIdentity("kube-apiserver")],
    outside: { address, names: outside?.names ?? [], unknownAddress: { kind: "api-server-address" } },
  };
}

const aggregates = {
  cluster: reservedIdentity("aggregate-cluster"),
  "cluster-mesh": reservedIdentity("aggregate-cluster-mesh"),
  world: reservedIdentity("aggregate-world"),
  "remote-node": reservedIdentity("aggregate-remote-node"),
};

const aggregateOf = (name: keyof typeof aggregates, isSure: boolean, { cidrsMatch }: Configuration): Aggregate => ({
  labels: aggregates[name],
  isSure,
  matchesCidrs: cidrsMatch.pods,
});

/** Whether requirements select a whole class of identities. Only ones that all say what must not be can do so. */
export const selectsAggregate = (requirements: readonly Requirement[]): boolean =>
  Object.values(aggregates).some((labels) => matches(requirements, labels));

/** `pkg/identity/numericidentity.go`: a control-plane node carries the label of the API server too. */
const reservedLabels = {
  host: ["host"],
  "control-plane-host": ["host", "kube-apiserver"],
  "remote-node": ["remote-node"],
  "kube-apiserver": ["remote-node", "kube-apiserver"],
  ingress: ["ingress"],
  health: ["health"],
  init: ["init"],
  unmanaged: ["unmanaged"],
} as const satisfies Record<Exclude<PeerEntity, "world">, readonly string[]>;

/** The entities that are nodes. */
export const nodeEntities: ReadonlySet<PeerEntity> = new Set([
  "host",
  "control-plane-host",
  "remote-node",
  "kube-apiserver",
]);

const noNodes: Unknown = { kind: "nodes" };

const worldFamilies = ({ cidrsMatch, ipv4, ipv6 }: Pick<Configuration, "cidrsMatch" | "ipv4" | "ipv6">) => ({
  ipv4: cidrsMatch.pods && ipv4,
  ipv6: cidrsMatch.pods && ipv6,
});

const prefixesOf = (addresses: readonly string[]): Prefix[] =>
  addresses.map(parseAddressOrPrefix).filter((prefix) => prefix !== undefined);

const hasReserved = ({ labels }: Identity, key: string): boolean =>
  labels.some((label) => label.source === "reserved" && label.key === key);
