/** A program's flows held against the connections of a record: which were never seen, which were seen and not declared. */
import type { ConfiguredCluster } from "../model/cluster.ts";
import type { Flow } from "../model/flow.ts";
import { type Peer, peerName, selectionOf, type Workload } from "../model/peers.ts";
import { isNumbered, isUsedBy, type Port } from "../model/ports.ts";
import { destinationFields } from "../model/selection.ts";
import type { Identity } from "../reach/compile/identity.ts";
import { egressPeers, placedPeers } from "../reach/compile/peers.ts";
import { selects } from "../reach/compile/selection.ts";
import type { End } from "./end.ts";
import type { Judged } from "./judge.ts";
import { onceEach } from "./once.ts";
import type { Connection, FlowRecord } from "./record.ts";
import type { FindWorkload } from "./workload.ts";

/** The ports of a flow that nothing used. */
export type UnseenFlow = {
  readonly flow: Flow;
  readonly ports: readonly Port[];
  /** Whether pods of its source are in the record at all; what is no pod counts as seen. */
  readonly sourceSeen: boolean;
};

type DeclaredPort = { readonly flow: Flow; readonly port: Port };

export type Comparison = {
  /** The connections that no flow states; every pod may resolve names without one. */
  readonly undeclared: ReadonlySet<Connection>;
  readonly unseen: readonly UnseenFlow[];
};

export function compareWithFlows(
  record: FlowRecord,
  cluster: ConfiguredCluster,
  find: FindWorkload,
  judged: Judged,
): Comparison {
  const declared = cluster.flows.flatMap((flow) => flow.ports.map((port): DeclaredPort => ({ flow, port })));
  const byNumber = Map.groupBy(declared, ({ port }) =>
    isNumbered(port) && port.last === undefined ? port.number : undefined,
  );
  const isEnd = endMatcher(cluster, find, judged);
  const seen = new Set<DeclaredPort>();
  const undeclared = new Set<Connection>();
  for (const connection of record.connections) {
    const { source, destination, protocol, port } = connection;
    const stating = [...(byNumber.get(port) ?? []), ...(byNumber.get(undefined) ?? [])].filter(
      (one) => isUsedBy(one.port, protocol, port) && isEnd(one.flow.from, source) && isEnd(one.flow.to, destination),
    );
    for (const one of stating) seen.add(one);
    if (stating.length === 0 && !isNameResolution(connection, cluster, find)) undeclared.add(connection);
  }
  return {
    undeclared,
    unseen: unseenFlows(
      declared.filter((one) => !seen.has(one)),
      record,
      find,
    ),
  };
}

function unseenFlows(unseen: readonly DeclaredPort[], record: FlowRecord, find: FindWorkload): UnseenFlow[] {
  const ends = record.connections.flatMap(({ source, destination }) => [find(source), find(destination)]);
  const present = new Set([...new Set(ends)].map(workloadId));
  return [...Map.groupBy(unseen, ({ flow }) => flow)].map(([flow, ports]) => ({
    flow,
    ports: ports.map(({ port }) => port),
    sourceSeen: flow.from.kind !== "workload" || present.has(peerName(flow.from)),
  }));
}

/** Tells whether a peer of the program stands at an end of a connection. */
function endMatcher(cluster: ConfiguredCluster, find: FindWorkload, { partyOf }: Judged) {
  const ids = new Map<End, string | undefined>();
  const idOf = (end: End): string | undefined => {
    if (!ids.has(end)) ids.set(end, workloadId(find(end)));
    return ids.get(end);
  };
  const matcherOf = (peer: Peer): ((end: End) => boolean) => {
    if (peer.kind !== "workload" || peer.isGroup) {
      const selects = selectorOf(peer, cluster);
      return (end) => selects(partyOf(end).identity);
    }
    const id = peerName(peer);
    return (end) => idOf(end) === id;
  };
  const matches = onceEach(matcherOf);
  return (peer: Peer, end: End): boolean => matches(peer)(end);
}

const workloadId = (workload: Workload | undefined): string | undefined => workload && peerName(workload);

function selectorOf(peer: Peer, { settings }: ConfiguredCluster): (identity: Identity) => boolean {
  const world = {
    namespace: undefined,
    cluster: settings.clusterName,
    localCluster: settings.clusterName,
    subject: undefined,
    cidrGroups: undefined,
    services: undefined,
  };
  const peers = placedPeers(egressPeers(destinationFields([selectionOf(peer)], undefined)), true, "", world);
  return (identity) => peers.some(({ selector }) => selects(selector, identity) === "yes");
}

function isNameResolution({ destination, port }: Connection, { dns }: ConfiguredCluster, find: FindWorkload): boolean {
  if (dns === undefined || !dns.ports.some((served) => isNumbered(served) && served.number === port)) return false;
  return workloadId(find(destination)) === peerName(dns.peer);
}
