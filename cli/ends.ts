/** The ends of a flow as people name them. */

import { isIP } from "node:net";
import { didYouMean } from "../cilium/model/names.ts";
import { controlPlaneNodes, type EntityPeer, entityPeers } from "../cilium/model/peers/entities.ts";
import { parsePrefix } from "../cilium/policy/cidr.ts";
import { entityName } from "../cilium/policy/entity.ts";
import { canonicalAddress } from "../cilium/reach/compile/addresses.ts";
import {
  type FlowProtocol,
  flowProtocols,
  hostAt,
  type NamedPort,
  type Peer,
  peerEntities,
} from "../cilium/reach/compile/inventory.ts";
import { peerText } from "../cilium/reach/report/explain.ts";
import { Failure } from "./failure.ts";
import type { Source } from "./sources/source.ts";

/** For `--help`: what an end may be. */
export const endsHelp = `An end is namespace/workload or namespace/pod, one of
  ${peerEntities.map(entityName).join(", ")}
(gateway is Cilium's entity ingress, and may be called so), the name of a node, an IP address or a CIDR; the destination
may be a DNS name too.`;

/**
 * Reads ends against the names of an inventory.
 * @returns a function that throws a Failure with the nearest names for a name that nobody has
 */
export function endReader({ inventory, replicas }: Pick<Source, "inventory" | "replicas">): (text: string) => Peer {
  const endpoints = new Map<string, Peer>(
    inventory.endpoints.map(({ namespace, name }) => [`${namespace}/${name}`, { kind: "endpoint", namespace, name }]),
  );
  for (const [workload, pod] of replicas) {
    const peer = endpoints.get(pod);
    if (peer !== undefined && !endpoints.has(workload)) endpoints.set(workload, peer);
  }
  const others = new Map<string, Peer>([
    ...(inventory.services ?? []).map(
      ({ namespace, name }) => [`${namespace}/${name}`, { kind: "service", namespace, name }] as const,
    ),
    ...inventory.nodes.map(({ name }) => [name, { kind: "node", name }] as const),
    ...peerEntities.flatMap((entity) =>
      [entity, entityName(entity)].map((name) => [name, { kind: "entity", entity }] as const),
    ),
    [controlPlaneNodes.name, { kind: "entity", entity: "kube-apiserver" }],
    ...Object.entries(inventory.hosts ?? {}).flatMap(([address, host]) => {
      const peer = { kind: "address", address, host } as const;
      return [host, peerText(peer)].map((name) => [name, peer] as const);
    }),
  ]);
  return (text) => {
    const known = endpoints.get(text) ?? others.get(text) ?? addressOf(text, inventory);
    if (known !== undefined) return known;
    const several = entityPeers.find(({ name }) => name === text);
    if (several !== undefined) throw new Failure(`${text} is no single end${members(several)}`);
    throw new Failure(
      `there is no workload, entity or address ${text}${nearest(text, [...endpoints.keys()], [...others.keys()])}`,
    );
  };
}

function members({ name, entities }: EntityPeer): string {
  const others = entities.map(entityName).filter((entity) => entity !== name);
  return others.length === 0 ? "; name a workload, a node or an address" : `; name one of ${others.join(", ")}`;
}

function addressOf(text: string, inventory: Source["inventory"]): Peer | undefined {
  if (isIP(text) !== 0) return { kind: "address", address: text, ...hostAt(canonicalAddress(text), inventory.hosts) };
  return parsePrefix(text) === undefined ? undefined : { kind: "cidr", cidr: text };
}

/** A name without a namespace is compared with names without theirs; a namespace is no end. */
function nearest(text: string, endpoints: readonly string[], others: readonly string[]): string {
  if (text.includes("/")) return didYouMean(text, endpoints);
  const [inside] = endpoints.filter((id) => id.startsWith(`${text}/`));
  if (inside !== undefined) return `; ${text} is a namespace: name something in it, such as ${inside}`;
  const namesakes = endpoints.filter((id) => id.endsWith(`/${text}`));
  return namesakes.length > 0 ? `; did you mean ${namesakes.join(" or ")}?` : didYouMean(text, others);
}

/** @throws Failure for a namespace in which there is nobody, with the nearest names. */
export function requireNamespace(name: string, endpoints: readonly { readonly namespace: string }[]): void {
  const known = [...new Set(endpoints.map(({ namespace }) => namespace))].sort();
  if (known.includes(name)) return;
  throw new Failure(`no pod is in a namespace ${name}${didYouMean(name, known) || `; there are ${known.join(", ")}`}`);
}

/** Like the reader, but what looks like a DNS name and is no node's is one. */
export const destinationReader =
  (read: (text: string) => Peer, { inventory }: Pick<Source, "inventory">) =>
  (text: string): Peer =>
    isIP(text) === 0 && /^[^/]*\.[^/]*$/.test(text) && !inventory.nodes.some(({ name }) => name === text)
      ? { kind: "fqdn", name: text }
      : read(text);

/** A port and its protocol, as `5432` or `53/UDP`; for ICMP the number is the type. */
export function readPort(text: string): PortOfProtocol {
  const port = portOf(text);
  if (port !== undefined) return port;
  throw new Failure(`${text} is no port; write a number up to 65535, or with its protocol such as 53/UDP`);
}

/** Likewise, or the name by which the destination calls the port, as `https`. */
export function readPortOf(text: string, destination: Peer, { inventory }: Pick<Source, "inventory">): PortOfProtocol {
  const port = portOf(text) ?? portsOf(destination, inventory).find(({ name }) => name === text);
  if (port !== undefined) return { port: port.port, protocol: port.protocol };
  const names = portsOf(destination, inventory).map(({ name, port, protocol }) => `${name} (${port}/${protocol})`);
  const own = names.length === 0 ? "" : `, or the name of a port that it has: ${names.join(", ")}`;
  throw new Failure(`${text} is no port; write a number up to 65535, or with its protocol such as 53/UDP${own}`);
}

type PortOfProtocol = { readonly port: number; readonly protocol: FlowProtocol };

function portOf(text: string): PortOfProtocol | undefined {
  const [number = "", written = "TCP", ...more] = text.split("/");
  const protocol = flowProtocols.find((known) => known.toLowerCase() === written.toLowerCase());
  const port = Number(number);
  const isPort = protocol !== undefined && more.length === 0 && /^\d+$/.test(number) && port <= 65535;
  return isPort ? { port, protocol } : undefined;
}

/** The ports that have names: of a pod its containers', of a Service its own. */
function portsOf(peer: Peer, { endpoints, services = [] }: Source["inventory"]): readonly NamedPort[] {
  switch (peer.kind) {
    case "endpoint":
      return endpoints.find((one) => one.namespace === peer.namespace && one.name === peer.name)?.ports ?? [];
    case "service":
      return services.find((one) => one.namespace === peer.namespace && one.name === peer.name)?.ports ?? [];
    case "entity":
    case "node":
    case "address":
    case "cidr":
    case "fqdn":
      return [];
  }
}
