/** The picture of any policies, as the reachability engine judges them; also of two versions, with what differs. */
import { entityName } from "../cilium/policy/entity.ts";
import type { Peer as ReachPeer } from "../cilium/reach/compile/inventory.ts";
import { compile } from "../cilium/reach/compile/network.ts";
import { conditionsOf } from "../cilium/reach/report/conditions.ts";
import type { Connection } from "../cilium/reach/report/connections.ts";
import { openDirections } from "../cilium/reach/report/coverage.ts";
import { diff, type Side } from "../cilium/reach/report/diff.ts";
import { worldIPv4, worldIPv6 } from "../cilium/reach/report/diff-sides.ts";
import { describe } from "../cilium/reach/report/diff-text.ts";
import { directionsOf, remarks, told } from "../cilium/reach/report/diff-told.ts";
import type { Difference, FlowEnd, PortSpan } from "../cilium/reach/report/difference.ts";
import { peerText } from "../cilium/reach/report/explain.ts";
import { type Change, namesLabel, type OtherPeer, type Peer, type Picture, type PictureFlow } from "./picture.ts";
import { policyTexts, selectingPolicies } from "./policies.ts";
import { isPod } from "./sheets.ts";

/** One version: policies, and what they are judged against. */
export interface Version extends Side {
  readonly title: string;
  /** How many pods stand behind a workload's name, `namespace/name`, where that is more than one. */
  readonly pods?: ReadonlyMap<string, number>;
}

/** What a program calls the ends that are no pods. */
export interface Stated {
  readonly peers: readonly Peer[];
  /** Ids of the peers of the flow that it states between two ends on some of these ports, or else on others. */
  readonly ends: (
    from: string,
    to: string,
    ports: readonly string[],
  ) => { readonly from: string; readonly to: string } | undefined;
}

const nothingStated: Stated = { peers: [], ends: () => undefined };

/**
 * @param connections what the policies of the version allow
 * @param before what to compare with: the marks are what `netpol diff` tells
 * @param purpose what connections between two ends on these ports are for, empty where nobody says
 * @param stated whose peers are shown in the place of what the engine calls otherwise
 */
export function reachPicture(
  version: Version,
  connections: readonly Connection[],
  before: Version | undefined,
  purpose: (from: string, to: string, ports: readonly string[]) => string,
  stated: Stated = nothingStated,
): Picture {
  const difference = before && diff(before, version);
  const flows = [...keptFlows(connections, difference), ...(difference === undefined ? [] : changedFlows(difference))];
  const own = new Map(stated.peers.flatMap((peer) => (isPod(peer) ? [] : [[peer.id, peer] as const])));
  const alone = Map.groupBy(own.values(), ({ id, names }) => (names.length === 0 ? id : names.join()));
  const statedEnd = (end: "from" | "to", { from, to, ports }: DrawnFlow): Peer | undefined => {
    const { kind, name } = { from, to }[end];
    if (kind === "endpoint") return undefined;
    return own.get(stated.ends(from.name, to.name, ports)?.[end] ?? "") ?? alone.get(name)?.[0];
  };
  const sources = flows.filter((flow) => statedEnd("from", flow) === undefined);
  const destinations = flows.filter((flow) => statedEnd("to", flow) === undefined);
  const ends = [...sources.map(({ from }) => from), ...destinations.map(({ to }) => to)];
  // Without a comparison the same names stand together.
  const plain = nameLists(keptFlows(connections, undefined).filter((flow) => statedEnd("to", flow) === undefined));
  const known = new Set(plain.flat());
  const lists = [...plain, ...nameLists(destinations.filter(({ to }) => !known.has(to.name)))];
  const listOf = new Map(lists.flatMap((names) => names.map((name) => [name, names] as const)));
  const drawn = (flow: DrawnFlow): PictureFlow => {
    const { from, to, ...what } = flow;
    return {
      from: statedEnd("from", flow)?.id ?? from.name,
      to: statedEnd("to", flow)?.id ?? listOf.get(to.name)?.join(", ") ?? to.name,
      ...what,
      purpose: purpose(from.name, to.name, flow.ports) || undefined,
    };
  };
  const statedEnds = flows.flatMap((flow) => [statedEnd("from", flow) ?? [], statedEnd("to", flow) ?? []].flat());
  return {
    title: version.title,
    comparison: before && difference && { title: before.title, summary: describe(difference).summary },
    peers: [
      ...podPeers(version, before ?? version, difference),
      ...ends
        .filter(({ kind }) => kind === "other-pods")
        .slice(0, 1)
        .map(otherPods),
      ...new Map(statedEnds.map((peer) => [peer.id, peer])).values(),
      ...otherPeers(ends),
      ...lists.map(namesPeer),
    ],
    flows: [...Map.groupBy(flows, (flow) => JSON.stringify(drawn(flow))).values()].flatMap((alike) =>
      alike.slice(0, 1).map((flow) => {
        const names = new Set(alike.map(({ to }) => to.name));
        const list = statedEnd("to", flow)?.names ?? listOf.get(flow.to.name);
        return narrowed(drawn(flow), [...names], flow.to.kind === "fqdn" ? list : undefined);
      }),
    ),
    policies: policyTexts(version.policies),
  };
}

