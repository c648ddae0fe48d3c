/** The policies of a cluster: one for each workload, both directions governed, and the clusterwide one for DNS. */
import { type ConfiguredCluster, dnsPolicyName, enforcementOf, policyNameOf, workloads } from "../model/cluster.ts";
import { arrivingAt, leavingFrom } from "../model/ends.ts";
import { labelSelector } from "../model/labels.ts";
import { type Direction, isDeniedByDefault } from "../model/peers/workload.ts";
import { type Peer, type PortsOf, selectionOf, type Workload } from "../model/peers.ts";
import { isNumbered, isTransportPort, type Port, type TransportPort } from "../model/ports.ts";
import { destinationFields, fqdnSelector, type Selection, sourceFields } from "../model/selection.ts";
import type {
  CiliumClusterwideNetworkPolicy,
  CiliumNetworkPolicy,
  IngressRule,
  Policy,
  PortProtocol,
  PortRule,
} from "../policy/schema.ts";
import { clusterLabel } from "../policy/selector.ts";
import { egressCell, ingressCell } from "./cells.ts";

/**
 * Every policy of a cluster without faults: the DNS policy, then a policy for each workload, in the order of the files, then
 * those that are taken as they are.
 */
export function renderPolicies(cluster: ConfiguredCluster): Policy[] {
  return [
    ...(cluster.dns === undefined ? [] : [renderDnsPolicy(cluster, cluster.dns)]),
    ...workloads(cluster).map((workload) => renderPolicy(cluster, workload)),
    ...cluster.verbatim.map(({ policy }) => policy),
  ];
}

/**
 * The policy of one workload. Nothing allowed in a direction is written `[{}]`: an empty list would be no rule at all. A
 * direction without default deny and without flows is left out.
 */
function renderPolicy(cluster: ConfiguredCluster, workload: Workload): CiliumNetworkPolicy {
  const arriving = arrivingAt(workload, cluster);
  const leaving = leavingFrom(workload, cluster);
  const ingress = rules(arriving.map((flow) => ({ ...flow, peer: flow.from }))).map(({ selections, uses }) => ({
    ...sourceFields(selections, workload.namespace),
    ...uses,
  }));
  // What is parsed as HTTP is parsed once, where it arrives.
  const egress = rules(leaving.map((flow) => ({ ...flow, peer: flow.to, inspectHttp: false }))).map(
    ({ selections, uses }) => ({ ...destinationFields(selections, workload.namespace), ...uses }),
  );
  const observed = enforcementOf(cluster, workload) === "observe";
  const denyWorld = workload.denyWorld && !observed;
  const isOpen = (direction: Direction) => observed || !isDeniedByDefault(workload, direction);
  const saysEgress = egress.length > 0 || isDeniedByDefault(workload, "egress");
  // A policy says something of one direction at least.
  const saysIngress = ingress.length > 0 || isDeniedByDefault(workload, "ingress") || !saysEgress;
  const enableDefaultDeny = {
    ...((saysIngress || denyWorld) && isOpen("ingress") && { ingress: false }),
    ...(saysEgress && isOpen("egress") && { egress: false }),
  };
  return {
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: { name: policyNameOf(cluster, workload), namespace: workload.namespace },
    spec: {
      description: `${workload.name}. Ingress: ${ingressCell(cluster, workload)}. Egress: ${egressCell(cluster, workload)}.`,
      endpointSelector: labelSelector(workload.labels),
      ...(denyWorld && { ingressDeny: [{ fromEntities: ["world"] }] }),
      ...(saysIngress && (ingress.length > 0 || !denyWorld) && { ingress: ingress.length > 0 ? ingress : [{}] }),
      ...(saysEgress && { egress: egress.length > 0 ? egress : [{}] }),
      ...(Object.keys(enableDefaultDeny).length > 0 && { enableDefaultDeny }),
    },
  };
}

