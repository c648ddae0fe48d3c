/**
 * The peers of a rule: which identities each of them selects. A peer that cannot be judged (a Service without a list of
 * Services, a group of a cloud provider) selects "maybe": verdicts that hang on it are not decidable.
 *
 * Sources: `pkg/policy/utils/parserules.go`, `pkg/policy/api/entity.go`, `pkg/policy/types/selector.go`.
 */
import { type Prefix, parsePrefix } from "../../policy/cidr.ts";
import { at } from "../../policy/place.ts";
import type { CidrRule, EgressRule, Entity, FqdnSelector, IngressRule, LabelSelector } from "../../policy/schema.ts";
import {
  clusterLabel,
  nodeRequirements,
  type PeerContext,
  peerRequirements,
  type Requirement,
} from "../../policy/selector.ts";
import { parseAddressOrPrefix } from "./addresses.ts";
import { type AddressGroups, addressGroups } from "./cidr-groups.ts";
import { nameMatcher } from "./fqdn.ts";
import type { CidrGroup, Service } from "./inventory.ts";
import type { PlacedPeer } from "./rules.ts";
import { backendsOf, isGiven } from "./services.ts";
import type { Unknown } from "./unknown.ts";

export type PeerSelector = {
  /** Equal for equal selectors: Cilium merges their rules before it looks at identities. */
  readonly key: string;
  readonly condition: Condition;
};

export type Condition =
  | { readonly kind: "everything" }
  | { readonly kind: "world" }
  | { readonly kind: "labels"; readonly requirements: readonly Requirement[] }
  | { readonly kind: "cidr"; readonly prefix: Prefix; readonly except: readonly Prefix[] }
  | { readonly kind: "cidr-groups"; readonly groups: AddressGroups; readonly except: readonly Prefix[] }
  | { readonly kind: "fqdn"; readonly name: string; readonly matches: (name: string) => boolean }
  | { readonly kind: "unknown"; readonly unknown: Unknown };

/** Peers of one kind, with the field that lists them. */
type PeerList<Peer> = { readonly field: string; readonly items: readonly Peer[] | null | undefined };

/** Either direction's rule: the parts that name peers. */
export type PeerParts = {
  readonly endpoints: PeerList<LabelSelector>;
  readonly nodes: PeerList<LabelSelector>;
  readonly entities: PeerList<Entity>;
  readonly cidrs: PeerList<string>;
  readonly cidrSet: PeerList<CidrRule>;
  readonly fqdns: PeerList<FqdnSelector>;
  readonly groups: PeerList<NonNullable<EgressRule["toGroups"]>[number]>;
  readonly services: PeerList<NonNullable<EgressRule["toServices"]>[number]>;
};

type AnyIngress = Omit<IngressRule, "toPorts" | "authentication">;
type AnyEgress = Omit<EgressRule, "toPorts" | "authentication" | "toFQDNs"> & Pick<EgressRule, "toFQDNs">;

export const ingressPeers = (rule: AnyIngress): PeerParts => ({
  endpoints: { field: "fromEndpoints", items: rule.fromEndpoints },
  nodes: { field: "fromNodes", items: rule.fromNodes },
  entities: { field: "fromEntities", items: rule.fromEntities },
  cidrs: { field: "fromCIDR", items: rule.fromCIDR },
  cidrSet: { field: "fromCIDRSet", items: rule.fromCIDRSet },
  fqdns: { field: "", items: undefined },
  groups: { field: "fromGroups", items: rule.fromGroups },
  services: { field: "", items: undefined },
});

export const egressPeers = (rule: AnyEgress): PeerParts => ({
  endpoints: { field: "toEndpoints", items: rule.toEndpoints },
  nodes: { field: "toNodes", items: rule.toNodes },
  entities: { field: "toEntities", items: rule.toEntities },
  cidrs: { field: "toCIDR", items: rule.toCIDR },
  cidrSet: { field: "toCIDRSet", items: rule.toCIDRSet },
  fqdns: { field: "toFQDNs", items: rule.toFQDNs },
  groups: { field: "toGroups", items: rule.toGroups },
  services: { field: "toServices", items: rule.toServices },
});

/** What the meaning of a peer depends on besides the rule. */
export type PeerWorld = PeerContext & {
  /** The local cluster's name, whatever selectors mean that name none. */
  readonly localCluster: string;
  readonly cidrGroups: readonly CidrGroup[] | undefined;
  readonly services: readonly Service[] | undefined;
  readonly isExcerpt?: boolean | undefined;
};

/**
 * The peers of a rule. A rule that names none is for everybody if it names ports, else for nobody (`[{}]` is a default
 * deny); a rule with an empty list of peers is for nobody (`mergeL4Filter` in `pkg/policy/rule.go`). Services that are
 * missing or have no backend count as naming none.
 * @param path the rule's place
 */
