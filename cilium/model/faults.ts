/** What is wrong with a cluster as stated, before anything is rendered or registered. One sentence per fault. */
import ipaddr from "ipaddr.js";
import { isKept, matches, podIdentity, subjectRequirements } from "../policy/selector.ts";
import { type ConfiguredCluster, externalHosts, policyNameOf, workloadId, workloads } from "./cluster.ts";
import type { Statement } from "./flow.ts";
import { examplePods, labelSelector } from "./labels.ts";
import { didYouMean } from "./names.ts";
import { namespaceCycle } from "./order.ts";
import {
  type Destination,
  type HostNetworkPods,
  isApiServer,
  type Peer,
  type PortsOf,
  peerName,
  type Source,
  type Workload,
} from "./peers.ts";

/** All faults of the cluster; none means that it can be rendered. Each says where, what, and what to write instead. */
export function faults(cluster: ConfiguredCluster): string[] {
  const found = [
    ...unknownSettings(cluster),
    ...duplicateNames(cluster),
    ...workloads(cluster).flatMap(workloadFaults),
    ...cluster.namespaces.flatMap(({ name, statements }) =>
      statements.flatMap((statement) => statementFaults(name, statement)),
    ),
    ...destinationFaults(cluster.dns, { inspectHttp: false }).map((fault) => `the cluster's DNS: ${fault}`),
    ...overlaps(cluster),
  ];
  const cycle = found.length === 0 ? namespaceCycle(cluster) : undefined;
  return cycle === undefined
    ? found
    : [`namespaces ${cycle.join(" → ")} are each other's servers, so no order of applying is safe; break the ring`];
}

/** Overrides for workloads and hosts that do not exist. */
function unknownSettings(cluster: ConfiguredCluster): string[] {
  const ids = workloads(cluster).map(workloadId);
  const namespaces = cluster.namespaces.map(({ name }) => name);
  const hosts = externalHosts(cluster).map(({ name }) => name);
  const unknown = (key: string, given: object, known: string[], what: string) =>
    Object.keys(given)
      .filter((name) => !known.includes(name))
      .map((name) => `${key}.${name}: there is no ${what} of this name${didYouMean(name, known)}`);
  return [
    ...unknown("labels", cluster.settings.labels, ids, "workload"),
    ...unknown("policyNames", cluster.settings.policyNames, ids, "workload"),
    ...unknown("namespaceEnforcement", cluster.settings.namespaceEnforcement, namespaces, "namespace"),
    ...unknown("addresses", cluster.settings.addresses, hosts, "external host"),
  ];
}

/** Two declarations of one name, or two policies that a setting gives one name. */
function duplicateNames(cluster: ConfiguredCluster): string[] {
  const all: (Workload | HostNetworkPods)[] = cluster.namespaces.flatMap((n) => [...n.workloads, ...n.hostNetwork]);
  const names = [...cluster.namespaces.map(({ name }) => `namespace ${name}`), ...all.map(workloadId)];
  const twice = duplicates(names);
  const policyNames = workloads(cluster)
    .filter((workload) => !twice.includes(workloadId(workload)))
    .map((workload) => `${workload.namespace}/${policyNameOf(cluster, workload)}`);
  return [
    ...twice.map((name) => `${name} is declared twice; a name belongs to one policy`),
    ...duplicates(policyNames).map((name) => `policyNames: two policies are called ${name}; give each its own name`),
  ];
}

const duplicates = (names: readonly string[]): string[] => [
  ...new Set(names.filter((name, at) => names.indexOf(name) !== at)),
];

function workloadFaults(workload: Workload): string[] {
  const id = workloadId(workload);
  const found: string[] = [];
  if (Object.keys(workload.labels).length === 0)
    found.push(
      `${id}: has no labels, so its policy would select every pod of ${workload.namespace}; name the labels of its pods`,
    );
  for (const key of Object.keys(workload.labels)) {
    if (!isKept(key))
      found.push(
        `${id}: label ${key} is not part of a pod's identity in Cilium, so it selects nothing; select on another label`,
      );
  }
  for (const [name, { number }] of Object.entries(workload.ports)) {
    if (!validPort(number)) found.push(`${id}: port ${name} is ${number}; write a number from 1 to 65535`);
  }
  for (const probe of workload.probes) {
    if (!(probe in workload.ports))
      found.push(`${id}: probes ${probe}, which is none of its ports${ports(workload, probe)}`);
  }
  if (workload.denyWorld && workload.probes.length > 0) {
    found.push(
      `${id}: has kubelet probes and denies world; leave denyWorld out: default deny refuses the world as well and cannot break probes`,
    );
  }
  return found;
}

