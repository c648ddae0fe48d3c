/**
 * The changed flows of a difference as few lines: an address or a name says nothing that the world around it says already,
 * ends that make up an entity go by its name, and flows that agree in one end are told together.
 */
import { containsPrefix } from "../../policy/cidr.ts";
import { parseAddressOrPrefix } from "../compile/addresses.ts";
import { portsText } from "./diff-ports.ts";
import { worldIPv4, worldIPv6 } from "./diff-sides.ts";
import type { End, FlowChange, PortSpan } from "./difference.ts";

/** Sources told together, and what each of them reaches: ends that have the same ports. */
export type Line = { readonly from: readonly string[]; readonly to: readonly Reached[]; readonly remark: string };

export type Reached = { readonly names: readonly string[]; readonly ports: string };

/** `remark` is what else there is to say about a flow: only flows that agree in it are told together. */
export function lines<F extends FlowChange>(flows: readonly F[], remark: (flow: F) => string): Line[] {
  const remarked = flows.map((flow) => ({ flow, remark: remark(flow) }));
  const needed = withoutImplied(withoutImplied(remarked, "from"), "to");
  const all = needed.map(({ flow, remark }) => ({
    from: flow.from,
    to: flow.to,
    ports: portsText(flow.ports),
    remark,
  }));
  const told = merged(merged(all, "to"), "from");
  const groups = [...Map.groupBy(told, ({ to, ports, remark }) => JSON.stringify([to.name, ports, remark])).values()];
  const single = groups.filter(({ length }) => length === 1).flat();
  return [
    ...groups.filter(({ length }) => length > 1).flatMap((group) => line(group, group.slice(0, 1))),
    ...[...Map.groupBy(single, ({ from, remark }) => JSON.stringify([from.name, remark])).values()].flatMap((group) =>
      line(group.slice(0, 1), group),
    ),
  ];
}

type Told = { readonly from: End; readonly to: End; readonly ports: string; readonly remark: string };

const line = (sources: readonly Told[], destinations: readonly Told[]): Line[] =>
  sources.slice(0, 1).map(({ remark }) => ({
    from: sources.map(({ from }) => from.name),
    to: [...Map.groupBy(destinations, ({ ports }) => ports)].map(([ports, alike]) => ({
      names: alike.map(({ to }) => to.name),
      ports,
    })),
    remark,
  }));

type Side = "from" | "to";

type Remarked = { readonly flow: FlowChange; readonly remark: string };

/** Leaves out flows that only repeat, for an address or a name, what changes for all that lies around it. */
function withoutImplied<R extends Remarked>(all: readonly R[], side: Side): R[] {
  const other = side === "from" ? "to" : "from";
  const groups = Map.groupBy(all, ({ flow, remark }) => JSON.stringify([flow[other].name, remark]));
  return [...groups.values()].flatMap((group) => {
    const wide = group.filter(({ flow }) => flow[side].kind === "cidr" || flow[side].kind === "entity");
    return group.filter(
      ({ flow }) =>
        !wide.some((around) => isWider(around.flow[side], flow[side]) && hasPorts(around.flow.ports, flow.ports)),
    );
  });
}

/** Whether the spans of `inner` lie in those of `outer`. */
const hasPorts = (outer: readonly PortSpan[], inner: readonly PortSpan[]): boolean =>
  inner.every(({ protocol, from, to }) =>
    outer.some((span) => span.protocol === protocol && span.from <= from && to <= span.to),
  );

/** Whether an end is all that lies around another one. What a name stands for is taken to have an IPv4 address. */
function isWider(wide: End, narrow: End): boolean {
  if (narrow.kind === "fqdn") return wide.name === worldIPv4;
  const inner = narrow.kind === "cidr" ? parseAddressOrPrefix(narrow.name) : undefined;
  if (inner === undefined) return false;
  if (wide.kind === "entity") return wide.name === (inner.address.kind() === "ipv4" ? worldIPv4 : worldIPv6);
  const outer = wide.kind === "cidr" ? parseAddressOrPrefix(wide.name) : undefined;
  return outer !== undefined && outer.bits < inner.bits && containsPrefix(outer, inner);
}

/** The parts that Cilium's entities are made of, where one identity has several of them. */
const entities: readonly { readonly name: string; readonly parts: readonly string[] }[] = [
  { name: "host", parts: ["host", "control-plane-host"] },
  { name: "remote-node", parts: ["remote-node", "kube-apiserver"] },
  { name: "kube-apiserver", parts: ["kube-apiserver", "control-plane-host"] },
  { name: "world", parts: [worldIPv4, worldIPv6] },
];

/** Calls all parts of an entity together by its name. */
function merged(all: readonly Told[], side: Side): Told[] {
  const rest = ({ from, to, ports, remark }: Told) =>
    JSON.stringify([(side === "from" ? to : from).name, ports, remark]);
  return [...Map.groupBy(all, rest).values()].flatMap((group) => {
    const names = new Set(group.flatMap((one) => (one[side].kind === "entity" ? [one[side].name] : [])));
    const complete = entities.filter(({ parts }) => parts.every((part) => names.has(part)));
    const needed = complete.filter(
      (entity) =>
        !entity.parts.every((part) => complete.some((other) => other !== entity && other.parts.includes(part))),
    );
    const covered = needed.flatMap(({ parts }) => parts);
    return [
      ...group
        .slice(0, 1)
        .flatMap((one) => needed.map(({ name }): Told => ({ ...one, [side]: { kind: "entity", name } }))),
      ...group.filter((one) => one[side].kind !== "entity" || !covered.includes(one[side].name)),
    ];
  });
}
