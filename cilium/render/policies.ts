/** The policies of a cluster: one for each workload and group, and the clusterwide one for DNS. */

import { type ConfiguredCluster, dnsPolicyName, enforcementOf, policyNameOf, subjects } from "../model/cluster.ts";
import { labelSelector } from "../model/labels.ts";
import { type Direction, isDeniedByDefault } from "../model/peers/workload.ts";
import { type PortsOf, type Subject, selectionOf, type Workload } from "../model/peers.ts";
import { destinationFields, fqdnSelector, podSelector } from "../model/selection.ts";
import type { CiliumClusterwideNetworkPolicy, CiliumPolicy, Policy, Rule } from "../policy/schema.ts";
import { clusterLabel } from "../policy/selector.ts";
import { egressCell, ingressCell } from "./cells.ts";
import { egressRules, ingressRules, toPorts } from "./rules.ts";

/**
 * Every policy of a cluster without faults: the DNS policy, then a policy for each workload and group, in the order of the
 * files, then those that are taken as they are.
 */
export function renderPolicies(cluster: ConfiguredCluster): Policy[] {
  return [
    ...(cluster.dns === undefined ? [] : [renderDnsPolicy(cluster, cluster.dns)]),
    ...subjects(cluster).map((subject) => renderPolicy(cluster, subject)),
    ...cluster.verbatim.map(({ policy }) => policy),
  ];
}

/**
 * The policy of one subject. Nothing allowed in a direction is written `[{}]`: an empty list would be no rule at all. A
 * direction without default deny and without flows is left out.
 */
function renderPolicy(cluster: ConfiguredCluster, subject: Subject): CiliumPolicy {
  const apiVersion = "cilium.io/v2";
  switch (subject.kind) {
    case "workload": {
      const { namespace, labels } = subject;
      const endpointSelector = labelSelector(labels);
      return {
        apiVersion,
        kind: "CiliumNetworkPolicy",
        metadata: { name: policyNameOf(cluster, subject), namespace },
        spec: renderRule(cluster, subject, { endpointSelector }),
      };
    }
    case "clusterwide-group": {
      const { name, labels, namespaces } = subject;
      const endpointSelector = podSelector(labels, namespaces, undefined);
      return {
        apiVersion,
        kind: "CiliumClusterwideNetworkPolicy",
        metadata: { name },
        spec: renderRule(cluster, subject, { endpointSelector }),
      };
    }
    case "node-group": {
      const { name, labels } = subject;
      return {
        apiVersion,
        kind: "CiliumClusterwideNetworkPolicy",
        metadata: { name },
        spec: renderRule(cluster, subject, { nodeSelector: labelSelector(labels) }),
      };
    }
  }
}

function renderRule(
  cluster: ConfiguredCluster,
  subject: Subject,
  selector: Pick<Rule, "endpointSelector" | "nodeSelector">,
): Rule {
  const isObserved = enforcementOf(cluster, subject) === "observe";
  const ingress = ingressRules(cluster.flows, subject);
  const egress = egressRules(cluster.flows, subject, cluster);
  const ingressDeny = isObserved ? [] : [...worldDenial(subject), ...ingressRules(cluster.denials, subject)];
  const egressDeny = isObserved ? [] : egressRules(cluster.denials, subject, cluster);
  const saysEgress = egress.length + egressDeny.length > 0 || isDeniedByDefault(subject, "egress");
  // A policy says something of one direction at least.
  const saysIngress = ingress.length + ingressDeny.length > 0 || isDeniedByDefault(subject, "ingress") || !saysEgress;
  const isOpen = (direction: Direction) => isObserved || !isDeniedByDefault(subject, direction);
  const enableDefaultDeny = {
    ...(saysIngress && isOpen("ingress") && { ingress: false }),
    ...(saysEgress && isOpen("egress") && { egress: false }),
  };
  return {
    description: `${subject.name}. Ingress: ${ingressCell(cluster, subject)}. Egress: ${egressCell(cluster, subject)}.`,
    ...selector,
    ...(ingressDeny.length > 0 && { ingressDeny }),
    ...(saysIngress && (ingress.length > 0 || ingressDeny.length === 0) && { ingress: orNothing(ingress) }),
    ...(egressDeny.length > 0 && { egressDeny }),
    ...(saysEgress && (egress.length > 0 || egressDeny.length === 0) && { egress: orNothing(egress) }),
    ...(Object.keys(enableDefaultDeny).length > 0 && { enableDefaultDeny }),
  };
}

/** Rules, or the one that allows nothing. */
const orNothing = <R extends object>(rules: readonly R[]): (R | Record<string, never>)[] =>
  rules.length > 0 ? [...rules] : [{}];

const worldDenial = (subject: Subject) =>
  subject.kind === "workload" && subject.denyWorld ? [{ fromEntities: ["world" as const] }] : [];

/**
 * Lets all real pods resolve names through Cilium's DNS proxy, which `toFQDNs` learns from. The cluster label keeps
 * Cilium's own endpoints out: a policy on the Gateway's would answer its clients with 403.
 */
function renderDnsPolicy(
  { settings }: ConfiguredCluster,
  { peer, ports }: PortsOf<Workload>,
): CiliumClusterwideNetworkPolicy {
  const { clusterName, dnsNames, egressDefaultDeny, enforcement } = settings;
  return {
    apiVersion: "cilium.io/v2",
    kind: "CiliumClusterwideNetworkPolicy",
    metadata: { name: dnsPolicyName },
    spec: {
      description: `All pods of the cluster may resolve names at ${peer.name} (${peer.namespace}), through Cilium's DNS proxy.`,
      endpointSelector: { matchLabels: { [clusterLabel]: clusterName } },
      egress: [
        {
          ...destinationFields([selectionOf(peer)], undefined),
          toPorts: toPorts(ports, { rules: { dns: dnsNames.map(fqdnSelector) } }),
        },
      ],
      enableDefaultDeny: { egress: egressDefaultDeny && enforcement === "enforce" },
    },
  };
}
