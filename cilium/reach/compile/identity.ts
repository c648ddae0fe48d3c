/** Who stands at an end of a flow, as Cilium sees it: labels, and outside the cluster an address and names. */
import type { Prefix } from "../../policy/cidr.ts";
import { type Label, matches, podIdentity, type Requirement, reservedIdentity } from "../../policy/selector.ts";
import type { Endpoint, PeerEntity } from "./inventory.ts";

export type Identity = {
  readonly labels: readonly Label[];
  /** The labels of the class that Cilium counts it to; a peer that selects the class may select it too. */
  readonly aggregate: readonly Label[] | undefined;
  /** Set for what is outside the cluster: only that matches CIDRs and DNS names. */
  readonly outside?: {
    /** Undefined for a name that is not resolved yet: then what depends on its address is not decidable. */
    readonly address: Prefix | undefined;
    readonly names: readonly string[];
    /** Whether its labels are known: they depend on the IP families that Cilium has enabled. */
    readonly labelsKnown: boolean;
  };
};

/** Whether an identity is the endpoint's own node, which may always reach it. */
export const isHost = (identity: Identity): boolean => hasReserved(identity, "host");

/** Whether an identity belongs to an endpoint that has no labels yet; Cilium isolates it whatever the policies say. */
export const isInitializing = (identity: Identity): boolean => hasReserved(identity, "init");

/** The identity of a pod; RemoveCiliumLabels in `pkg/k8s/utils/utils.go` drops what a pod may not claim. */
export const endpointIdentity = (endpoint: Endpoint, cluster: string): Identity => ({
  labels: podIdentity({ ...endpoint, cluster: endpoint.cluster ?? cluster }),
  aggregate: (endpoint.cluster ?? cluster) === cluster ? aggregates.cluster : aggregates.clusterMesh,
});

export const entityIdentity = (entity: Exclude<PeerEntity, "world">): Identity => ({
  labels: reservedIdentity(...reservedLabels[entity]),
  aggregate: undefined,
});

/** @param ipv6 whether Cilium has IPv6 enabled, if that is known (`getWorldLabel` in `pkg/labels/cidr.go`) */
export function outsideIdentity(
  address: Prefix | undefined,
  names: readonly string[],
  ipv6: boolean | undefined,
): Identity {
  const world = address?.address.kind() === "ipv6" ? "world-ipv6" : ipv6 === false ? "world" : "world-ipv4";
  return {
    labels: reservedIdentity(world),
    aggregate: aggregates.world,
    outside: { address, names, labelsKnown: ipv6 !== undefined },
  };
}

/** `pkg/policy/aggregate.go` */
const aggregates = {
  cluster: reservedIdentity("aggregate-cluster"),
  clusterMesh: reservedIdentity("aggregate-cluster-mesh"),
  world: reservedIdentity("aggregate-world"),
};

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

const hasReserved = ({ labels }: Identity, key: string): boolean =>
  labels.some((label) => label.source === "reserved" && label.key === key);
