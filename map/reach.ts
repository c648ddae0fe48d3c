/** The picture of any policies, as the reachability engine judges them; also of two versions, with what differs. */
import type { Policy } from "../cilium/policy/schema.ts";
import type { Inventory, Peer as ReachPeer } from "../cilium/reach/compile/inventory.ts";
import type { AllowedSpan } from "../cilium/reach/decide/spans.ts";
import { conditionsOf } from "../cilium/reach/report/conditions.ts";
import type { Connection } from "../cilium/reach/report/connections.ts";
import { peerText } from "../cilium/reach/report/explain.ts";
import { type Change, namesLabel, type OtherPeer, type Peer, type Picture, type PictureFlow } from "./picture.ts";
import { policyTexts, selectingPolicies } from "./policies.ts";

/** One version: policies, what they are judged against, and the connections that they allow. */
export interface Version {
  readonly title: string;
  readonly policies: readonly Policy[];
  readonly inventory: Inventory;
  readonly connections: readonly Connection[];
}

/**
 * @param before what to compare with
 * @param purpose what connections between two ends on these ports are for, empty where nobody says
 */
export function reachPicture(
  version: Version,
  before: Version | undefined,
  purpose: (from: string, to: string, ports: readonly string[]) => string,
): Picture {
  const flows = flowsOf(version, before ?? version).map((flow) => ({
    ...flow,
    purpose: purpose(flow.from, flow.to, flow.ports) || undefined,
  }));
  const shown = new Set(flows.flatMap(({ from, to }) => [from, to]));
  const ends = [...version.connections, ...(before?.connections ?? [])]
    .flatMap(({ source, destination }) => [source.peer, destination.peer])
    .filter((end) => shown.has(peerText(end)));
  const lists = nameLists(ends, flows);
  const listOf = new Map(lists.flatMap((names) => names.map((name) => [name, names.join(", ")] as const)));
  const joined = flows.map((flow) => ({ ...flow, to: listOf.get(flow.to) ?? flow.to }));
  return {
    title: version.title,
    comparedWith: before?.title,
    peers: [...podPeers(version, before ?? version), ...otherPeers(ends), ...lists.map(namesPeer)],
    flows: [...new Map(joined.map((flow) => [JSON.stringify(flow), flow])).values()],
    policies: policyTexts(version.policies),
  };
}

/** One flow for all ports of a pair that are alike in their conditions and in their change. */
function flowsOf(after: Version, before: Version): PictureFlow[] {
  const now = permissions(after.connections);
  const old = permissions(before.connections);
  const all = [...new Map([...now, ...old])].map(([key, permission]) => {
    const change: Change = !old.has(key) ? "new" : now.has(key) ? "same" : "gone";
    return { ...permission, change };
  });
  const alike = Map.groupBy(all, ({ from, to, conditions, change }) => JSON.stringify([from, to, conditions, change]));
  return [...alike.values()].flatMap((together) =>
    together.slice(0, 1).map(({ port, ...flow }) => ({
      ...flow,
      ports: together.map(({ port }) => port),
      purpose: undefined,
    })),
  );
}

interface Permission {
  readonly from: string;
  readonly to: string;
  readonly port: string;
  readonly conditions: readonly string[];
}

function permissions(connections: readonly Connection[]): Map<string, Permission> {
  const found = connections.flatMap(({ source, destination, spans }) =>
    spans.map((span) => ({
      to: destination.peer,
      permission: {
        from: peerText(source.peer),
        to: peerText(destination.peer),
        port: portText(span),
        conditions: conditionsOf(span.verdict),
      },
    })),
  );
  const isWorld = ({ kind }: ReachPeer): boolean => kind === "fqdn" || kind === "cidr" || kind === "address";
  const toWorld = new Set(
    found.flatMap(({ to, permission: { from, port } }) =>
      to.kind === "entity" && to.entity === "world" ? [JSON.stringify([from, port])] : [],
    ),
  );
  // Who may reach the whole world reaches each name and address in it; that is said once.
  const telling = found.filter(
    ({ to, permission: { from, port } }) => !(isWorld(to) && toWorld.has(JSON.stringify([from, port]))),
  );
  return new Map(telling.map(({ permission }) => [JSON.stringify(permission), permission]));
}

function portText({ protocol, from, to }: AllowedSpan): string {
  if (from === 0 && to === 65535) return `any/${protocol}`;
  return `${from === to ? from : `${from}-${to}`}/${protocol}`;
}

/** DNS names that are reached from the same peers in the same way, as they stand together in the rules. */
function nameLists(ends: readonly ReachPeer[], flows: readonly PictureFlow[]): string[][] {
  const names = new Set(ends.flatMap((end) => (end.kind === "fqdn" ? [end.name] : [])));
  const reached = Map.groupBy(flows, ({ to }) => to);
  const alike = Map.groupBy(names, (name) =>
    JSON.stringify(
      (reached.get(name) ?? []).map(({ from, ports, conditions, change }) => [from, ports, conditions, change]),
    ),
  );
  return [...alike.values()];
}

/** The endpoints of both versions; those that only the earlier one has come last in their namespace. */
function podPeers(after: Version, before: Version): Peer[] {
  const policies = selectingPolicies(after.policies, after.inventory);
  const id = ({ namespace, name }: { namespace: string; name: string }) => `${namespace}/${name}`;
  const now = new Set(after.inventory.endpoints.map(id));
  const old = new Set(before.inventory.endpoints.map(id));
  const endpoints = new Map([...before.inventory.endpoints, ...after.inventory.endpoints].map((one) => [id(one), one]));
  return [...new Set([...now, ...old])].flatMap((name): Peer[] => {
    const endpoint = endpoints.get(name);
    if (endpoint === undefined) return [];
    const change: Change = !old.has(name) ? "new" : now.has(name) ? "same" : "gone";
    const { namespace, name: label } = endpoint;
    const shown = { id: name, namespace, label, names: [], note: undefined, change };
    return endpoint.hostNetwork
      ? [{ ...shown, kind: "host-network" }]
      : [{ ...shown, kind: "workload", policies: policies.get(name) ?? [] }];
  });
}

function otherPeers(ends: readonly ReachPeer[]): OtherPeer[] {
  const others = ends.filter(({ kind }) => kind !== "endpoint" && kind !== "fqdn");
  return [...new Map(others.map((end) => [peerText(end), end]))].map(([id, end]) => ({
    kind: otherKind(end),
    id,
    label: id,
    names: [],
    note: undefined,
    change: "same",
  }));
}

function otherKind(peer: ReachPeer): OtherPeer["kind"] {
  if (peer.kind === "node") return "nodes";
  if (peer.kind !== "entity") return "outside";
  switch (peer.entity) {
    case "ingress":
      return "gateway";
    case "world":
      return "outside";
    case "kube-apiserver":
      return "api-server";
    case "host":
    case "control-plane-host":
    case "remote-node":
    case "health":
    case "init":
    case "unmanaged":
      return "nodes";
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
