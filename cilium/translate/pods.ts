/** Pods for policies that come without any: what their selectors ask for. */
import { labelsText, podOf } from "../model/labels.ts";
import { podsSatisfying } from "../policy/representatives.ts";
import type { Policy } from "../policy/schema.ts";
import {
  clusterLabel,
  type Label,
  namespaceLabelsPrefix,
  namespaceNameLabel,
  podNamespaceLabel,
  type Requirement,
} from "../policy/selector.ts";
import type { Endpoint } from "../reach/compile/inventory.ts";
import { compilePolicy, noCluster } from "../reach/compile/rules.ts";

/** A pod for everything that a policy selects, as its subject or as a peer, and that has a namespace. */
export function podsOfSelectors(policies: readonly Policy[], cluster: string): Endpoint[] {
  const selectors = policies.flatMap((policy) =>
    compilePolicy(policy, { ...noCluster, cluster }).flatMap(({ subject, selectsNodes, peers }) => [
      ...(selectsNodes ? [] : [subject]),
      ...peers.flatMap(({ selector: { condition } }) => (condition.kind === "labels" ? [condition.requirements] : [])),
    ]),
  );
  const pods = new Map<string, Endpoint>();
  for (const requirements of selectors) {
    for (const labels of podsSatisfying(requirements).slice(0, 1)) {
      const pod = endpointOf(labels, requirements, cluster);
      if (pod !== undefined) pods.set(JSON.stringify([pod.namespace, pod.labels, pod.namespaceLabels]), pod);
    }
  }
  const names = new Map<string, number>();
  return [...pods.values()].map((pod) => {
    const id = `${pod.namespace}/${pod.name}`;
    const number = (names.get(id) ?? 0) + 1;
    names.set(id, number);
    return number === 1 ? pod : { ...pod, name: `${pod.name} (${number})` };
  });
}

function endpointOf(
  labels: readonly Label[],
  requirements: readonly Requirement[],
  cluster: string,
): Endpoint | undefined {
  if (labels.some(({ source }) => source === "reserved")) return undefined;
  const labelOf = (key: string) => labels.find((label) => label.key === key)?.value;
  const namespace = labelOf(podNamespaceLabel) ?? labelOf(namespaceNameLabel) ?? "default";
  if (requirements.length === 0) return undefined;
  const ofCluster = labelOf(clusterLabel);
  const own = Object.fromEntries(labels.filter(isOwn).map(({ key, value }) => [key, value]));
  const ofNamespace = labels.filter(({ key }) => key.startsWith(namespaceLabelsPrefix) && key !== namespaceNameLabel);
  return {
    namespace,
    // A name that nobody takes for one.
    name: `pods with ${labelsText(own) || "any labels"}`,
    ...podOf(own),
    ...(ofCluster !== undefined && ofCluster !== cluster && { cluster: ofCluster }),
    ...(ofNamespace.length > 0 && {
      namespaceLabels: Object.fromEntries(
        ofNamespace.map(({ key, value }) => [key.slice(namespaceLabelsPrefix.length), value]),
      ),
    }),
  };
}

const isOwn = ({ key }: Label): boolean =>
  key !== podNamespaceLabel && key !== clusterLabel && !key.startsWith(namespaceLabelsPrefix);
