/** A connection as a statement of the language, or why the language cannot state it. */
import { type ConfiguredCluster, externalHosts, workloadId, workloads } from "../model/cluster.ts";
import { plainTerms, type Statement } from "../model/flow.ts";
import { reading } from "../model/issues.ts";
import { cidr } from "../model/peers/cidr.ts";
import {
  controlPlaneNodes,
  gateway,
  health,
  host,
  kubeApiserver,
  nodes,
  remoteNode,
  unmanaged,
  world,
} from "../model/peers/entities.ts";
import { external } from "../model/peers/external.ts";
import { fqdn } from "../model/peers/fqdns.ts";
import type { Pods } from "../model/peers/named-ports.ts";
import type { Destination, EntityPeer, Source } from "../model/peers.ts";
import { icmp, icmpv6, ipProtocol, isUsedBy, type Port, sctp, tcp, udp } from "../model/ports.ts";
import { declaredIn, statementFaults, statementSchema } from "../model/statement.ts";
import type { Peer, PeerEntity, Question } from "../reach/compile/inventory.ts";
import { peerText } from "../reach/report/explain.ts";
import { fileOf, type PodsName, type SourceFile } from "./file.ts";

export type Proposal =
  | { readonly kind: "statement"; readonly statement: Statement }
  | { readonly kind: "none"; readonly reason: string };

/** The statement that allows a connection. `files` are those that it may be written into. */
export function statementOf(question: Question, cluster: ConfiguredCluster, files: readonly SourceFile[]): Proposal {
  const { source, destination, protocol, port: number } = question;
  const port = portOf(protocol, number);
  const client = podsAt(source, cluster);
  const server = podsAt(destination, cluster);
  for (const [peer, pods] of [
    [source, client],
    [destination, server],
  ] as const) {
    if (pods === undefined && peer.kind === "endpoint") return none(undeclared(peer, files));
    if (pods !== undefined && !fileOf(pods, files)?.constants.has(workloadId(pods)))
      return none(unexported(pods, files));
  }
  const home = client ?? server;
  if (home === undefined || (client?.kind !== "workload" && server?.kind !== "workload")) {
    return none("policies govern pods, and neither end is a workload of the program");
  }
  const from = client ?? sourceOf(source, cluster);
  if (from === undefined) {
    return none(`no word of the language means ${peerText(source)} as what a flow starts at`);
  }
  const to = server ? onPorts(server, port) : destinationOf(destination, port, cluster);
  if (to === undefined) return none(`no word of the language means ${peerText(destination)}`);
  const statement: Statement = { sources: [from], destinations: [to], ...plainTerms };
  const [fault] = faultsOf(statement, home.namespace, cluster);
  return fault === undefined ? { kind: "statement", statement } : none(fault);
}

const none = (reason: string): Proposal => ({ kind: "none", reason });

function portOf(protocol: Question["protocol"], number: number): Port {
  switch (protocol) {
    case "TCP":
      return tcp(number);
    case "UDP":
      return udp(number);
    case "SCTP":
      return sctp(number);
    case "ICMP":
      return icmp(number);
    case "ICMPv6":
      return icmpv6(number);
    default:
      return ipProtocol(protocol);
  }
}

function podsAt(peer: Peer, cluster: ConfiguredCluster): Pods | undefined {
  if (peer.kind !== "endpoint") return undefined;
  const all: Pods[] = [...workloads(cluster), ...cluster.namespaces.flatMap(({ hostNetwork }) => hostNetwork)];
  return all.find(({ namespace, name }) => namespace === peer.namespace && name === peer.name);
}

/** Why there is nothing to write for pods that the program does not declare. */
export function undeclared(pods: PodsName, files: readonly SourceFile[]): string {
  const file = fileOf(pods, files);
  const advice =
    file === undefined ? `${pods.namespace} is no namespace of the program` : `declare it in ${file.path} first`;
  return `${pods.namespace}/${pods.name} is no workload of the program; ${advice}`;
}

function unexported(pods: Pods, files: readonly SourceFile[]): string {
  const file = fileOf(pods, files);
  return `${file?.path ?? "no file"} exports no constant for ${workloadId(pods)}; export it first`;
}

const onPorts = (peer: Pods, ...ports: Port[]): Destination => ({ kind: "ports", peer, ports });

/** What a connection comes from that does not come from pods. */
function sourceOf(source: Peer, cluster: ConfiguredCluster): Source | undefined {
  switch (source.kind) {
    case "entity":
      return source.entity === "control-plane-host" ? host : entityOf(source.entity);
    case "node":
      return nodes;
    case "address":
      return machineAt(source.address, cluster);
    case "cidr":
      return cidr(source.cidr);
    case "endpoint":
    case "fqdn":
    case "service":
      return undefined;
  }
}

function destinationOf(destination: Peer, port: Port, cluster: ConfiguredCluster): Destination | undefined {
  switch (destination.kind) {
    case "entity": {
      const entity = entityOf(destination.entity);
      if (entity !== kubeApiserver) return entity?.on(port);
      const isApi = isUsedBy(port, "TCP", cluster.settings.apiServerPort);
      return isApi ? kubeApiserver.on() : controlPlaneNodes.on(port);
    }
    case "node":
      return nodes.on(port);
    case "address":
      return machineAt(destination.address, cluster).on(port);
    case "cidr":
      return cidr(destination.cidr).on(port);
    case "fqdn":
      return fqdn(destination.name).on(port);
    case "endpoint":
    case "service":
      return undefined;
  }
}

/** A machine outside the cluster by the name that the program has for it, or by its address. */
function machineAt(address: string, cluster: ConfiguredCluster) {
  const known = externalHosts(cluster).find((one) => one.address === address);
  return known === undefined ? cidr(`${address}/${address.includes(":") ? 128 : 32}`) : external(known.name, address);
}

/** The control plane's own node is known by the API server's name, unless it opens the connection. */
function entityOf(entity: PeerEntity): (EntityPeer & typeof host) | undefined {
  switch (entity) {
    case "host":
      return host;
    case "remote-node":
      return remoteNode;
    case "kube-apiserver":
    case "control-plane-host":
      return kubeApiserver;
    case "ingress":
      return gateway;
    case "world":
      return world;
    case "health":
      return health;
    case "unmanaged":
      return unmanaged;
    // What it is allowed is not decidable before its labels are known.
    case "init":
      return undefined;
  }
}

/** What the language would refuse of it. */
function faultsOf(statement: Statement, namespace: string, { namespaces }: ConfiguredCluster): string[] {
  const read = statementSchema.safeParse({ ...statement, limits: [], inspectHttp: false }, reading);
  if (!read.success) return read.error.issues.map(({ message }) => message);
  const declared = declaredIn(namespaces.flatMap((one) => [...one.workloads, ...one.hostNetwork]));
  return statementFaults(read.data, namespace, declared);
}
