/** Selectors that meet nobody of the cluster, or only pods that policies do not govern. */
import { namespaceOf, placedRules, policyKey, referenceTo } from "../../policy/parts.ts";
import { at } from "../../policy/place.ts";
import type { Policy } from "../../policy/schema.ts";
import {
  clusterLabel,
  type Label,
  matches,
  podNamespaceLabel,
  type Requirement,
  subjectRequirements,
} from "../../policy/selector.ts";
import { endpointIdentity } from "../compile/identity.ts";
import type { Network, NetworkRule } from "../compile/network.ts";
import { compilePolicy, noCluster } from "../compile/rules.ts";
import { selectsByOwnLabels } from "../compile/selection.ts";
import { selectorText } from "./explain-selector.ts";
import { type Oddity, type Scene, some } from "./oddity.ts";

/** Policies, or rules of `specs`, whose subject is nobody; peers that are nobody; and selectors of pods that nobody gave. */
export function selectorsOfNobody(scene: Scene): Oddity[] {
  const { network } = scene;
  const isHere = (empty: Empty) => !isElsewhere(empty, network);
  const [subjects, peers] = [emptySubjects(scene), emptyPeers(scene)];
  return [
    ...subjects.filter(isHere).map((empty) => orphanSubject(empty, network)),
    ...orphanPeers(peers.filter(isHere), network),
    ...podsNotGiven([...subjects, ...peers].filter((empty) => !isHere(empty))),
  ];
}

function orphanSubject({ about, requirements }: Empty, network: Network): Oddity {
  const onNodes = hostNetworkPods(network, requirements);
  return onNodes.length > 0
    ? {
        ...about,
        kind: "selects-host-network",
        problem: `selects only pods on their node's network (${some(onNodes)}): they have the node's identity, and no policy for pods governs them`,
        fix: "remove the policy, or govern the nodes with nodeSelector in a CiliumClusterwideNetworkPolicy and the host firewall",
      }
    : {
        ...about,
        kind: "selects-nothing",
        problem: `selects no pod (${selectorText(requirements)})${missingNamespace(network, requirements)}`,
        fix: "correct the labels, or remove the policy",
      };
}

/** A selector that meets no endpoint, and where it stands. */
type Empty = { readonly about: Pick<Oddity, "subject" | "place">; readonly requirements: readonly Requirement[] };

const emptySubjects = ({ policies, network }: Scene): Empty[] =>
  policies.flatMap((policy) =>
    subjectsOf(policy)
      .filter(
        ({ requirements }) =>
          !network.parties.some(
            ({ enforcement, identity }) =>
              enforcement === "endpoint" && selectsByOwnLabels(requirements, identity) !== "no",
          ),
      )
      .map(({ requirements, place }) => ({ about: { subject: referenceTo(policy), place }, requirements })),
  );

type Subject = { readonly requirements: readonly Requirement[]; readonly place: string };

function subjectsOf(policy: Policy): Subject[] {
  switch (policy.kind) {
    case "CiliumNetworkPolicy":
    case "CiliumClusterwideNetworkPolicy":
      return placedRules(policy).flatMap(({ rule, place }) =>
        rule.endpointSelector
          ? [
              {
                requirements: subjectRequirements(rule.endpointSelector, namespaceOf(policy)),
                place: at(place, "endpointSelector"),
              },
            ]
          : [],
      );
    case "NetworkPolicy":
    case "ClusterNetworkPolicy": {
      const [rule] = compilePolicy(policy, noCluster);
      const place = policy.kind === "NetworkPolicy" ? "podSelector" : "subject";
      return rule === undefined ? [] : [{ requirements: rule.subject, place }];
    }
  }
}

/** Rules that have no peer, and are not for everybody. */
export const rulesForNobody = ({ governed }: Scene): Oddity[] =>
  [...governed.keys()]
    .filter((rule) => rule.peers.length === 0 && rule.ports.some(({ path }) => path !== ""))
    .map(
      (rule): Oddity => ({
        kind: "rule-for-nobody",
        subject: rule,
        place: rule.path,
        problem: "names ports, but its list of peers is empty: it is for nobody",
        fix: "name the peers, or leave the list out for everybody",
      }),
    );

/** Each once in a policy. */
function orphanPeers(empty: readonly EmptyPeer[], network: Network): Oddity[] {
  const once = Map.groupBy(empty, ({ about, requirements }) => `${policyKeyOf(about)} ${selectorText(requirements)}`);
  return [...once.values()].flatMap((alike) =>
    alike.slice(0, 1).map((empty) => orphanPeer(empty, alike.length, network)),
  );
}

