/**
 * The sheets of a map. A small cluster has one, with everything. A large one has a sheet that shows its namespaces, a card
 * for each, and one for each namespace that opens it among the others.
 */
import type { HostNetworkPeer, OtherPeer, Peer, Picture, PictureFlow, WorkloadPeer } from "./picture.ts";

export interface Sheet {
  /** The namespace that is open; undefined where all of them are, or none. */
  readonly open: string | undefined;
  /** In the order in which they are shown. */
  readonly cards: readonly Card[];
  /** What is drawn, between the peers of the picture. */
  readonly flows: readonly PictureFlow[];
  /** The id of the card that shows a peer: its own, or that of what it is folded into. */
  readonly cardOf: (id: string) => string;
  /** Workloads that most others connect to, as all do to the DNS server: their lines would cover the picture. */
  readonly common: ReadonlySet<string>;
  /** Cards that are joined with most closed namespaces, as the Gateway is: so would theirs. */
  readonly busy: ReadonlySet<string>;
}

/** A peer, or what stands for all peers of a closed namespace. */
export type Card = Peer | NamespaceCard;

export interface NamespaceCard extends Pick<OtherPeer, "id" | "label" | "names" | "note" | "change"> {
  readonly kind: "namespace";
  readonly workloads: number;
  readonly pods: number;
  /** How many of its workloads are in default deny in both directions. Pods on the host's network cannot be. */
  readonly denying: number;
  readonly governed: number;
}

/** As many workloads can be read at once. */
const mostWorkloads = 150;
/** As many peers outside the cluster, where there are several sheets; the busiest are shown. */
const mostOutside = 12;

/** The namespaces that have a sheet of their own; none where everything is on one. */
export const namespacesToOpen = (picture: Picture): string[] =>
  isSmall(picture) ? [] : [...new Set(picture.peers.filter(isPod).map(({ namespace }) => namespace))];

/** The sheet that opens a namespace or, without one, the sheet that is shown first. */
export const sheetOf = (picture: Picture, open?: string): Sheet =>
  isSmall(picture) ? wholeSheet(picture) : folded(picture, open);

/** What is gone does not count here, nor in what follows from the flows: a comparison has the sheets that there are without it. */
const isSmall = ({ peers }: Picture): boolean => peers.filter(isPod).filter(isThere).length <= mostWorkloads;

const isThere = ({ change }: Peer | PictureFlow): boolean => change !== "gone";

/** Everything on one sheet. */
export const wholeSheet = (picture: Picture): Sheet => ({
  open: undefined,
  cards: picture.peers,
  flows: picture.flows,
  cardOf: (id) => id,
  common: commonServers(picture),
  busy: new Set(),
});

function commonServers({ peers, flows }: Picture): ReadonlySet<string> {
  const workloads = peers.filter((peer) => peer.kind === "workload" && isThere(peer)).length;
  const sources = [...Map.groupBy(flows.filter(isThere), ({ to }) => to)].map(
    ([to, arriving]) => [to, new Set(arriving.map(({ from }) => from)).size] as const,
  );
  return new Set(sources.flatMap(([to, count]) => (count > Math.max(fewWorkloads, workloads / 2) ? [to] : [])));
}

const fewWorkloads = 10;

/** The id of a namespace's card; no peer's id ends like this. */
export const namespaceId = (namespace: string): string => `${namespace}/`;

export const isPod = (peer: Peer): peer is WorkloadPeer | HostNetworkPeer =>
  peer.kind === "workload" || peer.kind === "host-network";

const restId = "other peers outside the cluster";

/** The sheet on which all namespaces but one are closed, with what that one has to do with; without one, with all there is. */
function folded(picture: Picture, open: string | undefined): Sheet {
  const { peers, flows } = picture;
  const common = commonServers(picture);
  const places = new Map(
    peers.map((peer) => [peer.id, isPod(peer) && peer.namespace !== open ? namespaceId(peer.namespace) : peer.id]),
  );
  const place = (id: string): string => places.get(id) ?? id;
  const isOpen = new Set(peers.flatMap((peer) => (isPod(peer) && peer.namespace === open ? [peer.id] : [])));
  const drawn = flows.filter(({ from, to }) =>
    open === undefined ? place(from) !== place(to) : isOpen.has(from) || isOpen.has(to),
  );
  const joined = new Set(drawn.flatMap(({ from, to }) => [place(from), place(to)]));
  const isShown = (id: string): boolean => open === undefined || isOpen.has(id) || joined.has(id);
  const rest = restOf(
    peers.filter(({ kind, id }) => kind === "outside" && isShown(id)),
    neighboursBy(place, drawn),
  );
  for (const { id } of rest) places.set(id, restId);
  const namespaces = Map.groupBy(peers.filter(isPod), ({ namespace }) => namespace);
  const ownFlows = drawn.filter(({ to }) => !common.has(to));
  return {
    open,
    cards: [
      ...[...namespaces].flatMap(([name, pods]): Card[] => {
        if (name === open) return pods;
        return isShown(namespaceId(name)) ? [namespaceCard(name, pods)] : [];
      }),
      ...peers.filter((peer) => !isPod(peer) && isShown(peer.id) && place(peer.id) === peer.id),
      ...(rest.length > 0 ? [restCard(rest)] : []),
    ],
    flows: drawn,
    cardOf: place,
    common,
    busy: open === undefined ? busyCards(neighboursBy(place, ownFlows), namespaces.size) : new Set(),
  };
}

/** The cards that each card has flows from or to, by id. */
function neighboursBy(place: (id: string) => string, flows: readonly PictureFlow[]): Map<string, Set<string>> {
  const neighbours = new Map<string, Set<string>>();
  const join = (one: string, other: string): void => {
    neighbours.set(one, (neighbours.get(one) ?? new Set()).add(other));
  };
  for (const { from, to } of flows.filter(isThere)) {
    join(place(from), place(to));
    join(place(to), place(from));
  }
  return neighbours;
}

/** What is folded into one card: all but the busiest, where there are many. */
function restOf(outside: readonly Peer[], neighbours: ReadonlyMap<string, ReadonlySet<string>>): readonly Peer[] {
  const degree = ({ id }: Peer): number => neighbours.get(id)?.size ?? 0;
  const ranked = outside.toSorted((a, b) => degree(b) - degree(a));
  return ranked.filter((peer) => degree(peer) > 0).length > mostOutside ? ranked.slice(mostOutside - 1) : [];
}

const busyCards = (neighbours: ReadonlyMap<string, ReadonlySet<string>>, namespaces: number): Set<string> =>
  new Set([...neighbours].flatMap(([id, { size }]) => (size > Math.max(fewWorkloads, namespaces / 2) ? [id] : [])));

function namespaceCard(name: string, pods: readonly (WorkloadPeer | HostNetworkPeer)[]): NamespaceCard {
  const governed = pods.filter((peer) => peer.kind === "workload");
  const [change = "same", ...more] = new Set(pods.map(({ change }) => change));
  return {
    kind: "namespace",
    id: namespaceId(name),
    label: name,
    names: [],
    note: undefined,
    change: more.length === 0 ? change : "same",
    workloads: pods.length,
    pods: pods.reduce((sum, { pods }) => sum + pods, 0),
    denying: governed.filter(({ open }) => open.length === 0).length,
    governed: governed.length,
  };
}

const restCard = (peers: readonly Peer[]): OtherPeer => ({
  kind: "outside",
  id: restId,
  label: `${peers.length} more`,
  names: [],
  note: "the busiest have cards of their own",
  change: "same",
});
