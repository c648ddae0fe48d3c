/** A policy in the language's words, before its pods and those of the others are declared. */
import { type Labels, shareOf, shareOfValues } from "../model/labels.ts";
import type { Namespaces, PodSet } from "../model/peers/pod-set.ts";
import type { Direction } from "../model/peers/workload.ts";
import type { Peer } from "../model/peers.ts";
import { namespaceOf, placedRules } from "../policy/parts.ts";
import { at } from "../policy/place.ts";
import type { EgressDenyRule, EgressRule, IngressDenyRule, IngressRule, Policy, Rule } from "../policy/schema.ts";
import { clusterLabel, serviceAccountLabel } from "../policy/selector.ts";
import type { Endpoint, Inventory } from "../reach/compile/inventory.ts";
import { ciliumRule } from "./kubernetes.ts";
import { destinationsOf, type PolicyHome, sourcesOf } from "./peers.ts";
import { portsOf, type SaidPorts } from "./ports.ts";
import { podsSelected } from "./selectors.ts";
import { Unsayable } from "./unsayable.ts";

export interface Said {
  readonly policy: Policy;
  /** What its policy will be called: as it is, unless it is one of several that were one. */
  readonly name: string;
  readonly of: Whose;
  /** Whether it puts its pods into default deny. */
  readonly denies: Readonly<Record<Direction, boolean>>;
  readonly denyWorld: boolean;
  readonly rules: readonly SaidRule[];
  readonly description: string | undefined;
}

/** Whose policy it is: of pods of its namespace, of pods of any, or of nodes. */
export type Whose =
  | { readonly kind: "namespace"; readonly namespace: string; readonly labels: Labels }
  | { readonly kind: "pods"; readonly namespaces: Namespaces; readonly labels: Labels }
  | { readonly kind: "nodes"; readonly labels: Labels };

/** Who may connect to the pods of a policy, or to whom they may. */
export interface SaidRule {
  readonly direction: Direction;
  /** Or who must not. */
  readonly isDenied: boolean;
  readonly isAuthenticated: boolean;
  readonly peers: readonly Peer[];
  readonly ports: readonly SaidPorts[];
  /** Its place in the policy, as `ingress[1]`. */
  readonly place: string;
}

/**
 * One for all pods that the policy selects alike.
 * @param policy one that the agent takes
 * @param hasSctp whether the agent lets SCTP through at all
 * @throws Unsayable with what there is no word for
 */
export function said(policy: Policy, cluster: string, hasSctp: boolean): Said[] {
  const home = { namespace: namespaceOf(policy), cluster, hasSctp };
  const parts = rulesIn(policy).map(({ rule, place }) => part(rule, place, home));
  const bySubject = [...Map.groupBy(parts, ({ of }) => JSON.stringify(of)).values()];
  return bySubject.flatMap((alike, index) =>
    alike.slice(0, 1).map(({ of }) => ({
      policy,
      name: bySubject.length === 1 ? policy.metadata.name : `${policy.metadata.name}-${index + 1}`,
      of,
      denies: {
        ingress: alike.some(({ denies }) => denies.ingress),
        egress: alike.some(({ denies }) => denies.egress),
      },
      denyWorld: alike.some(({ denyWorld }) => denyWorld),
      rules: alike.flatMap(({ rules }) => rules),
      description: alike.flatMap(({ description }) => description ?? []).join(" ") || undefined,
    })),
  );
}

function rulesIn(policy: Policy): ReturnType<typeof placedRules> {
  switch (policy.kind) {
    case "CiliumNetworkPolicy":
    case "CiliumClusterwideNetworkPolicy":
      return placedRules(policy);
    case "NetworkPolicy":
      return [{ rule: ciliumRule(policy), place: "" }];
    case "ClusterNetworkPolicy":
      throw new Unsayable("tiers and priorities (ClusterNetworkPolicy)");
  }
}

/** What the meaning of a rule depends on. */
interface RuleHome extends PolicyHome {
  readonly hasSctp: boolean;
}

type Part = Omit<Said, "policy" | "name">;

