/** A NetworkPolicy as the rule of a CiliumNetworkPolicy, as the agent reads it (`pkg/k8s/network_policy.go`). */
import type { NetworkPolicyPeer, NetworkPolicyPort } from "../policy/schema/network-policy.ts";
import type { CidrRule, IngressRule, LabelSelector, NetworkPolicy, PortRule, Rule } from "../policy/schema.ts";
import { namespaceLabelsPrefix, podNamespaceLabel } from "../policy/selector.ts";

/** All rules allow, and a direction that is named without a rule is only isolated. */
export function ciliumRule({ spec }: NetworkPolicy): Rule {
  const ingress = (spec.ingress ?? []).map(({ from, ports }) => {
    const { endpoints, ranges, isAnybody } = peersOf(from ?? []);
    return {
      ...(endpoints.length > 0 && { fromEndpoints: endpoints }),
      ...(ranges.length > 0 && { fromCIDRSet: ranges }),
      ...(isAnybody && { fromEntities: ["all" as const] }),
      ...portsOf(ports ?? []),
    };
  });
  const egress = (spec.egress ?? []).map(({ to, ports }) => {
    const { endpoints, ranges, isAnybody } = peersOf(to ?? []);
    return {
      ...(endpoints.length > 0 && { toEndpoints: endpoints }),
      ...(ranges.length > 0 && { toCIDRSet: ranges }),
      ...(isAnybody && { toEntities: ["all" as const] }),
      ...portsOf(ports ?? []),
    };
  });
  const types = spec.policyTypes ?? [];
  const isIngress = types.includes("Ingress") || !types.includes("Egress");
  return {
    endpointSelector: spec.podSelector ?? {},
    ...((ingress.length > 0 || isIngress) && { ingress: ingress.length > 0 ? ingress : [{}] }),
    ...((egress.length > 0 || types.includes("Egress")) && { egress: egress.length > 0 ? egress : [{}] }),
  };
}

function peersOf(peers: readonly NetworkPolicyPeer[]) {
  return {
    isAnybody: peers.length === 0,
    endpoints: peers.filter(({ ipBlock }) => !ipBlock).map(endpointsOf),
    ranges: peers.flatMap(({ ipBlock }): CidrRule[] =>
      ipBlock ? [{ cidr: ipBlock.cidr, ...(ipBlock.except?.length && { except: ipBlock.except }) }] : [],
    ),
  };
}

/** Without a namespaceSelector it is about pods of the policy's own namespace. */
function endpointsOf({ podSelector, namespaceSelector }: NetworkPolicyPeer): LabelSelector {
  const pods = podSelector ?? {};
  if (!namespaceSelector) return pods;
  const ofNamespace = (key: string) => `${namespaceLabelsPrefix}${key}`;
  const labels = Object.entries(namespaceSelector.matchLabels ?? {}).map(([key, value]) => [ofNamespace(key), value]);
  const expressions = (namespaceSelector.matchExpressions ?? []).map((one) => ({ ...one, key: ofNamespace(one.key) }));
  const isEvery = labels.length + expressions.length === 0;
  return {
    matchLabels: { ...pods.matchLabels, ...Object.fromEntries(labels) },
    matchExpressions: [
      ...(pods.matchExpressions ?? []),
      ...expressions,
      ...(isEvery ? [{ key: podNamespaceLabel, operator: "Exists" as const }] : []),
    ],
  };
}

function portsOf(ports: readonly NetworkPolicyPort[]): Pick<IngressRule, "toPorts"> {
  if (ports.length === 0) return {};
  const toPorts: PortRule[] = [
    {
      ports: ports.map(({ port, endPort, protocol }) => ({
        port: String(port ?? 0),
        protocol: protocol ?? "TCP",
        ...(endPort != null && { endPort }),
      })),
    },
  ];
  return { toPorts };
}
