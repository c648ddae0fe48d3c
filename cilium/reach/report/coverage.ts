/** What policies leave uncovered among the pods of a cluster, and what in them covers nothing. */
import { namespaceOf, placedRules, policyName } from "../../policy/parts.ts";
import { at, each } from "../../policy/place.ts";
import type { LabelSelector, Policy } from "../../policy/schema.ts";
import {
  isKept,
  type Label,
  matches,
  namespaceLabelsPrefix,
  peerRequirements,
  podIdentity,
  type Requirement,
  selectorKey,
  selectorRequirements,
  subjectRequirements,
} from "../../policy/selector.ts";
import { partyKey } from "../compile/directory.ts";
import type { Endpoint, Inventory } from "../compile/inventory.ts";
import { compile, type Network, policyAt, type Refusal } from "../compile/network.ts";
import type { Direction } from "../compile/rules.ts";
import { deniesByDefault } from "../decide/decide.ts";

/** A pod with what an endpoint does not say. */
export type CoveredPod = {
  readonly endpoint: Endpoint;
  /** `namespace/name` of what made it: a Deployment, a StatefulSet, a Job…; the pod itself if nothing did. */
  readonly owner: string;
  /** It has run to its end: nothing is enforced there, and nothing needs to be. */
  readonly ended: boolean;
  readonly containerPorts: readonly number[];
};

/** The ports that a program declares for the pods which a selector selects. */
export type WorkloadPorts = {
  readonly workload: string;
  readonly namespace: string;
  readonly selector: LabelSelector;
  readonly ports: readonly number[];
};

export type Coverage = {
  readonly namespaces: readonly NamespaceCoverage[];
  /** Policies that Cilium's agent refuses: they cover nothing. */
  readonly refused: readonly Refusal[];
  /** Pods that some direction is open of, by what made them. */
  readonly open: readonly OpenPods[];
  /** Pods on their node's network that a policy selects in vain. */
  readonly moot: readonly SelectedPods[];
  /** Labels that Cilium strips from identities: what asks for them selects nothing. */
  readonly stripped: readonly PlacedSelector[];
  /** Selectors that no pod satisfies, ended ones neither. */
  readonly orphans: readonly PlacedSelector[];
  /** Pods that two namespaced policies select. */
  readonly overlaps: readonly SelectedPods[];
  /** Declared ports that no container of the workload's pods names. */
  readonly missingPorts: readonly { readonly workload: string; readonly ports: readonly number[] }[];
};

export type NamespaceCoverage = {
  readonly namespace: string;
  /** Running pods with a network of their own. */
  readonly pods: number;
  /** How many of them are in default deny. */
  readonly ingress: number;
  readonly egress: number;
  readonly onNodes: number;
  readonly ended: number;
};

export type OpenPods = { readonly owner: string; readonly pods: number; readonly directions: readonly Direction[] };
export type SelectedPods = { readonly owner: string; readonly policies: readonly string[] };
export type PlacedSelector = { readonly policy: string; readonly place: string; readonly what: string };

/**
 * @param pods every pod of the cluster, since a selector may be about pods of any namespace
 * @param surroundings what is known of the cluster besides; its endpoints are the pods
 * @param isChosen whether to report about a namespace; undefined stands for clusterwide policies
 */
export function coverage(
  policies: readonly Policy[],
  pods: readonly CoveredPod[],
  surroundings: Omit<Inventory, "endpoints" | "nodes" | "names">,
  declared: readonly WorkloadPorts[],
  isChosen: (namespace: string | undefined) => boolean,
): Coverage {
  const identities = pods.map((pod): Identified => ({ pod, labels: identityOf(pod.endpoint, surroundings.cluster) }));
  const chosen = identities.filter(({ pod }) => isChosen(pod.endpoint.namespace));
  const running = chosen.map(({ pod }) => pod).filter(({ endpoint, ended }) => !ended && !endpoint.hostNetwork);
  const endpoints = running.map(({ endpoint }) => endpoint);
  const network = compile(policies, { ...surroundings, endpoints, nodes: [], names: [] });
  const isOpen = openDirections(network);
  const selected = selections(policies, chosen);
  const chosenPolicies = policies.filter((policy) => isChosen(namespaceOf(policy)));
  return {
    namespaces: namespaceCoverage(
      chosen.map(({ pod }) => pod),
      isOpen,
    ),
    refused: network.refused.filter(({ policy }) => chosenPolicies.some((chosen) => policyName(chosen) === policy)),
    open: openPods(running, isOpen),
    moot: selected(({ endpoint, ended }) => endpoint.hostNetwork === true && !ended, 1),
    stripped: chosenPolicies.flatMap(strippedLabels),
    orphans: chosenPolicies.flatMap((policy) => orphans(policy, identities, surroundings.cluster)),
    overlaps: selected(({ endpoint, ended }) => !endpoint.hostNetwork && !ended, 2),
    missingPorts: declared
      .filter(({ namespace }) => isChosen(namespace))
      .flatMap((one) => missingPorts(one, identities)),
  };
}

type Identified = { readonly pod: CoveredPod; readonly labels: readonly Label[] };

const identityOf = ({ namespace, labels, namespaceLabels, serviceAccount }: Endpoint, cluster: string): Label[] =>
  podIdentity({
    namespace,
    labels,
    cluster,
    ...(namespaceLabels && { namespaceLabels }),
    ...(serviceAccount && { serviceAccount }),
  });

type OpenDirections = (endpoint: Pick<Endpoint, "namespace" | "name">) => readonly Direction[];

