/** Selectors that meet nobody of the cluster, or only pods that policies do not govern. */
import { namespaceOf, placedRules, referenceTo } from "../../policy/parts.ts";
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
import type { Network } from "../compile/network.ts";
import { compilePolicy, noCluster } from "../compile/rules.ts";
import { selectsByOwnLabels } from "../compile/selection.ts";
import { selectorText } from "./explain-selector.ts";
import { type Oddity, type Scene, some } from "./oddity.ts";

/** Policies, or rules of `specs`, whose subject is nobody. */
export function orphanSubjects({ policies, network }: Scene): Oddity[] {
  return policies.flatMap((policy) =>
    subjectsOf(policy).flatMap(({ requirements, place }): Oddity[] => {
      const selected = network.parties.some(
        ({ enforcement, identity }) =>
          enforcement === "endpoint" && selectsByOwnLabels(requirements, identity) !== "no",
      );
      if (selected) return [];
      const onNodes = hostNetworkPods(network, requirements);
      const about = { subject: referenceTo(policy), place };
      return [
        onNodes.length > 0
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
            },
      ];
    }),
  );
}

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

/** Selectors of peers that meet nobody; pods of other clusters are not in the inventory. */
export function orphanPeers({ network, governed }: Scene): Oddity[] {
  return [...governed.keys()].flatMap((rule) => [
    ...rule.selections.flatMap(({ selector: { condition }, list, undecided }, index): Oddity[] => {
      if (condition.kind !== "labels" || condition.requirements.some(isReserved)) return [];
      if (list.length > 0 || undecided.size > 0 || meansOthers(condition.requirements, network)) return [];
      const onNodes = hostNetworkPods(network, condition.requirements);
      const about = { subject: rule, place: rule.peers[index]?.path ?? rule.path };
      return [
        onNodes.length > 0
          ? {
              ...about,
              kind: "selects-host-network",
              problem: `selects only pods on their node's network (${some(onNodes)}), which are the node to Cilium`,
              fix: `name the nodes instead: ${rule.direction === "egress" ? "toEntities" : "fromEntities"}: [host, remote-node]`,
            }
          : {
              ...about,
              kind: "peer-selects-nothing",
              problem: `selects no pod (${selectorText(condition.requirements)})${missingNamespace(network, condition.requirements)}`,
              fix: "correct the labels or the namespace, or remove the peer",
            },
      ];
    }),
    ...(rule.peers.length === 0 && rule.ports.some(({ path }) => path !== "")
      ? [
          {
            kind: "rule-for-nobody",
            subject: rule,
            place: rule.path,
            problem: "names ports, but its list of peers is empty: it is for nobody",
            fix: "name the peers, or leave the list out for everybody",
          } satisfies Oddity,
        ]
      : []),
  ]);
}

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
function missingNamespace({ inventory }: Network, requirements: readonly Requirement[]): string {
  const named = requirements.filter(({ key }) => key === podNamespaceLabel);
  const isThere = inventory.endpoints.some(({ namespace }) => {
    const label: Label = { source: "k8s", key: podNamespaceLabel, value: namespace };
    return matches(named, [label]);
  });
  return isThere ? "" : ", and there is no pod in such a namespace";
}
