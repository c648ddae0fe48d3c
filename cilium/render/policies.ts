/** The policies of a cluster: one for each workload, both directions governed, and the clusterwide one for DNS. */
import ipaddr from "ipaddr.js";
import { type ConfiguredCluster, enforcementOf, policyNameOf, workloads } from "../model/cluster.ts";
import { labelSelector } from "../model/labels.ts";
import { nodes, type Peer, peerName, type Workload } from "../model/peers.ts";
import type { Port } from "../model/ports.ts";
import type {
  CiliumClusterwideNetworkPolicy,
  CiliumNetworkPolicy,
  CiliumPolicy,
  EgressRule,
  Entity,
  FqdnSelector,
  IngressRule,
  LabelSelector,
  PortRule,
} from "../policy/schema.ts";
import { clusterLabel, podNamespaceLabel } from "../policy/selector.ts";
import { egressCell, ingressCell } from "./cells.ts";

/** Name of the clusterwide policy. */
export const dnsPolicyName = "allow-dns";

/** Every policy of a cluster without faults: the DNS policy, then a policy for each workload, in the order of the files. */
export function renderPolicies(cluster: ConfiguredCluster): CiliumPolicy[] {
  return [renderDnsPolicy(cluster), ...workloads(cluster).map((workload) => renderPolicy(cluster, workload))];
}

/** The policy of one workload. Nothing allowed in a direction is written `[{}]`: an empty list would be no rule at all. */
function renderPolicy(cluster: ConfiguredCluster, workload: Workload): CiliumNetworkPolicy {
  const id = peerName(workload);
  const arriving = cluster.flows.filter(({ to }) => peerName(to) === id);
  const leaving = cluster.flows.filter(({ from }) => peerName(from) === id);
  const ingress = rules(
    arriving.map((flow) => ({ ...flow, peer: flow.from })),
    workload.namespace,
  ).map(ingressRule);
  const egress = rules(
    // What is parsed as HTTP is parsed once, where it arrives.
    leaving.map((flow) => ({ ...flow, peer: flow.to, inspectHttp: false })),
    workload.namespace,
  ).map(egressRule);
  const observed = enforcementOf(cluster, workload) === "observe";
  const denyWorld = workload.denyWorld && !observed;
  return {
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: { name: policyNameOf(cluster, workload), namespace: workload.namespace },
    spec: {
      description: `${workload.name}. Ingress: ${ingressCell(cluster, workload)}. Egress: ${egressCell(cluster, workload)}.`,
      endpointSelector: labelSelector(workload.labels),
      ...(denyWorld && { ingressDeny: [{ fromEntities: ["world"] }] }),
      ...((ingress.length > 0 || !denyWorld) && { ingress: ingress.length > 0 ? ingress : [{}] }),
      egress: egress.length > 0 ? egress : [{}],
      ...(observed && { enableDefaultDeny: { ingress: false, egress: false } }),
    },
  };
}

/**
 * Lets all real pods resolve names through Cilium's DNS proxy, which `toFQDNs` learns from. The cluster label keeps
 * Cilium's own endpoints out: a policy on the Gateway's would answer its clients with 403.
 */
function renderDnsPolicy(cluster: ConfiguredCluster): CiliumClusterwideNetworkPolicy {
  const { clusterName, dnsNames, egressDefaultDeny, enforcement } = cluster.settings;
  const { peer, ports } = cluster.dns;
  return {
    apiVersion: "cilium.io/v2",
    kind: "CiliumClusterwideNetworkPolicy",
    metadata: { name: dnsPolicyName },
    spec: {
      description: `All pods of the cluster may resolve names at ${peer.name} (${peer.namespace}), through Cilium's DNS proxy.`,
      endpointSelector: { matchLabels: { [clusterLabel]: clusterName } },
      egress: [
        {
          toEndpoints: [endpoint(peer, undefined)],
          toPorts: [{ ...portRule(ports, false), rules: { dns: dnsNames.map(fqdnSelector) } }],
        },
      ],
      enableDefaultDeny: { egress: egressDefaultDeny && enforcement === "enforce" },
    },
  };
}

/** What one kind of selector selects: a rule has a single kind, since Cilium refuses two in one rule. */
type Selection =
  | { readonly kind: "endpoints"; readonly endpoint: LabelSelector }
  | { readonly kind: "entities"; readonly entities: readonly Entity[] }
  | { readonly kind: "fqdns"; readonly fqdns: readonly FqdnSelector[] }
  | { readonly kind: "cidr"; readonly cidr: string };

