/** Some workloads of a stack as the engine's network: what Cilium enforces between the pods that stand for them. */
import type { Policy } from "../../cilium/policy/schema.ts";
import {
  clusterLabel,
  type Label,
  namespaceLabelsPrefix,
  podNamespaceLabel,
  serviceAccountLabel,
} from "../../cilium/policy/selector.ts";
import type { Endpoint } from "../../cilium/reach/compile/inventory.ts";
import { compile, type Network } from "../../cilium/reach/compile/network.ts";
import type { Party } from "../../cilium/reach/compile/party.ts";
import { soleParty } from "../../cilium/reach/compile/resolve.ts";
import type { StandIn } from "./stack.ts";

export type WorkloadNetwork = { readonly network: Network; readonly partyOf: (workload: StandIn) => Party };

/** @param policies those that select one of the workloads, or more */
export function networkOf(
  workloads: readonly StandIn[],
  policies: readonly Policy[],
  cluster: string,
): WorkloadNetwork {
  const endpoints = new Map(workloads.map((workload, index) => [workload, endpointOf(workload, index)]));
  const network = compile(policies, { cluster, endpoints: [...endpoints.values()], nodes: [], names: [] });
  return {
    network,
    partyOf: (workload) => {
      const endpoint = endpoints.get(workload);
      const party = endpoint && soleParty(network, { kind: "endpoint", ...endpoint });
      if (party === undefined) throw new Error("a workload is not part of the network");
      return party;
    },
  };
}

/** The pod as Kubernetes has it: what Cilium adds to its identity is told apart from its own labels. */
function endpointOf({ pod }: StandIn, index: number): Endpoint {
  const own = pod.filter(({ source, key }) => source === "k8s" && !added(key));
  const ofNamespace = pod.filter(({ key }) => key.startsWith(namespaceLabelsPrefix));
  const serviceAccount = labelValue(pod, serviceAccountLabel);
  return {
    namespace: labelValue(pod, podNamespaceLabel) ?? "",
    name: `${index}`,
    labels: Object.fromEntries(own.map(({ key, value }) => [key, value])),
    namespaceLabels: Object.fromEntries(
      ofNamespace.map(({ key, value }) => [key.slice(namespaceLabelsPrefix.length), value]),
    ),
    ...(serviceAccount !== undefined && { serviceAccount }),
  };
}

const added = (key: string): boolean =>
  [podNamespaceLabel, clusterLabel, serviceAccountLabel].includes(key) || key.startsWith(namespaceLabelsPrefix);

const labelValue = (pod: readonly Label[], key: string): string | undefined =>
  pod.find((label) => label.key === key)?.value;
