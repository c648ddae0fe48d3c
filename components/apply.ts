/** Hands a program's policies to Pulumi in dependency order. */
import type { ComponentResourceOptions, Resource } from "@pulumi/pulumi";
import { policyNameOf, workloadId } from "../cilium/model/cluster.ts";
import { applyOrder } from "../cilium/model/order.ts";
import { policyName } from "../cilium/policy/parts.ts";
import type { Program } from "./program.ts";
import {
  type CiliumClusterwideNetworkPolicy,
  type CiliumNetworkPolicy,
  ClusterwidePolicies,
  NamespacePolicies,
} from "./resources.ts";

export type AppliedPolicy = CiliumNetworkPolicy | CiliumClusterwideNetworkPolicy;

/**
 * Registers every policy, in components with the options given: the clusterwide ones first, since no pod may lose DNS and `toFQDNs` learns from its proxy, then
 * servers before their clients.
 */
export function applyPolicies({ cluster, policies }: Program, options: ComponentResourceOptions): AppliedPolicy[] {
  const clusterwide = policies.filter((policy) => policy.kind === "CiliumClusterwideNetworkPolicy");
  const namespaced = new Map(
    policies.filter((policy) => policy.kind === "CiliumNetworkPolicy").map((policy) => [policyName(policy), policy]),
  );
  const first = new ClusterwidePolicies("clusterwide", clusterwide, options);
  const applied = new Map<string, Resource & AppliedPolicy>(first.policies);
  const byNamespace = Map.groupBy(applyOrder(cluster), ({ workload }) => workload.namespace);
  for (const [namespace, steps] of byNamespace) {
    const ordered = steps.flatMap(({ workload, after }) => {
      const name = workloadId(workload);
      const manifest = namespaced.get(`${workload.namespace}/${policyNameOf(cluster, workload)}`);
      return manifest === undefined ? [] : [{ name, manifest, after: [...first.policies.keys(), ...after] }];
    });
    const component = new NamespacePolicies(namespace, ordered, applied, options);
    for (const [name, policy] of component.policies) applied.set(name, policy);
  }
  return [...applied.values()];
}