function statementFaults(namespace: string, statement: Statement): string[] {
  const { sources, destinations } = statement;
  const ends = (peers: readonly Peer[]) => peers.map(peerName).join(", ");
  const where = `${namespace}: flow ${ends(sources)} → ${ends(destinations.map(({ peer }) => peer))}`;
  return [
    ...sources.flatMap((source) => sourceFaults(namespace, source, destinations)),
    ...destinations.flatMap((destination) => destinationFaults(destination, statement)),
  ].map((fault) => `${where}: ${fault}`);
}

function sourceFaults(namespace: string, source: Source, destinations: readonly Destination[]): string[] {
  if (source.kind === "entities") {
    return destinations.every(({ peer }) => peer.kind === "workload" && peer.namespace === namespace)
      ? []
      : [`comes from ${source.name}, outside the pods; only workloads of ${namespace} can be its destinations here`];
  }
  if (source.namespace !== namespace) {
    return [
      `starts in ${source.namespace}; state it in that namespace's file, a flow belongs to the side that opens it`,
    ];
  }
  return source.kind === "workload" || destinations.every(({ peer }) => peer.kind === "workload")
    ? []
    : [
        `${peerName(source)} runs on the host's network and cannot be the subject of a policy; state only its flows to workloads`,
      ];
}

function destinationFaults(destination: Destination, { inspectHttp }: Pick<Statement, "inspectHttp">): string[] {
  const { peer } = destination;
  if (destination.kind === "unknown-port") {
    return [`${peerName(peer)} has no port ${destination.port}${ports(destination.peer, destination.port)}`];
  }
  const found = peerFaults(destination);
  for (const { number } of destination.ports) {
    if (!validPort(number)) found.push(`port ${number}; write a number from 1 to 65535`);
  }
  if (destination.ports.length === 0 && !isApiServer(peer)) {
    const choice =
      "ports" in peer ? `name one of ${Object.keys(peer.ports).join(", ")}` : "add .on(443), or what it is";
    found.push(`${peerName(peer)} without a port; ${choice}`);
  }
  const spoken = destination.ports.map(({ speaks }) => speaks);
  if (inspectHttp && (peer.kind !== "workload" || spoken.some((protocol) => protocol !== "http"))) {
    found.push(
      `${peerName(peer)} speaks ${spoken.join(", ")} there, and Envoy parses plaintext HTTP of a workload only; leave throughHttpProxy() out`,
    );
  }
  return found;
}

function peerFaults({ peer, ports }: PortsOf<Peer>): string[] {
  switch (peer.kind) {
    case "fqdns":
      return [
        ...(peer.names.length === 0 ? ['a list of names without a name; write fqdn("example.com")'] : []),
        ...peer.names
          .filter((name) => !/^[*a-z0-9._-]+$/i.test(name))
          .map((name) => `${name} is not a DNS name; write a host name, with * for a part of a label`),
        ...(ports.some(({ transports }) => transports.includes("SCTP"))
          ? ["names are reached over TCP or UDP only; use cidr() for SCTP"]
          : []),
      ];
    case "cidr":
      return ipaddr.isValidCIDR(peer.cidr)
        ? []
        : [`${peer.cidr} is not a CIDR; write an address and a prefix length, such as 192.0.2.0/24`];
    case "external":
      return ipaddr.isValid(peer.address)
        ? []
        : [`the address of ${peer.name}, ${peer.address}, is not an IP address; write one such as 192.0.2.1`];
    case "entities":
    case "workload":
    case "host-network":
      return [];
  }
}

/** Workloads whose selectors would both apply to the pods of one of them. */
function overlaps(cluster: ConfiguredCluster): string[] {
  const pods = workloads(cluster).flatMap((workload) =>
    examplePods(workload.labels, workload.otherLabels).map((labels) => ({ workload, labels })),
  );
  const pairs = workloads(cluster).flatMap((workload) => {
    const required = subjectRequirements(labelSelector(workload.labels), workload.namespace);
    return pods
      .filter((pod) => workloadId(pod.workload) !== workloadId(workload))
      .filter(({ workload: { namespace }, labels }) =>
        matches(required, podIdentity({ namespace, labels, cluster: cluster.settings.clusterName })),
      )
      .map(
        (pod) =>
          `${workloadId(workload)} also selects the pods of ${workloadId(pod.workload)}; make its labels narrower, or require the absence of one`,
      );
  });
  return [...new Set(pairs)];
}

const validPort = (number: number): boolean => Number.isInteger(number) && number >= 1 && number <= 65535;

function ports({ ports }: Workload | HostNetworkPods, misspelt: string): string {
  const names = Object.keys(ports);
  return names.length === 0 ? "; it declares none" : didYouMean(misspelt, names) || `; it has ${names.join(", ")}`;
}

/** Everything that is wrong with an input, a line each: who, where, what to write instead. */
export class Faults extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join("\n"));
    this.name = "Faults";
    this.faults = faults;
  }
}
