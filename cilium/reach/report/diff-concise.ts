/**
 * The changed flows of a difference without what the others say already: an address or a name says nothing that the world
 * around it does not say, and ends that make up an entity go by its name.
 */
import { containsPrefix, type Prefix } from "../../policy/cidr.ts";
import { parseAddressOrPrefix } from "../compile/addresses.ts";
import { portsText } from "./diff-ports.ts";
import { worldIPv4, worldIPv6 } from "./diff-sides.ts";
import type { FlowChange, FlowEnd, PortSpan } from "./difference.ts";

/** `remark` is what else there is to say about a flow: it says nothing about flows that differ in it. */
export function concise<F extends FlowChange>(flows: readonly F[], remark: (flow: F) => string): F[] {
  const needed = withoutImplied(withoutImplied(flows, "from", remark), "to", remark);
  return merged(merged(needed, "to", remark), "from", remark);
}

type Place = "from" | "to";

/** Leaves out flows that only repeat, for an address or a name, what changes for all that lies around it. */
function withoutImplied<F extends FlowChange>(flows: readonly F[], place: Place, remark: (flow: F) => string): F[] {
  const other = place === "from" ? "to" : "from";
  const groups = Map.groupBy(flows, (flow) => JSON.stringify([flow[other].name, remark(flow)]));
  return [...groups.values()].flatMap((group) => {
    const wide = group.filter((flow) => flow[place].kind === "cidr" || flow[place].kind === "entity");
    return group.filter(
      (flow) => !wide.some((around) => isWider(around[place], flow[place]) && hasPorts(around.ports, flow.ports)),
    );
  });
}

/** Whether the spans of `inner` lie in those of `outer`. */
const hasPorts = (outer: readonly PortSpan[], inner: readonly PortSpan[]): boolean =>
  inner.every(({ protocol, from, to }) =>
    outer.some((span) => span.protocol === protocol && span.from <= from && to <= span.to),
  );

/** Whether an end is all that lies around another one. What a name stands for is taken to have an IPv4 address. */
function isWider(wide: FlowEnd, narrow: FlowEnd): boolean {
  if (narrow.kind === "fqdn") return wide.name === worldIPv4;
  const inner = prefixOf(narrow);
  if (inner === undefined) return false;
  if (wide.kind === "entity") return wide.name === (inner.address.kind() === "ipv4" ? worldIPv4 : worldIPv6);
  const outer = prefixOf(wide);
  return outer !== undefined && outer.bits < inner.bits && containsPrefix(outer, inner);
}

const prefixOf = ({ kind, name, addresses = name }: FlowEnd): Prefix | undefined =>
  kind === "cidr" ? parseAddressOrPrefix(addresses) : undefined;

/** The parts that Cilium's entities are made of, where one identity has several of them. */
const entities: readonly { readonly name: string; readonly parts: readonly string[] }[] = [
  { name: "host", parts: ["host", "control-plane-host"] },
  { name: "remote-node", parts: ["remote-node", "kube-apiserver"] },
  { name: "kube-apiserver", parts: ["kube-apiserver", "control-plane-host"] },
  { name: "world", parts: [worldIPv4, worldIPv6] },
];

/** Calls all parts of an entity together by its name. */
function merged<F extends FlowChange>(flows: readonly F[], place: Place, remark: (flow: F) => string): F[] {
  const rest = (flow: F) =>
    JSON.stringify([(place === "from" ? flow.to : flow.from).name, portsText(flow.ports), remark(flow)]);
  return [...Map.groupBy(flows, rest).values()].flatMap((group) => {
    const names = new Set(group.flatMap((flow) => (flow[place].kind === "entity" ? [flow[place].name] : [])));
    const complete = entities.filter(({ parts }) => parts.every((part) => names.has(part)));
    const needed = complete.filter(
      (entity) =>
        !entity.parts.every((part) => complete.some((other) => other !== entity && other.parts.includes(part))),
    );
    const covered = needed.flatMap(({ parts }) => parts);
    return [
      ...group
        .slice(0, 1)
        .flatMap((flow) => needed.map(({ name }): F => ({ ...flow, [place]: { kind: "entity", name } }))),
      ...group.filter((flow) => flow[place].kind !== "entity" || !covered.includes(flow[place].name)),
    ];
  });
}
