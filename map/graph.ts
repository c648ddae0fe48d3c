/** The picture as a graph: peers in boxes, and one line for all flows from one peer to another. */
import type { HostNetworkPeer, OtherPeer, Peer, Picture, PictureFlow, WorkloadPeer } from "./picture.ts";

export interface Graph {
  /** A box for each namespace, with the workloads in it. */
  readonly namespaces: readonly NamespaceBox[];
  /** The ways in, on the left: without a box. */
  readonly gateways: readonly OtherPeer[];
  /** What lies outside the cluster, on the right: without a box. */
  readonly outside: readonly OtherPeer[];
  /** The API server and the nodes, the busiest first: no lines at rest, since nearly all workloads talk to them. */
  readonly hubs: readonly OtherPeer[];
  /** Pods on the host's network: nodes, as far as policies can see. */
  readonly hostNetwork: readonly HostNetworkPeer[];
  readonly lines: readonly Line[];
}

export interface NamespaceBox {
  readonly name: string;
  readonly workloads: readonly WorkloadPeer[];
}

export interface Line {
  /** Ids of its peers. */
  readonly from: string;
  readonly to: string;
  /** `inside` one namespace, `across` two, to or from the `outside`, a `hub`, or a workload's own pods: `self`. */
  readonly kind: LineKind;
  readonly flows: readonly PictureFlow[];
  /** `new` or `gone` as a whole, `changed` where only some of its ports or their conditions are, and otherwise `same`. */
  readonly change: PictureFlow["change"];
}

export type LineKind = "inside" | "across" | "outside" | "hub" | "self";

export function graphOf({ peers, flows }: Picture): Graph {
  const byId = new Map(peers.map((peer) => [peer.id, peer]));
  const peer = (id: string): Peer => {
    const known = byId.get(id);
    if (known === undefined) throw new Error(`a flow names ${id}, which is no peer of the picture`);
    return known;
  };
  const workloads = peers.filter((peer) => peer.kind === "workload");
  const others = peers.filter((peer) => peer.kind !== "workload" && peer.kind !== "host-network");
  const common = commonServers(flows, workloads.length);
  const lines = [...Map.groupBy(flows, ({ from }) => from)].flatMap(([from, leaving]) =>
    [...Map.groupBy(leaving, ({ to }) => to)].map(([to, together]) => lineOf(together, peer(from), peer(to), common)),
  );
  const touching = ({ id }: Peer): number => lines.filter(({ from, to }) => from === id || to === id).length;
  return {
    namespaces: [...Map.groupBy(workloads, ({ namespace }) => namespace)].map(([name, members]) => ({
      name,
      workloads: members,
    })),
    gateways: others.filter(({ kind }) => kind === "gateway"),
    outside: others.filter(({ kind }) => kind === "outside"),
    hubs: others
      .filter(({ kind }) => kind === "api-server" || kind === "nodes")
      .sort((a, b) => touching(b) - touching(a)),
    hostNetwork: peers.filter((peer) => peer.kind === "host-network").sort((a, b) => touching(b) - touching(a)),
    lines,
  };
}

/** Workloads that most others connect to, as all do to the DNS server: their lines would cover the picture too. */
function commonServers(flows: readonly PictureFlow[], workloads: number): ReadonlySet<string> {
  const sources = [...Map.groupBy(flows, ({ to }) => to)].map(
    ([to, arriving]) => [to, new Set(arriving.map(({ from }) => from)).size] as const,
  );
  return new Set(sources.flatMap(([to, count]) => (count > Math.max(fewWorkloads, workloads / 2) ? [to] : [])));
}

const fewWorkloads = 10;

function lineOf(flows: readonly PictureFlow[], from: Peer, to: Peer, common: ReadonlySet<string>): Line {
  const [change = "same", ...more] = new Set(flows.map(({ change }) => change));
  return {
    from: from.id,
    to: to.id,
    kind: lineKind(from, to, common),
    flows,
    change: more.length === 0 ? change : "changed",
  };
}

function lineKind(from: Peer, to: Peer, common: ReadonlySet<string>): LineKind {
  if (isHub(from) || isHub(to)) return "hub";
  if (from.kind !== "workload" || to.kind !== "workload") return "outside";
  if (from.id === to.id) return "self";
  if (common.has(to.id)) return "hub";
  return from.namespace === to.namespace ? "inside" : "across";
}

const isHub = ({ kind }: Peer): boolean => kind === "api-server" || kind === "nodes" || kind === "host-network";

/** All ports of a line, `9333, 19333`: TCP goes without saying. */
export const linePorts = ({ flows }: Pick<Line, "flows">): string => portList(flows.flatMap(({ ports }) => ports));

/** Each port once, in order; a port of several protocols is written once without them. */
export function portList(ports: readonly string[]): string {
  const protocols = Map.groupBy(new Set(ports), (port) => port.split("/")[0] ?? port);
  return [...protocols]
    .map(([number, together]) => (together.length > 1 ? number : (together[0] ?? "").replace(/\/TCP$/, "")))
    .sort(byPort)
    .join(", ");
}

/** Ports by number, then by what else is written. */
export const byPort = (a: string, b: string): number =>
  Number.parseInt(a, 10) - Number.parseInt(b, 10) || a.localeCompare(b);
