/** ClusterNetworkPolicies that the agent refuses: `ParseClusterNetworkPolicy` in `pkg/k8s/cluster_network_policy.go`. */
import { at, each } from "../place.ts";
import type { ClusterNetworkPolicy } from "../schema.ts";
import type { Agent } from "./agent.ts";
import { type Fault, fault } from "./fault.ts";

export const clusterNetworkPolicyFaults = ({ spec }: ClusterNetworkPolicy, agent: Agent): Fault[] =>
  each(spec.egress, "", "egress", ({ action, to }, place) =>
    each(to, place, "to", ({ nodes, domainNames }, place) => [
      ...(nodes != null && !agent.nodeSelectorLabels
        ? [
            fault(
              at(place, "nodes"),
              nodes,
              "egress.to.nodes is not supported since node selector labels are disabled",
              "set enable-node-selector-labels in cilium-config, or name addresses with networks",
            ),
          ]
        : []),
      ...(domainNames != null && action !== "Accept"
        ? [
            fault(
              at(place, "domainNames"),
              domainNames,
              "egress.to.domainNames is only supported for egress.action=Accept",
              "name addresses with networks",
            ),
          ]
        : []),
      ...(domainNames != null && !agent.l7Proxy
        ? [
            fault(
              at(place, "domainNames"),
              domainNames,
              "egress.to.domainNames is not supported since L7 proxy is disabled",
              "set enable-l7-proxy in cilium-config",
            ),
          ]
        : []),
    ]),
  );