function orphanPeer({ about, direction, requirements }: EmptyPeer, places: number, network: Network): Oddity {
  const onNodes = hostNetworkPods(network, requirements);
  const likewise = places === 1 ? "" : `; so do ${places - 1} more peers of this policy`;
  return onNodes.length > 0
    ? {
        ...about,
        kind: "selects-host-network",
        problem: `selects only pods on their node's network (${some(onNodes)}), which are the node to Cilium${likewise}`,
        fix: `name the nodes instead: ${direction === "egress" ? "toEntities" : "fromEntities"}: [host, remote-node]`,
      }
    : {
        ...about,
        kind: "peer-selects-nothing",
        problem: `selects no pod (${selectorText(requirements)})${missingNamespace(network, requirements)}${likewise}`,
        fix: "correct the labels or the namespace, or remove the peer",
      };
}

type EmptyPeer = Empty & Pick<NetworkRule, "direction">;

/** Selectors of peers that meet nobody; pods of other clusters are not in the inventory. */
const emptyPeers = ({ network, governed }: Scene): EmptyPeer[] =>
  [...governed.keys()].flatMap((rule) =>
    rule.selections.flatMap(({ selector: { condition }, list, undecided }, index): EmptyPeer[] => {
      if (condition.kind !== "labels" || condition.requirements.some(isReserved)) return [];
      const { requirements } = condition;
      if (list.length > 0 || undecided.size > 0 || meansOthers(requirements, network)) return [];
      const about = { subject: rule, place: rule.peers[index]?.path ?? rule.path };
      return [{ about, requirements, direction: rule.direction }];
    }),
  );

const policyKeyOf = ({ subject }: Empty["about"]): string =>
  typeof subject === "string" ? subject : policyKey(subject);

/**
 * Selectors of namespaces of which the input has no pod, once for each namespace. Manifests hold the pods that somebody keeps
 * there, and hardly ever the name server's, so that they have none says nothing of the cluster.
 */
function podsNotGiven(empty: readonly Empty[]): Oddity[] {
  const byNamespace = Map.groupBy(empty, ({ requirements }) => selectorText(requirements.filter(isOnNamespace)));
  return [...byNamespace].flatMap(([namespace, alike]) =>
    alike.slice(0, 1).map(({ about, requirements }): Oddity => {
      const likewise = alike.length === 1 ? "" : `; so do ${alike.length - 1} more selectors`;
      return {
        ...about,
        kind: "pods-not-given",
        problem: `means pods (${selectorText(requirements)}) of a namespace of which none are given (${namespace})${likewise}`,
        fix: "to have that judged, give them with --inventory, as kubectl get pods,namespaces,nodes,services -A -o yaml prints them",
      };
    }),
  );
}

/** Whether nothing is known of the pods that a selector means. */
const isElsewhere = ({ requirements }: Empty, network: Network): boolean =>
  (network.inventory.isExcerpt ?? false) && !hasNamespace(network, requirements);

const isReserved = ({ source }: Requirement): boolean => source === "reserved";

/** Whether a peer is of another cluster of the mesh. */
const meansOthers = (requirements: readonly Requirement[], { inventory: { cluster } }: Network): boolean =>
  requirements.some(
    (requirement) =>
      requirement.key === clusterLabel &&
      !matches([requirement], [{ source: "k8s", key: clusterLabel, value: cluster }]),
  );

/** Pods on their node's network that requirements would select if they had an identity of their own. */
const hostNetworkPods = ({ inventory, surroundings }: Network, requirements: readonly Requirement[]): string[] =>
  inventory.endpoints
    .filter((endpoint) => endpoint.hostNetwork)
    .filter((endpoint) => selectsByOwnLabels(requirements, endpointIdentity(endpoint, surroundings)) !== "no")
    .map(({ namespace, name }) => `${namespace}/${name}`);

/** That no pod is in the namespace that requirements name, where that is why nothing is selected. */
const missingNamespace = (network: Network, requirements: readonly Requirement[]): string =>
  hasNamespace(network, requirements) ? "" : ", and there is no pod in such a namespace";

const isOnNamespace = ({ key }: Requirement): boolean => key === podNamespaceLabel;

function hasNamespace({ inventory }: Network, requirements: readonly Requirement[]): boolean {
  const named = requirements.filter(isOnNamespace);
  return inventory.endpoints.some(({ namespace }) => {
    const label: Label = { source: "k8s", key: podNamespaceLabel, value: namespace };
    return matches(named, [label]);
  });
}
