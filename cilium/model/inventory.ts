/** The program's own workloads as the endpoints that policies are judged against. */
import type { Policy } from "../policy/schema.ts";
import { clusterLabel } from "../policy/selector.ts";
import { canonicalAddress } from "../reach/compile/addresses.ts";
import type { Endpoint, Inventory } from "../reach/compile/inventory.ts";
import { type ConfiguredCluster, workloadId, workloads } from "./cluster.ts";
import { workloadsAmong } from "./ends.ts";
import { examplePods, podOf } from "./labels.ts";
import { onlyNamespace, withinNamespace } from "./peers/pod-set.ts";
import type { Subject, Workload } from "./peers.ts";
import type { Transport } from "./ports.ts";
import { podSelector } from "./selection.ts";
import { withSubjects } from "./subjects.ts";

/**
 * One endpoint for each workload, with the labels that its pods carry, one for the DNS server where that is none of them, one
 * for the pods of each host-network declaration, one for each set of pods of a namespace in which no workload is, and one for
 * each clusterwide group and each verbatim policy that selects none of these. Sets of several namespaces, nodes and addresses
 * are not part of a program, so flows from and to nodes are judged by entity.
 */
export function inventoryOf(cluster: ConfiguredCluster): Inventory {
  const declared = workloads(cluster);
  const server = cluster.dns?.peer;
  const isDeclared = server === undefined || declared.some((one) => workloadId(one) === workloadId(server));
  const pods = isDeclared ? declared : [...declared, server];
  const onNodes = cluster.namespaces.flatMap(({ hostNetwork }) =>
    hostNetwork.map(({ namespace, name }): Endpoint => ({ namespace, name, labels: {}, hostNetwork: true })),
  );
  const endpoints = [...pods.flatMap(endpointOf), ...undeclaredPods(cluster), ...onNodes];
  const policies = [...cluster.clusterwide.groups.flatMap(selectorOf), ...cluster.verbatim.map(({ policy }) => policy)];
  const name = cluster.settings.clusterName;
  return {
    cluster: name,
    endpoints: withSubjects(endpoints, policies, name),
    nodes: [],
    names: [],
    hosts: hostsOf(cluster),
  };
}

/** Machines outside by their addresses, where one has a name alone. */
function hostsOf({ flows, denials }: ConfiguredCluster): Record<string, string> {
  const hosts = [...flows, ...denials].flatMap(({ from, to }) => [from, to]).filter((peer) => peer.kind === "external");
  const named = Map.groupBy(hosts, ({ address }) => canonicalAddress(address));
  return Object.fromEntries(
    [...named].flatMap(([address, own]) => {
      const [name, ...others] = new Set(own.map(({ name }) => name));
      return name === undefined || others.length > 0 ? [] : [[address, name]];
    }),
  );
}

/** A policy that selects what the group's does. */
function selectorOf(group: Exclude<Subject, Workload>): Policy[] {
  if (group.kind === "node-group") return [];
  const endpointSelector = podSelector(group.labels, group.namespaces, undefined);
  return [
    {
      apiVersion: "cilium.io/v2",
      kind: "CiliumClusterwideNetworkPolicy",
      metadata: { name: group.name },
      spec: { endpointSelector, ingress: [{}] },
    },
  ];
}

const endpointOf = ({ namespace, namespaceLabels, name, labels, otherLabels, ports }: Workload): Endpoint[] =>
  examplePods(labels, otherLabels)
    .slice(0, 1)
    .map((podLabels) => ({
      namespace,
      name,
      ...podOf(podLabels),
      ...(namespaceLabels !== undefined && { namespaceLabels }),
      ports: Object.entries(ports).flatMap(([portName, { number, last, transports }]) =>
        // A container names no ranges.
        last === undefined
          ? transports.map((protocol, at) => ({
              name: containerPortName(portName, protocol, at),
              port: number,
              protocol,
            }))
          : [],
      ),
    }));

/** Pods that flows name and nobody declares. */
function undeclaredPods(cluster: ConfiguredCluster): Endpoint[] {
  const sets = [...cluster.flows, ...cluster.denials]
    .flatMap(({ from, to }) => [from, to])
    .filter((peer) => peer.kind === "pod-set")
    .filter((set) => workloadsAmong(set, cluster).length === 0);
  const endpoints = sets.flatMap((set) => {
    const namespace = onlyNamespace(set);
    const [labels = {}] = examplePods(set.labels, {});
    const cluster = labels[clusterLabel];
    const pod = {
      namespace: namespace ?? "",
      name: withinNamespace(set),
      ...podOf(labels),
      ...(cluster && { cluster }),
    };
    return namespace === undefined ? [] : [pod];
  });
  return [...new Map(endpoints.map((endpoint) => [`${endpoint.namespace}/${endpoint.name}`, endpoint])).values()];
}

/** As Kubernetes writes names of ports; one belongs to one port of a container, so further transports add theirs: `dns-tcp`. */
export function containerPortName(name: string, transport: Transport, at: number): string {
  const written = name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
  return at === 0 ? written : `${written}-${transport.toLowerCase()}`;
}
