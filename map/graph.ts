/** A sheet as a graph: cards in boxes, and one line for all flows from one card to another. */
import type { HostNetworkPeer, OtherPeer, PictureFlow, WorkloadPeer } from "./picture.ts";
import type { Card, NamespaceCard, Sheet } from "./sheets.ts";

export interface Graph {
  /** A box for each namespace, with the workloads in it. */
  readonly namespaces: readonly NamespaceBox[];
  /** The namespaces that are closed: a card for each, without a box. */
  readonly closed: readonly NamespaceCard[];
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
  /** Ids of its cards. */
  readonly from: string;
  readonly to: string;
  /** `inside` one namespace, `across` two, to or from the `outside`, a `hub`, or a workload's own pods: `self`. */
  readonly kind: LineKind;
  /** Whether no workload is to be seen at its ends: then the number of its flows says more than their ports. */
  readonly isSum: boolean;
  readonly flows: readonly PictureFlow[];
  /** `new` or `gone` as a whole, `changed` where only some of its ports or their conditions are, and otherwise `same`. */
  readonly change: PictureFlow["change"];
}

export type LineKind = "inside" | "across" | "outside" | "hub" | "self";

export function graphOf({ cards, flows, cardOf, common, busy }: Sheet): Graph {
  const byId = new Map(cards.map((card) => [card.id, card]));
  const card = (id: string): Card => {
    const known = byId.get(cardOf(id));
    if (known === undefined) throw new Error(`a flow names ${id}, which is no peer of the picture`);
    return known;
  };
  const lines = [...Map.groupBy(flows, ({ from }) => cardOf(from))].flatMap(([from, leaving]) =>
    [...Map.groupBy(leaving, ({ to }) => cardOf(to))].map(([to, together]) =>
      lineOf(together, card(from), card(to), { common, busy }),
    ),
  );
  const touching = new Map<string, number>();
  for (const id of lines.flatMap(({ from, to }) => [...new Set([from, to])]))
    touching.set(id, (touching.get(id) ?? 0) + 1);
  const busiestFirst = <C extends Card>(some: readonly C[]): C[] =>
    some.toSorted((a, b) => (touching.get(b.id) ?? 0) - (touching.get(a.id) ?? 0));
  const workloads = cards.filter((card) => card.kind === "workload");
  const others = cards.filter(isOther);
  return {
    namespaces: [...Map.groupBy(workloads, ({ namespace }) => namespace)].map(([name, members]) => ({
      name,
      workloads: members,
    })),
    closed: cards.filter((card) => card.kind === "namespace"),
    gateways: others.filter(({ kind }) => kind === "gateway"),
    outside: others.filter(({ kind }) => kind === "outside"),
    hubs: busiestFirst(others.filter(({ kind }) => kind === "api-server" || kind === "nodes")),
    hostNetwork: busiestFirst(cards.filter((card) => card.kind === "host-network")),
    lines,
  };
}

function lineOf(
  flows: readonly PictureFlow[],
  from: Card,
  to: Card,
  { common, busy }: Pick<Sheet, "common" | "busy">,
): Line {
  const [change = "same", ...more] = new Set(flows.map(({ change }) => change));
  return {
    from: from.id,
    to: to.id,
    kind: [from, to].some(({ id }) => busy.has(id))
      ? "hub"
      : lineKind(
          from,
          to,
          flows.every((flow) => common.has(flow.to)),
        ),
    isSum: [from, to].some(({ kind }) => kind === "namespace") && ![from, to].some(isPodCard),
    flows,
    change: more.length === 0 ? change : "changed",
  };
}

/** `isCommon` says that it leads to workloads only that most others connect to. */
function lineKind(from: Card, to: Card, isCommon: boolean): LineKind {
  if (isHub(from) || isHub(to)) return "hub";
  if (!isInside(from) || !isInside(to)) return "outside";
  if (from.id === to.id) return "self";
  if (isCommon) return "hub";
  return from.kind === "workload" && to.kind === "workload" && from.namespace === to.namespace ? "inside" : "across";
}

const isHub = ({ kind }: Card): boolean => kind === "api-server" || kind === "nodes" || kind === "host-network";

const isOther = (card: Card): card is OtherPeer =>
  card.kind !== "workload" && card.kind !== "host-network" && card.kind !== "namespace";

const isPodCard = ({ kind }: Card): boolean => kind === "workload" || kind === "host-network";

const isInside = ({ kind }: Card): boolean => kind === "workload" || kind === "namespace";

/** Whether a line runs straight over the picture, as those that would fill it if they were led around the cards. */
export const isCurved = ({ kind, isSum }: Line): boolean => kind === "hub" || isSum;

/** All ports of a line, `9333, 19333`: TCP goes without saying. */
export const linePorts = ({ flows }: Pick<Line, "flows">): string => portList(flows.flatMap(({ ports }) => ports));

/** What a line says beside its end: its ports, or how many flows it stands for. */
export const lineText = (line: Line): string =>
  line.isSum ? `${line.flows.length} ${line.flows.length === 1 ? "flow" : "flows"}` : linePorts(line);

/** Each port once, in order; one of several protocols is written once with all of them, `53/TCP+UDP`. */
export function portList(ports: readonly string[]): string {
  const numbers = Map.groupBy(new Set(ports), (port) => port.split("/")[0] ?? port);
  return [...numbers]
    .map(
      ([number, together]) =>
        `${number}/${together
          .map((port) => port.split("/")[1])
          .sort()
          .join("+")}`,
    )
    .map((port) => port.replace(/\/TCP$/, ""))
    .sort(byPort)
    .join(", ");
}

/** Ports by number, then by what else is written. */
export const byPort = (a: string, b: string): number =>
  Number.parseInt(a, 10) - Number.parseInt(b, 10) || a.localeCompare(b);