/** The directions of an endpoint that no policy puts into default deny. */
export function openDirections(network: Network): OpenDirections {
  return ({ namespace, name }) => {
    const party = network.directory.parties.get(partyKey({ kind: "endpoint", namespace, name }));
    const policy = party && policyAt(network, party);
    return (["ingress", "egress"] as const).filter(
      (direction) => policy === undefined || !deniesByDefault(network, policy, direction),
    );
  };
}

function namespaceCoverage(pods: readonly CoveredPod[], isOpen: OpenDirections): NamespaceCoverage[] {
  const groups = Map.groupBy(pods, ({ endpoint }) => endpoint.namespace);
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([namespace, all]) => {
      const present = all.filter(({ ended }) => !ended);
      const running = present.filter(({ endpoint }) => !endpoint.hostNetwork);
      const enforced = (direction: Direction) =>
        running.filter((pod) => !isOpen(pod.endpoint).includes(direction)).length;
      return {
        namespace,
        pods: running.length,
        ingress: enforced("ingress"),
        egress: enforced("egress"),
        onNodes: present.length - running.length,
        ended: all.length - present.length,
      };
    });
}

function openPods(running: readonly CoveredPod[], isOpen: OpenDirections): OpenPods[] {
  const open = running
    .map((pod) => ({ pod, directions: isOpen(pod.endpoint) }))
    .filter(({ directions }) => directions.length > 0);
  const groups = Map.groupBy(open, ({ pod, directions }) => `${pod.owner} ${directions}`);
  return [...groups.values()].flatMap((group) =>
    group.slice(0, 1).map(({ pod: { owner }, directions }) => ({ owner, pods: group.length, directions })),
  );
}

/** The pods of a kind that at least so many namespaced policies select, by what made them. */
function selections(policies: readonly Policy[], pods: readonly Identified[]) {
  const subjects = policies
    .filter(({ kind }) => kind === "CiliumNetworkPolicy")
    .flatMap((policy) =>
      placedRules(policy).map(({ rule }) => ({
        policy: policyName(policy),
        requirements: subjectRequirements(rule.endpointSelector ?? {}, namespaceOf(policy)),
      })),
    );
  return (isOfKind: (pod: CoveredPod) => boolean, least: number): SelectedPods[] => {
    const found = pods
      .filter(({ pod }) => isOfKind(pod))
      .map(({ pod, labels }) => ({
        owner: pod.owner,
        policies: unique(subjects.filter((s) => matches(s.requirements, labels)).map(({ policy }) => policy)),
      }))
      .filter(({ policies }) => policies.length >= least);
    return [...new Map(found.map((one) => [JSON.stringify(one), one])).values()];
  };
}

/** Every selector of pods in a policy, with its place: its subjects and its peers. */
function selectorsOf(policy: Policy): { place: string; selector: LabelSelector; subject: LabelSelector | undefined }[] {
  return placedRules(policy).flatMap(({ rule, place }) => {
    const subject = rule.endpointSelector ?? {};
    const peer = (selector: LabelSelector, place: string) => [{ place, selector, subject }];
    const from = (item: { fromEndpoints?: LabelSelector[] | null | undefined }, place: string) =>
      each(item.fromEndpoints, place, "fromEndpoints", peer);
    const to = (item: { toEndpoints?: LabelSelector[] | null | undefined }, place: string) =>
      each(item.toEndpoints, place, "toEndpoints", peer);
    return [
      ...(rule.endpointSelector
        ? [{ place: at(place, "endpointSelector"), selector: subject, subject: undefined }]
        : []),
      ...each(rule.ingress, place, "ingress", from),
      ...each(rule.ingressDeny, place, "ingressDeny", from),
      ...each(rule.egress, place, "egress", to),
      ...each(rule.egressDeny, place, "egressDeny", to),
    ];
  });
}

function orphans(policy: Policy, pods: readonly Identified[], cluster: string): PlacedSelector[] {
  const namespace = namespaceOf(policy);
  return selectorsOf(policy).flatMap(({ place, selector, subject }) => {
    const requirements =
      subject === undefined
        ? subjectRequirements(selector, namespace)
        : peerRequirements(selector, { namespace, cluster, subject });
    // Cilium's own endpoints are in no list of pods.
    if (requirements.some(({ source }) => source === "reserved")) return [];
    if (pods.some(({ labels }) => matches(requirements, labels))) return [];
    return [{ policy: policyName(policy), place, what: requirements.map(requirementText).join(", ") }];
  });
}

function requirementText(requirement: Requirement): string {
  switch (requirement.operator) {
    case "In":
      return `${requirement.key}=${requirement.values.join("|")}`;
    case "NotIn":
      return `${requirement.key}!=${requirement.values.join("|")}`;
    case "Exists":
      return requirement.key;
    case "DoesNotExist":
      return `!${requirement.key}`;
  }
}

const strippedLabels = (policy: Policy): PlacedSelector[] =>
  selectorsOf(policy).flatMap(({ place, selector }) =>
    selectorRequirements(selector)
      .filter(({ source, key }) => source !== "reserved" && !key.startsWith(namespaceLabelsPrefix) && !isKept(key))
      .map(({ key }) => ({ policy: policyName(policy), place, what: selectorKey(key).key })),
  );

/** A container may listen without saying so; that no container of any pod says so is worth a look. */
function missingPorts({ workload, namespace, selector, ports }: WorkloadPorts, pods: readonly Identified[]) {
  const requirements = subjectRequirements(selector, namespace);
  const own = pods.filter(({ labels }) => matches(requirements, labels));
  const named = new Set(own.flatMap(({ pod }) => pod.containerPorts));
  const missing = own.length === 0 ? [] : unique(ports).filter((port) => !named.has(port));
  return missing.length === 0 ? [] : [{ workload, ports: missing }];
}

const unique = <T>(items: readonly T[]): T[] => [...new Set(items)];
