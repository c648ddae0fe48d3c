/** The program's own workloads as the endpoints that policies are judged against. */
import type { Endpoint, Inventory } from "../reach/compile/inventory.ts";
import { type ConfiguredCluster, workloadId, workloads } from "./cluster.ts";
import { examplePods } from "./labels.ts";
import type { Transport } from "./ports.ts";
import { withSubjects } from "./subjects.ts";

/**
 * One endpoint for each workload, with the labels that its pods carry, one for the DNS server where that is none of them, and
 * one for the pods of each host-network declaration, and one for each verbatim policy that selects none of these. Nodes and addresses are not part of a program, so flows from and to them are judged by entity.
 */
export function inventoryOf(cluster: ConfiguredCluster): Inventory {
  const declared = workloads(cluster);
  const server = cluster.dns?.peer;
  const isDeclared = server === undefined || declared.some((one) => workloadId(one) === workloadId(server));
  const pods = isDeclared ? declared : [...declared, server];
  const endpoints = pods.flatMap(({ namespace, name, labels, otherLabels, ports }): Endpoint[] =>
    examplePods(labels, otherLabels)
      .slice(0, 1)
      .map((podLabels) => ({
        namespace,
        name,
        labels: podLabels,
        ports: Object.entries(ports).flatMap(([portName, { number, transports }]) =>
          transports.map((protocol, at) => ({
            name: containerPortName(portName, protocol, at),
            port: number,
            protocol,
          })),
        ),
      })),
  );
  const onNodes = cluster.namespaces.flatMap(({ hostNetwork }) =>
    hostNetwork.map(({ namespace, name }): Endpoint => ({ namespace, name, labels: {}, hostNetwork: true })),
  );
  const name = cluster.settings.clusterName;
  const verbatim = cluster.verbatim.map(({ policy }) => policy);
  return { cluster: name, endpoints: withSubjects([...endpoints, ...onNodes], verbatim, name), nodes: [], names: [] };
}

/** As Kubernetes writes names of ports; one belongs to one port of a container, so further transports add theirs: `dns-tcp`. */
export function containerPortName(name: string, transport: Transport, at: number): string {
  const written = name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
  return at === 0 ? written : `${written}-${transport.toLowerCase()}`;
}
