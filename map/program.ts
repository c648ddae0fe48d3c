/** The picture of a program: the flows as its files state them, with their purposes. */
import { carriedText } from "../cilium/model/carried.ts";
import type { ConfiguredCluster } from "../cilium/model/cluster.ts";
import { inventoryOf } from "../cilium/model/inventory.ts";
import { labelsText } from "../cilium/model/labels.ts";
import { clusterwideId } from "../cilium/model/peers/clusterwide.ts";
import { all, gateway, world } from "../cilium/model/peers/entities.ts";
import { serviceText } from "../cilium/model/peers/service.ts";
import { isApiServer, namespaceOf, type Peer as ProgramPeer, peerName } from "../cilium/model/peers.ts";
import { portNames, portText } from "../cilium/model/ports.ts";
import type { Policy } from "../cilium/policy/schema.ts";
import { compile } from "../cilium/reach/compile/network.ts";
import { openDirections } from "../cilium/reach/report/coverage.ts";
import { namesLabel, type OtherPeer, type Peer, type Picture } from "./picture.ts";
import { policyTexts, selectingPolicies } from "./policies.ts";

/** The cluster in the order of its files. `policies` are those that it renders to. */
export function programPicture(title: string, cluster: ConfiguredCluster, policies: readonly Policy[]): Picture {
  const network = compile(policies, inventoryOf(cluster));
  const selecting = selectingPolicies(policies, network);
  const isOpen = openDirections(network);
  const pods = cluster.namespaces.flatMap(({ workloads, hostNetwork }) => [...workloads, ...hostNetwork]);
  const ends = [...cluster.flows, ...cluster.denials].flatMap(({ from, to }) => [from, to]);
  const peers = new Map([...pods, ...cluster.clusterwide.groups, ...ends].map((peer) => [peerName(peer), peer]));
  return {
    title,
    comparison: undefined,
    peers: [...peers.values()].map((peer) => ({
      ...shown(peer, selecting.get(peerName(peer)) ?? [], isOpen),
      ...denialNote(peerName(peer), cluster),
    })),
    flows: cluster.flows.map(({ from, to, ports, carried, isAuthenticated, only, purpose }) => ({
      from: peerName(from),
      to: peerName(to),
      ports: ports.flatMap(portNames),
      conditions: [
        ...(carried === undefined ? [] : [carriedText(carried)]),
        ...(isAuthenticated ? ["authenticated"] : []),
        ...(only === undefined ? [] : [`${only} only`]),
      ],
      purpose,
      change: "same",
    })),
    policies: policyTexts(policies),
  };
}

/** What is denied to a peer or from it, which no line shows. */
function denialNote(id: string, { denials }: ConfiguredCluster): { readonly note?: string } {
  const own = denials.filter(({ from, to }) => peerName(from) === id || peerName(to) === id);
  const texts = own.map(
    ({ from, to, ports }) => `${peerName(from)} → ${peerName(to)}: ${ports.map(portText).join(", ")}`,
  );
  return texts.length === 0 ? {} : { note: `Denied: ${texts.join("; ")}` };
}

function shown(peer: ProgramPeer, policies: readonly string[], isOpen: ReturnType<typeof openDirections>): Peer {
  const common = { id: peerName(peer), note: undefined, change: "same" } as const;
  switch (peer.kind) {
    case "workload":
      return {
        ...common,
        ...{ kind: peer.kind, namespace: peer.namespace, label: peer.name, names: [] },
        ...{ pods: 1, open: isOpen(peer), policies },
      };
    case "host-network":
      return {
        ...common,
        kind: peer.kind,
        namespace: peer.namespace,
        label: peer.name,
        names: [],
        note: peer.reason,
        pods: 1,
      };
    case "pod-set": {
      const namespace = namespaceOf(peer) ?? "several namespaces";
      return { ...common, kind: "workload", namespace, label: common.id, names: [], pods: 1, open: [], policies: [] };
    }
    case "clusterwide-group":
      return {
        ...common,
        kind: "workload",
        namespace: clusterwideId,
        label: peer.name,
        names: [],
        pods: 1,
        open: [],
        policies: [peer.name],
      };
    case "node-group":
      return { ...common, kind: "nodes", label: peer.name, names: [labelsText(peer.labels)].filter(Boolean) };
    case "entities":
      return { ...common, kind: entityKind(peer), label: peer.name, names: peer.entities };
    case "fqdns":
      return { ...common, kind: "outside", label: namesLabel(peer.names), names: peer.names };
    case "service": {
      const label = serviceText(peer.service);
      return {
        ...common,
        kind: "workload",
        namespace: peer.namespace,
        label,
        names: [],
        pods: 1,
        open: [],
        policies: [],
      };
    }
    case "cidr":
    case "cidr-group":
      return { ...common, kind: "outside", label: common.id, names: [] };
    case "external":
      return { ...common, kind: "outside", label: common.id, names: [] };
  }
}

function entityKind(peer: ProgramPeer): OtherPeer["kind"] {
  const name = peerName(peer);
  if (name === gateway.name) return "gateway";
  if (name === world.name || name === all.name) return "outside";
  return isApiServer(peer) ? "api-server" : "nodes";
}