function part(rule: Rule, place: string, home: RuleHome): Part {
  if (rule.log?.value) throw new Unsayable("log");
  const isWorldDenied = home.namespace !== undefined && JSON.stringify(rule.ingressDeny) === worldDenied;
  const rules = [
    ...each(rule.ingress, "ingress", (item) => ingressRule(item, false, home)),
    ...(isWorldDenied ? [] : each(rule.ingressDeny, "ingressDeny", (item) => ingressRule(item, true, home))),
    ...each(rule.egress, "egress", (item) => egressRule(item, false, home)),
    ...each(rule.egressDeny, "egressDeny", (item) => egressRule(item, true, home)),
  ];
  const isSaid = (...lists: (readonly unknown[] | null | undefined)[]) => lists.some((list) => (list ?? []).length > 0);
  return {
    of: whose(rule, home),
    denies: {
      ingress: isSaid(rule.ingress, rule.ingressDeny) && (rule.enableDefaultDeny?.ingress ?? true),
      egress: isSaid(rule.egress, rule.egressDeny) && (rule.enableDefaultDeny?.egress ?? true),
    },
    denyWorld: isWorldDenied,
    rules,
    description: rule.description ?? undefined,
  };

  /** The items of a list that say something; what there is no word for is told with its place. */
  function each<T extends object>(
    items: readonly T[] | null | undefined,
    field: string,
    said: (item: T) => Omit<SaidRule, "place">,
  ): SaidRule[] {
    return (items ?? []).flatMap((item, index) => {
      // `{}` allows nothing: it stands for a default deny.
      if (isEmpty(item)) return [];
      try {
        return [{ ...said(item), place: at(place, field, index) }];
      } catch (error) {
        throw error instanceof Unsayable ? new Unsayable(`${error.message} (${at(place, field, index)})`) : error;
      }
    });
  }
}

function whose({ endpointSelector, nodeSelector }: Rule, { namespace, cluster }: PolicyHome): Whose {
  if (nodeSelector) return { kind: "nodes", labels: podsSelected(nodeSelector, undefined, cluster).labels };
  const { namespaces, labels } = podsSelected(endpointSelector ?? {}, namespace, cluster);
  if (clusterLabel in labels) throw new Unsayable("endpointSelector names pods of another cluster");
  if (namespace === undefined) return { kind: "pods", namespaces, labels };
  if (namespaces !== namespace) throw new Unsayable("endpointSelector names a namespace");
  return { kind: "namespace", namespace, labels };
}

const worldDenied = '[{"fromEntities":["world"]}]';

function ingressRule(item: IngressRule | IngressDenyRule, isDenied: boolean, home: RuleHome): Omit<SaidRule, "place"> {
  const { toPorts, icmps, authentication, ...peers }: IngressRule = item;
  const sources = peersOrAll(sourcesOf(peers, home), peers);
  return {
    direction: "ingress",
    isDenied,
    isAuthenticated: isRequired(authentication),
    peers: sources,
    ports: portsOf({ toPorts, icmps }, home.hasSctp),
  };
}

function egressRule(item: EgressRule | EgressDenyRule, isDenied: boolean, home: RuleHome): Omit<SaidRule, "place"> {
  const { toPorts, icmps, authentication, ...peers }: EgressRule = item;
  const destinations = peersOrAll(destinationsOf(peers, home), peers);
  return {
    direction: "egress",
    isDenied,
    isAuthenticated: isRequired(authentication),
    peers: destinations,
    ports: portsOf({ toPorts, icmps }, home.hasSctp),
  };
}

function isRequired(authentication: IngressRule["authentication"]): boolean {
  switch (authentication?.mode) {
    case undefined:
      return false;
    case "required":
      return true;
    case "disabled":
    case "test-always-fail":
      throw new Unsayable(`authentication: ${authentication?.mode}`);
  }
}

const isEmpty = (rule: object): boolean => Object.values(rule).every((value) => value == null);

/** A rule that names no peer is for everybody. */
const peersOrAll = (peers: readonly Peer[], written: object): readonly Peer[] =>
  isEmpty(written) ? [{ kind: "entities", name: "all", entities: ["all"] }] : peers;

/** The endpoints of an inventory that a set of pods includes; of another cluster only where it says so. */
export const podsIn = (set: Pick<PodSet, "namespaces" | "labels">, { endpoints, cluster }: Inventory): Endpoint[] =>
  endpoints.filter(
    (endpoint) =>
      !endpoint.hostNetwork &&
      isIn(set.namespaces, endpoint) &&
      (clusterLabel in set.labels || (endpoint.cluster ?? cluster) === cluster) &&
      shareOf(set.labels, labelsOf(endpoint, cluster), "nothing") === "all",
  );

/** What selectors can ask of a pod: its own labels, and those by which Cilium tells its service account and its cluster. */
export const labelsOf = (pod: Endpoint, cluster: string): Readonly<Record<string, string>> => ({
  ...pod.labels,
  [serviceAccountLabel]: pod.serviceAccount ?? "default",
  [clusterLabel]: pod.cluster ?? cluster,
});

function isIn(namespaces: Namespaces, { namespace, namespaceLabels }: Endpoint): boolean {
  if (typeof namespaces === "object" && "labelled" in namespaces) {
    return (
      shareOf(namespaces.labelled, { ...namespaceLabels, "kubernetes.io/metadata.name": namespace }, "nothing") ===
      "all"
    );
  }
  return shareOfValues(namespaces, namespace) === "all";
}
