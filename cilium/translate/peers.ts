/** The peers of a rule in the language's words. */
import { cidr } from "../model/peers/cidr.ts";
import { cidrGroup } from "../model/peers/cidr-group.ts";
import * as entityWords from "../model/peers/entities.ts";
import { fqdn } from "../model/peers/fqdns.ts";
import type { PodSet } from "../model/peers/pod-set.ts";
import { service } from "../model/peers/service.ts";
import type { EntityPeer, Peer } from "../model/peers.ts";
import {
  type CidrRule,
  type EgressRule,
  type Entity,
  entities,
  type IngressRule,
  type LabelSelector,
} from "../policy/schema.ts";
import { type Requirement, selectorRequirements } from "../policy/selector.ts";
import { podsSelected } from "./selectors.ts";
import { Unsayable } from "./unsayable.ts";

/** What the meaning of a peer depends on. */
export interface PolicyHome {
  /** The policy's namespace; undefined for a clusterwide one. */
  readonly namespace: string | undefined;
  readonly cluster: string;
}

/** Whom an ingress rule lets in; nobody where it names a list without items. */
export function sourcesOf(rule: Omit<IngressRule, "toPorts" | "icmps">, home: PolicyHome): Peer[] {
  const { fromEndpoints, fromEntities, fromCIDR, fromCIDRSet, fromNodes, fromGroups } = rule;
  if (fromNodes != null) throw new Unsayable("fromNodes");
  if (fromGroups != null) throw new Unsayable("fromGroups");
  if ([fromEndpoints, fromEntities, fromCIDR, fromCIDRSet].some((list) => list?.length === 0)) return [];
  return [
    ...(fromEndpoints ?? []).map((selector) => podSet(selector, home)),
    ...entityPeers(fromEntities ?? []),
    ...(fromCIDR ?? []).map((range) => cidr(prefixOf(range))),
    ...(fromCIDRSet ?? []).map((range) => ranges(range, home)),
  ].map(plain);
}

/** What an egress rule lets out to. */
export function destinationsOf(rule: Omit<EgressRule, "toPorts" | "icmps">, home: PolicyHome): Peer[] {
  const { toEndpoints, toEntities, toCIDR, toCIDRSet, toFQDNs, toNodes, toGroups, toServices } = rule;
  if (toNodes != null) throw new Unsayable("toNodes");
  if (toGroups != null) throw new Unsayable("toGroups");
  if ([toEndpoints, toEntities, toCIDR, toCIDRSet].some((list) => list?.length === 0)) return [];
  const names = (toFQDNs ?? []).flatMap(({ matchName, matchPattern }) => matchName ?? matchPattern ?? []);
  return [
    ...(toEndpoints ?? []).map((selector) => podSet(selector, home)),
    ...entityPeers(toEntities ?? []),
    ...(toCIDR ?? []).map((range) => cidr(prefixOf(range))),
    ...(toCIDRSet ?? []).map((range) => ranges(range, home)),
    ...(names.length === 0 ? [] : [fqdn(...names)]),
    ...(toServices ?? []).map((reference) => servicePeer(reference, home)),
  ].map(plain);
}

/** A peer without the words behind it, as data. */
function plain(peer: Peer): Peer {
  const { ...data } = peer;
  for (const word of ["on", "except"]) Reflect.deleteProperty(data, word);
  return data;
}

function podSet(selector: LabelSelector, { namespace, cluster }: PolicyHome): Peer {
  const [only, ...others] = selectorRequirements(selector);
  if (only?.source === "reserved" && isEntity(only) && others.length === 0) {
    const [entity] = entityPeers(entities.filter((one) => one === only.key));
    if (entity !== undefined) return entity;
  }
  const set: PodSet = { kind: "pod-set", ...podsSelected(selector, namespace, cluster) };
  return set;
}

/** Cilium's own labels have no values. */
const isEntity = (requirement: Requirement): boolean =>
  requirement.operator === "Exists" || (requirement.operator === "In" && requirement.values.includes(""));

const singles: Readonly<Record<Exclude<Entity, "none">, EntityPeer>> = {
  all: entityWords.all,
  world: entityWords.world,
  cluster: entityWords.cluster,
  "cluster-mesh": entityWords.clusterMesh,
  host: entityWords.host,
  init: entityWords.init,
  ingress: entityWords.gateway,
  unmanaged: entityWords.unmanaged,
  "remote-node": entityWords.remoteNode,
  health: entityWords.health,
  "kube-apiserver": entityWords.kubeApiserver,
};

/** Entities one by one, but for nodes, which have words for several of them. */
function entityPeers(entities: readonly Entity[]): EntityPeer[] {
  const left = new Set(entities);
  const found: EntityPeer[] = [];
  for (const word of [entityWords.allNodes, entityWords.nodes]) {
    if (!word.entities.every((entity) => left.has(entity))) continue;
    found.push(word);
    for (const entity of word.entities) left.delete(entity);
  }
  return [...found, ...[...left].flatMap((entity) => (entity === "none" ? [] : singles[entity]))];
}

const prefixOf = (address: string): string =>
  address.includes("/") ? address : `${address}/${address.includes(":") ? 128 : 32}`;

function ranges({ cidr: range, except, cidrGroupRef, cidrGroupSelector }: CidrRule, home: PolicyHome): Peer {
  const exceptions = except ?? [];
  if (range != null)
    return exceptions.length === 0 ? cidr(prefixOf(range)) : cidr(prefixOf(range)).except(...exceptions);
  if (exceptions.length > 0) throw new Unsayable("a CIDR group with exceptions");
  if (cidrGroupRef != null) return cidrGroup(cidrGroupRef);
  return cidrGroup(podsSelected(cidrGroupSelector ?? {}, home.namespace, home.cluster).labels);
}

function servicePeer(
  { k8sService, k8sServiceSelector }: NonNullable<EgressRule["toServices"]>[number],
  { namespace, cluster }: PolicyHome,
): Peer {
  const place = (k8sService ?? k8sServiceSelector)?.namespace || namespace;
  if (place === undefined) throw new Unsayable("toServices without a namespace");
  if (k8sService?.serviceName) return service(place, k8sService.serviceName);
  if (!k8sServiceSelector) throw new Unsayable("toServices without a name");
  return service(place, podsSelected(k8sServiceSelector.selector, namespace, cluster).labels);
}