interface AllowRule {
  readonly selections: readonly Selection[];
  readonly toPort: PortRule;
}

interface Allowed {
  readonly peer: Peer;
  readonly ports: readonly Port[];
  readonly inspectHttp: boolean;
}

/**
 * The rules that allow all this, in the order in which it is stated: first all ports of one peer together, then one rule
 * for all peers that agree in kind of selector, ports and L7.
 */
function rules(allowed: readonly Allowed[], namespace: string): AllowRule[] {
  const peers = grouped(
    allowed.map((one) => ({ ...one, selection: select(one.peer, namespace) })),
    ({ selection, inspectHttp }) => [selection, inspectHttp],
  ).map(([first, ...others]) => ({
    selection: first.selection,
    toPort: portRule(
      [first, ...others].flatMap(({ ports }) => ports),
      first.inspectHttp,
    ),
  }));
  return grouped(peers, ({ selection, toPort }) => [selection.kind, toPort]).map(([first, ...others]) => ({
    toPort: first.toPort,
    selections: [first, ...others].map(({ selection }) => selection),
  }));
}

/** The items in groups of equal keys, each group and the groups in the order of the items. */
function grouped<T>(items: readonly T[], key: (item: T) => unknown): [T, ...T[]][] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const item of items) {
    const group = groups.get(JSON.stringify(key(item)));
    if (group === undefined) groups.set(JSON.stringify(key(item)), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

function select(peer: Peer, namespace: string): Selection {
  switch (peer.kind) {
    case "workload":
      return { kind: "endpoints", endpoint: endpoint(peer, namespace) };
    case "host-network":
      return { kind: "entities", entities: nodes.entities };
    case "entities":
      return { kind: "entities", entities: peer.entities };
    case "fqdns":
      return { kind: "fqdns", fqdns: peer.names.map(fqdnSelector) };
    case "cidr":
      return { kind: "cidr", cidr: peer.cidr };
    case "external":
      return { kind: "cidr", cidr: `${peer.address}/${ipaddr.parse(peer.address).kind() === "ipv4" ? 32 : 128}` };
  }
}

/** A workload as a peer; across namespaces its namespace is named, which a policy otherwise takes to be its own. */
function endpoint({ labels, namespace }: Workload, seenFrom: string | undefined): LabelSelector {
  return labelSelector(namespace === seenFrom ? labels : { ...labels, [podNamespaceLabel]: namespace });
}

const ingressRule = ({ selections, toPort }: AllowRule): IngressRule => {
  const fromEndpoints = selections.flatMap((s) => (s.kind === "endpoints" ? s.endpoint : []));
  const fromEntities = unique(selections.flatMap((s) => (s.kind === "entities" ? s.entities : [])));
  return {
    ...(fromEndpoints.length > 0 && { fromEndpoints }),
    ...(fromEntities.length > 0 && { fromEntities }),
    toPorts: [toPort],
  };
};

const egressRule = ({ selections, toPort }: AllowRule): EgressRule => {
  const toEndpoints = selections.flatMap((s) => (s.kind === "endpoints" ? s.endpoint : []));
  const toEntities = unique(selections.flatMap((s) => (s.kind === "entities" ? s.entities : [])));
  const toFQDNs = selections.flatMap((s) => (s.kind === "fqdns" ? s.fqdns : []));
  const toCIDR = selections.flatMap((s) => (s.kind === "cidr" ? s.cidr : []));
  return {
    ...(toEndpoints.length > 0 && { toEndpoints }),
    ...(toEntities.length > 0 && { toEntities }),
    ...(toFQDNs.length > 0 && { toFQDNs }),
    ...(toCIDR.length > 0 && { toCIDR }),
    toPorts: [toPort],
  };
};

const unique = <T>(items: readonly T[]): T[] => [...new Set(items)];

function portRule(ports: readonly Port[], inspectHttp: boolean): PortRule {
  return {
    ports: grouped(
      ports.flatMap(({ number, transports }) => transports.map((protocol) => ({ port: String(number), protocol }))),
      (port) => port,
    ).map(([port]) => port),
    ...(inspectHttp && { rules: { http: [{}] } }),
  };
}

const fqdnSelector = (name: string): FqdnSelector =>
  name.includes("*") ? { matchPattern: name } : { matchName: name };