/** A flow to only some of the names that stand together says to which. */
const narrowed = (flow: PictureFlow, names: readonly string[], list: readonly string[] = []): PictureFlow =>
  names.length < list.length ? { ...flow, conditions: [...flow.conditions, `${names.join(", ")} only`] } : flow;

type DrawnFlow = Pick<PictureFlow, "ports" | "conditions" | "change"> & {
  readonly from: FlowEnd;
  readonly to: FlowEnd;
};

/** What the connections allow on ports that are no part of a difference: one flow for those alike in their conditions. */
function keptFlows(connections: readonly Connection[], difference: Difference | undefined): DrawnFlow[] {
  const { opened = [], changed = [], undecidable = [] } = difference ?? {};
  const differing = Map.groupBy([...opened, ...changed, ...undecidable], ({ from, to }) => pairKey(from, to));
  const all = connections.flatMap(({ source, destination, spans }) => {
    const [from, to] = [endOf(source.peer), endOf(destination.peer)];
    const ports = differing.get(pairKey(from, to))?.flatMap(({ ports }) => ports) ?? [];
    return spans.flatMap((span) =>
      without(span, ports).map((piece) => ({
        from,
        to,
        port: portText(piece),
        conditions: conditionsOf(span.verdict),
      })),
    );
  });
  // Who may reach the whole world reaches each name and address in it; that is said once.
  const worldKey = (from: FlowEnd, port: string) => JSON.stringify([from.name, port]);
  const toWorld = new Set(all.flatMap(({ from, to, port }) => (to.name === world ? [worldKey(from, port)] : [])));
  const telling = all.filter(
    ({ from, to, port }) => !((to.kind === "fqdn" || to.kind === "cidr") && toWorld.has(worldKey(from, port))),
  );
  const alike = Map.groupBy(telling, ({ from, to, conditions }) => JSON.stringify([from, to, conditions]));
  return [...alike.values()].flatMap((together) =>
    together.slice(0, 1).map(({ port: _, ...flow }) => ({
      ...flow,
      ports: together.map(({ port }) => port),
      change: "same",
    })),
  );
}

/** What is told of a difference. */
function changedFlows(difference: Difference): DrawnFlow[] {
  const { closed, opened, changed, undecidable } = told(difference);
  return [
    ...closed.map(({ ports, ...flow }) => ({ ...flow, ports: ports.map(portText), change: "gone" as const })),
    ...opened.map(({ ports, ...flow }) => ({ ...flow, ports: ports.map(portText), change: "new" as const })),
    ...changed.map((flow) => changedFlow(flow, remarks.changed(flow))),
    ...undecidable.map((flow) => changedFlow(flow, remarks.undecidable(flow))),
  ];
}

const changedFlow = (
  { from, to, ports }: Difference["changed" | "undecidable"][number],
  remark: string,
): DrawnFlow => ({
  from,
  to,
  ports: ports.map(portText),
  conditions: [remark],
  change: "changed",
});

/** What the connections call the world: its IPv4 addresses that no policy names. */
const world = "world";

function endOf(peer: ReachPeer): FlowEnd {
  const name = peerText(peer);
  switch (peer.kind) {
    case "endpoint":
    case "entity":
    case "node":
    case "cidr":
    case "fqdn":
      return { kind: peer.kind, name };
    case "address":
      return { kind: "cidr", name };
    case "service":
      return { kind: "entity", name };
  }
}

/** Equal for the same ends, whether connections or a difference name them. */
const pairKey = (from: FlowEnd, to: FlowEnd): string =>
  JSON.stringify([from, to].map(({ name }) => (name === world ? worldIPv4 : name === anyIPv6 ? worldIPv6 : name)));

const anyIPv6 = "::/0";

