/**
 * What policies are judged against: the endpoints, nodes and names of one cluster, as plain data. A program's workloads
 * and a live cluster's Pod, Namespace and Node objects both fit.
 */

export type Inventory = {
  /** The cluster's name (`cluster-name` in Cilium's configuration). */
  readonly cluster: string;
  readonly endpoints: readonly Endpoint[];
  /**
   * Whether it is what somebody keeps of a cluster, as manifests are, rather than what the cluster listed: of a namespace of
   * which it has nothing, nothing is known.
   */
  readonly isExcerpt?: boolean;
  /** Whether there may be endpoints that are not listed: then it is not known that nobody has some labels. */
  readonly isPartial?: boolean;
  readonly nodes: readonly ClusterNode[];
  /** DNS names with the addresses that they are known to resolve to; a name without addresses need not be listed. */
  readonly names: readonly ResolvedName[];
  /** What people call machines outside the cluster, by their addresses in canonical form. */
  readonly hosts?: Readonly<Record<string, string>>;
  /** The CiliumCIDRGroups; leave undefined if they are not known. */
  readonly cidrGroups?: readonly CidrGroup[];
  /** The Services; leave undefined if they are not known. */
  readonly services?: readonly Service[];
  /** The data of the ConfigMap `cilium-config`, by key as it stands there; leave undefined if it is not known. */
  readonly configuration?: Readonly<Record<string, string>>;
  /** Addresses of the API server, besides the backends of Service default/kubernetes. */
  readonly apiServer?: readonly string[];
};

/** A pod, or a workload all of whose pods are alike. */
export type Endpoint = {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Whether the labels are those of its identity: then the agent has left out already what it does not keep. */
  readonly isIdentity?: boolean;
  /** The labels of its namespace; leave undefined if they are not known. The namespace's name always is. */
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  /** `default` if undefined, as the API server fills in. */
  readonly serviceAccount?: string;
  /** The cluster that it runs in, if not the inventory's. Cilium here does not enforce policies on such an endpoint. */
  readonly cluster?: string;
  /** The container ports that have a name. */
  readonly ports?: readonly NamedPort[];
  /** Leave undefined if they are not known. */
  readonly addresses?: readonly string[];
  /** Shares its node's network and so its node's identity; policies do not apply to it. */
  readonly hostNetwork?: boolean;
  /** The name of the node that it runs on, if known. */
  readonly node?: string;
};

export type NamedPort = { readonly name: string; readonly port: number; readonly protocol: "TCP" | "UDP" | "SCTP" };

export type ClusterNode = {
  readonly name: string;
  /** Runs the API server. */
  readonly controlPlane: boolean;
  /** Its labels; leave undefined if they are not known. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly addresses: readonly string[];
};

export type ResolvedName = { readonly name: string; readonly addresses: readonly string[] };

export type CidrGroup = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly cidrs: readonly string[];
};

/** A Service: one that selects pods, or, with an empty selector, one whose backends somebody lists. */
export type Service = {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly selector: Readonly<Record<string, string>>;
  /** Its addresses inside the cluster; none for a headless Service. */
  readonly clusterIPs: readonly string[];
  /** Where the outside reaches it: load balancers' addresses and `externalIPs`. */
  readonly externalIPs: readonly string[];
  readonly ports: readonly ServicePort[];
  /** What its EndpointSlices list; undefined where none of them is known. */
  readonly backends?: readonly Backend[];
};

export type ServicePort = {
  /** Empty for an only port without a name. */
  readonly name: string;
  readonly port: number;
  /** A number, or the name of a container port. */
  readonly targetPort: number | string;
  readonly protocol: NamedPort["protocol"];
  readonly nodePort?: number;
};

/** One endpoint of a Service, with the target ports by the names of the Service's ports. */
export type Backend = {
  readonly addresses: readonly string[];
  readonly ports: readonly NamedPort[];
};

/**
 * The entities that can stand at an end of a flow. `host` is the endpoint's own node and `remote-node` another;
 * `control-plane-host` and `kube-apiserver` are the same where the node runs the API server. All four are nodes that no
 * policy names by label or address. Where no node runs the API server, `kube-apiserver` is its address outside. `world`
 * is an IPv4 address that no policy names.
 */
export const peerEntities = [
  "host",
  "control-plane-host",
  "remote-node",
  "kube-apiserver",
  "ingress",
  "health",
  "init",
  "unmanaged",
  "world",
] as const;

export type PeerEntity = (typeof peerEntities)[number];

/** One end of a flow; a Service only where a flow goes to. */
export type Peer =
  | { readonly kind: "endpoint"; readonly namespace: string; readonly name: string }
  | { readonly kind: "entity"; readonly entity: PeerEntity }
  | { readonly kind: "node"; readonly name: string }
  | { readonly kind: "service"; readonly namespace: string; readonly name: string }
  | { readonly kind: "address"; readonly address: string; readonly host?: string }
  | { readonly kind: "cidr"; readonly cidr: string; readonly host?: string }
  | { readonly kind: "fqdn"; readonly name: string };

/** What people call the machine with an address, for a peer at it. */
export function hostAt(address: string, hosts: Inventory["hosts"]): { readonly host?: string } {
  const host = hosts?.[address];
  return host === undefined ? {} : { host };
}

/** The protocols that policies tell apart. */
export const flowProtocols = [
  "TCP",
  "UDP",
  "SCTP",
  "ICMP",
  "ICMPv6",
  "VRRP",
  "IGMP",
  "GRE",
  "IPIP",
  "IPV6",
  "ESP",
  "AH",
] as const;

export type FlowProtocol = (typeof flowProtocols)[number];

/** May `source` open a connection to `destination`? For ICMP the port is the ICMP type. */
export type Question = {
  readonly source: Peer;
  readonly destination: Peer;
  readonly protocol: FlowProtocol;
  readonly port: number;
};