export function placedPeers(parts: PeerParts, namesPorts: boolean, path: string, world: PeerWorld): PlacedPeer[] {
  const lists = [parts.endpoints, parts.nodes, parts.entities, parts.cidrs, parts.cidrSet];
  if (lists.some(({ items }) => items?.length === 0)) return [];
  const placed = <Peer>(
    { field, items }: PeerList<Peer>,
    selectors: (peer: Peer) => readonly PeerSelector[],
  ): PlacedPeer[] =>
    (items ?? []).flatMap((peer, i) => selectors(peer).map((selector) => ({ selector, path: at(path, field, i) })));
  const peers = [
    ...placed(parts.endpoints, (selector) => [byLabels(peerRequirements(selector, world))]),
    ...placed(parts.nodes, (selector) => [byLabels(nodeRequirements(selector, world.cluster))]),
    ...placed(parts.entities, (entity) => entitySelectors(entity, world.localCluster)),
    ...placed(parts.cidrs, (cidr) => [cidrSelector({ cidr })]),
    ...placed(parts.cidrSet, (rule) => [cidrSetSelector(rule, world.cidrGroups)]),
    ...placed(parts.fqdns, (selector) => [fqdnSelector(selector)]),
    ...placed(parts.groups, (group) => [unknownPeer({ kind: "cloud-group", group: JSON.stringify(group) })]),
    ...placed(parts.services, (reference) => serviceSelectors(reference, world)),
  ];
  return peers.length === 0 && namesPorts ? [{ selector: everything, path }] : peers;
}

function serviceSelectors(
  reference: NonNullable<EgressRule["toServices"]>[number],
  world: PeerWorld,
): readonly PeerSelector[] {
  if (world.services === undefined || (world.isExcerpt && !isGiven(reference, world.services))) {
    return [unknownPeer({ kind: "services", named: JSON.stringify(reference) })];
  }
  const { endpoints, cidrSet } = backendsOf(reference, world.services);
  return [
    ...endpoints.map((selector) => byLabels(peerRequirements(selector, world))),
    ...cidrSet.map((rule) => cidrSetSelector(rule, world.cidrGroups)),
  ];
}

/** Whether a peer can be a pod, where CIDRs are about none (`policy-cidr-match-mode` is empty by default). */
export function maySelectPods({ condition }: PeerSelector): boolean {
  switch (condition.kind) {
    case "world":
    case "cidr":
    case "cidr-groups":
    case "fqdn":
      return false;
    case "labels":
      return !condition.requirements.some(
        ({ source, operator }) => source === "reserved" && (operator === "In" || operator === "Exists"),
      );
    case "everything":
    case "unknown":
      return true;
  }
}

export const everything: PeerSelector = { key: "everything", condition: { kind: "everything" } };

const unknownPeer = (unknown: Unknown): PeerSelector => ({
  key: `unknown ${JSON.stringify(unknown)}`,
  condition: { kind: "unknown", unknown },
});

export const byLabels = (requirements: readonly Requirement[]): PeerSelector =>
  requirements.length === 0
    ? everything
    : { key: JSON.stringify(requirements.toSorted(byKey)), condition: { kind: "labels", requirements } };

const byKey = (a: Requirement, b: Requirement): number => (`${a.source}:${a.key}` < `${b.source}:${b.key}` ? -1 : 1);

const reserved = (key: string): PeerSelector => byLabels([{ source: "reserved", key, operator: "In", values: [""] }]);

function entitySelectors(entity: Entity, cluster: string): PeerSelector[] {
  const ofCluster = ["host", "remote-node", "init", "ingress", "health", "unmanaged", "kube-apiserver"].map(reserved);
  switch (entity) {
    case "all":
      return [everything];
    case "world":
      return [{ key: "world", condition: { kind: "world" } }];
    case "cluster":
      return [...ofCluster, byLabels([{ source: "k8s", key: clusterLabel, operator: "In", values: [cluster] }])];
    case "cluster-mesh":
      return [...ofCluster, byLabels([{ source: "any", key: clusterLabel, operator: "Exists" }])];
    case "host":
    case "init":
    case "ingress":
    case "unmanaged":
    case "remote-node":
    case "health":
    case "none":
    case "kube-apiserver":
      return [reserved(entity)];
  }
}

export function cidrSelector({ cidr, except = [] }: { cidr: string; except?: readonly string[] }): PeerSelector {
  const prefix = parseAddressOrPrefix(cidr);
  const exceptions = except.map(parsePrefix).filter((parsed) => parsed !== undefined);
  // Whoever accepted the policy has read it.
  if (prefix === undefined) throw new Error(`${cidr} is no CIDR`);
  const key = `cidr:${cidr}${except.length > 0 ? `-[${except.join(",")}]` : ""}`;
  return { key, condition: { kind: "cidr", prefix, except: exceptions } };
}

function cidrSetSelector(rule: CidrRule, groups: readonly CidrGroup[] | undefined): PeerSelector {
  if (rule.cidr) return cidrSelector({ cidr: rule.cidr, except: rule.except ?? [] });
  if (groups === undefined)
    return unknownPeer({ kind: "cidr-groups", named: rule.cidrGroupRef ?? JSON.stringify(rule.cidrGroupSelector) });
  const except = (rule.except ?? []).map(parsePrefix).filter((prefix) => prefix !== undefined);
  const key = `cidrgroup:${rule.cidrGroupRef ?? JSON.stringify(rule.cidrGroupSelector)}-${rule.except ?? ""}`;
  return { key, condition: { kind: "cidr-groups", groups: addressGroups(rule, groups), except } };
}

export const fqdnSelector = (selector: FqdnSelector): PeerSelector => ({
  key: `fqdn:${selector.matchName ?? ""},${selector.matchPattern ?? ""}`,
  condition: { kind: "fqdn", name: selector.matchName ?? selector.matchPattern ?? "", matches: nameMatcher(selector) },
});