/** The parts of a span that lie in none of the others. */
const without = (span: PortSpan, others: readonly PortSpan[]): PortSpan[] =>
  others
    .filter(({ protocol }) => protocol === span.protocol)
    .reduce(
      (pieces, { from, to }) =>
        pieces
          .flatMap((piece) => [
            { ...piece, to: Math.min(piece.to, from - 1) },
            { ...piece, from: Math.max(piece.from, to + 1) },
          ])
          .filter((piece) => piece.from <= piece.to),
      [span],
    );

function portText({ protocol, from, to }: PortSpan): string {
  if (from === 0 && to === 65535) return `any/${protocol}`;
  return `${from === to ? from : `${from}-${to}`}/${protocol}`;
}

/** DNS names that are reached from the same peers in the same way, as they stand together in the rules. */
function nameLists(flows: readonly DrawnFlow[]): string[][] {
  const reached = Map.groupBy(
    flows.filter(({ to }) => to.kind === "fqdn"),
    ({ to }) => to.name,
  );
  const alike = Map.groupBy([...reached], ([, arriving]) =>
    JSON.stringify(arriving.map(({ from, ports, conditions, change }) => [from.name, ports, conditions, change])),
  );
  return [...alike.values()].map((together) => together.map(([name]) => name));
}

/** The endpoints of both versions; those that only the earlier one has come last in their namespace. */
function podPeers(after: Version, before: Version, difference: Difference | undefined): Peer[] {
  const network = compile(after.policies, after.inventory);
  const policies = selectingPolicies(after.policies, network);
  const isOpen = openDirections(network);
  const enter = directionsOf(difference?.isolated ?? []);
  const leave = directionsOf(difference?.exposed ?? []);
  const noteOf = (id: string): string | undefined =>
    [
      ...(enter.has(id) ? [`enters default deny ${enter.get(id)}`] : []),
      ...(leave.has(id) ? [`leaves default deny ${leave.get(id)}`] : []),
    ].join(", ") || undefined;
  const id = ({ namespace, name }: { namespace: string; name: string }) => `${namespace}/${name}`;
  const now = new Set(after.inventory.endpoints.map(id));
  const old = new Set(before.inventory.endpoints.map(id));
  const endpoints = new Map([...before.inventory.endpoints, ...after.inventory.endpoints].map((one) => [id(one), one]));
  return [...new Set([...now, ...old])].flatMap((name): Peer[] => {
    const endpoint = endpoints.get(name);
    if (endpoint === undefined) return [];
    const change: Change = !old.has(name) ? "new" : now.has(name) ? "same" : "gone";
    const { namespace, name: label } = endpoint;
    const pods = after.pods?.get(name) ?? before.pods?.get(name) ?? 1;
    const shown = { id: name, namespace, label, pods, names: [], note: noteOf(name), change };
    return endpoint.hostNetwork
      ? [{ ...shown, kind: "host-network" }]
      : [
          {
            ...shown,
            kind: "workload",
            open: change === "gone" ? [] : isOpen(endpoint),
            policies: policies.get(name) ?? [],
          },
        ];
  });
}

/** The pods that no inventory lists, in a box of their own. */
const otherPods = ({ name }: FlowEnd): Peer => ({
  kind: "workload",
  id: name,
  namespace: "other namespaces",
  label: name,
  names: [],
  note: undefined,
  pods: 1,
  open: [],
  policies: [],
  change: "same",
});

const otherPeers = (ends: readonly FlowEnd[]): OtherPeer[] =>
  [...new Map(ends.map((end) => [end.name, end])).values()].flatMap((end) => {
    const kind = otherKind(end);
    if (kind === undefined) return [];
    const { name } = end;
    return [{ kind, id: name, label: name, names: [], note: undefined, change: "same" }];
  });

/** What is shown of an end that is no pod and no DNS name. */
function otherKind({ kind, name }: FlowEnd): OtherPeer["kind"] | undefined {
  switch (kind) {
    case "endpoint":
    case "other-pods":
    case "set":
    case "fqdn":
      return undefined;
    case "cidr":
      return "outside";
    case "node":
      return "nodes";
    case "entity":
      if (name === entityName("ingress")) return "gateway";
      if (name === entityName("kube-apiserver")) return "api-server";
      return [world, worldIPv4, worldIPv6].includes(name) ? "outside" : "nodes";
  }
}

const namesPeer = (names: readonly string[]): OtherPeer => ({
  kind: "outside",
  id: names.join(", "),
  label: namesLabel(names),
  names,
  note: undefined,
  change: "same",
});