/**
 * Lets all real pods resolve names through Cilium's DNS proxy, which `toFQDNs` learns from. The cluster label keeps
 * Cilium's own endpoints out: a policy on the Gateway's would answer its clients with 403.
 */
function renderDnsPolicy(
  { settings }: ConfiguredCluster,
  { peer, ports }: PortsOf<Workload>,
): CiliumClusterwideNetworkPolicy {
  const { clusterName, dnsNames, egressDefaultDeny, enforcement } = settings;
  return {
    apiVersion: "cilium.io/v2",
    kind: "CiliumClusterwideNetworkPolicy",
    metadata: { name: dnsPolicyName },
    spec: {
      description: `All pods of the cluster may resolve names at ${peer.name} (${peer.namespace}), through Cilium's DNS proxy.`,
      endpointSelector: { matchLabels: { [clusterLabel]: clusterName } },
      egress: [
        {
          ...destinationFields([selectionOf(peer)], undefined),
          toPorts: toPorts(ports, { rules: { dns: dnsNames.map(fqdnSelector) } }),
        },
      ],
      enableDefaultDeny: { egress: egressDefaultDeny && enforcement === "enforce" },
    },
  };
}

interface AllowRule {
  readonly selections: readonly Selection[];
  readonly uses: Uses;
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
function rules(allowed: readonly Allowed[]): AllowRule[] {
  const peers = grouped(
    allowed.map((one) => ({ ...one, selection: selectionOf(one.peer) })),
    ({ selection, inspectHttp }) => [selection, inspectHttp],
  ).flatMap(([first, ...others]) => {
    const ports = [first, ...others].flatMap(({ ports }) => ports);
    return usesOf(ports, first.inspectHttp ? { rules: { http: [{}] } } : {}).map((uses) => ({
      selection: first.selection,
      uses,
    }));
  });
  return grouped(peers, ({ selection, uses }) => [selection.kind, uses]).map(([first, ...others]) => ({
    uses: first.uses,
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

/** The part of a rule that says what its peers may use: everything, if it is empty. */
type Uses = Pick<IngressRule, "toPorts" | "icmps">;

/** What rules allow these ports: ICMP has one of its own, since Cilium refuses it beside others. */
function usesOf(ports: readonly Port[], l7: Omit<PortRule, "ports">): Uses[] {
  if (ports.some((port) => "every" in port)) return [{}];
  const fields = unique(ports.flatMap((port) => ("icmp" in port ? [{ type: port.icmp, family: port.family }] : [])));
  const portRules = toPorts(ports, l7);
  return [
    ...(portRules.length > 0 ? [{ toPorts: portRules }] : []),
    ...(fields.length > 0 ? [{ icmps: inParts(fields).map((fields) => ({ fields })) }] : []),
  ];
}

/** The ports, as many together as the agent takes. */
const toPorts = (ports: readonly Port[], l7: Omit<PortRule, "ports">): PortRule[] =>
  inParts(unique(ports.flatMap(portProtocols))).map((ports) => ({ ports, ...l7 }));

function portProtocols(port: Port): PortProtocol[] {
  if ("protocol" in port) return [{ port: "0", protocol: port.protocol }];
  if (!isTransportPort(port)) return [];
  const numbers = isNumbered(port)
    ? { port: String(port.number), ...(port.last !== undefined && { endPort: port.last }) }
    : { port: port.name };
  return isAnyTransport(port)
    ? [{ ...numbers, protocol: "ANY" }]
    : port.transports.map((protocol) => ({ ...numbers, protocol }));
}

const isAnyTransport = ({ transports }: TransportPort): boolean => new Set(transports).size === 3;

const unique = <T>(items: readonly T[]): T[] => grouped(items, (item) => item).map(([item]) => item);

/** How many ports or ICMP types one list of a rule takes. */
const most = 40;

const inParts = <T>(items: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(items.length / most) }, (_, part) => items.slice(part * most, (part + 1) * most));
