/** What a policy allows in the words of the tables: `cloudflared, gateway → 8080`. For descriptions and documentation. */
import type { ConfiguredCluster } from "../model/cluster.ts";
import type { Flow } from "../model/flow.ts";
import { type Peer, peerName, type Workload } from "../model/peers.ts";
import { type Port, portText } from "../model/ports.ts";

/** What may reach the workload: `gateway → 8080 (L7 HTTP); prometheus (monitoring) → 8083`, or `(none)`. */
export function ingressCell(cluster: ConfiguredCluster, workload: Workload): string {
  const reaching = cluster.flows.filter(({ to }) => same(to, workload));
  const byPorts = Map.groupBy(reaching, (flow) => `${portList(flow.ports)}${flow.inspectHttp ? " (L7 HTTP)" : ""}`);
  const cells = [...byPorts].map(([ports, group]) => {
    const sources = [...new Set(group.map(({ from }) => shortName(from, workload)))];
    const purposes = [...new Set(group.flatMap(({ purpose }) => purpose ?? []))];
    return `${sources.join(", ")} → ${ports}${purposes.length === 1 && group.every((f) => f.purpose) ? ` (${purposes[0]})` : ""}`;
  });
  if (workload.denyWorld) cells.unshift("(deny world)");
  return cells.length === 0 ? "(none)" : cells.join("; ");
}

/** What the workload may reach: `kube-apiserver:6443, redis:6379`, or `(none)`. */
export function egressCell(cluster: ConfiguredCluster, workload: Workload): string {
  const reached = cluster.flows.filter(({ from }) => same(from, workload));
  return reached.length === 0 ? "(none)" : reached.map((flow) => destinationText(flow, workload)).join(", ");
}

/** Ports as the tables write them: `9333/19333`. */
export const portList = (ports: readonly Port[]): string => ports.map(portText).join("/");

function destinationText({ to, ports, purpose }: Flow, workload: Workload): string {
  return `${shortName(to, workload)}:${portList(ports)}${purpose === undefined ? "" : ` (${purpose})`}`;
}

function shortName(peer: Peer, seenFrom: Workload): string {
  switch (peer.kind) {
    case "workload":
      if (same(peer, seenFrom)) return "self";
      return peer.namespace === seenFrom.namespace ? peer.name : `${peer.name} (${peer.namespace})`;
    case "host-network":
      return `${peer.name} (${peer.namespace}, on its node)`;
    case "fqdns":
      return peer.names.join(" + ");
    case "entities":
    case "cidr":
    case "external":
      return peerName(peer);
  }
}

const same = (peer: Peer, workload: Workload): boolean =>
  peer.kind === "workload" && peer.namespace === workload.namespace && peer.name === workload.name;
