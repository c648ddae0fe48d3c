/** Hands a program's policies to Pulumi in dependency order. */
import type { ComponentResourceOptions } from "@pulumi/pulumi";
import { policyNameOf, workloadId } from "../cilium/model/cluster.ts";
import { applyOrder } from "../cilium/model/order.ts";
import { policyName } from "../cilium/policy/parts.ts";
import type { Program } from "./program.ts";
import {
  type CiliumClusterwideNetworkPolicy,
  CiliumNetworkPolicy,
  ClusterwidePolicies,
  customTimeouts,
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
  const steps = applyOrder(cluster);
  const components = new Map(
    [...Map.groupBy(steps, ({ workload }) => workload.namespace)].map(([namespace, own]) => [
      namespace,
      new NamespacePolicies(
        namespace,
        own.map(({ workload }) => workloadId(workload)),
        options,
      ),
    ]),
  );
  const applied = new Map<string, AppliedPolicy>(first.policies);
  for (const { workload, after } of steps) {
    const manifest = namespaced.get(`${workload.namespace}/${policyNameOf(cluster, workload)}`);
    const parent = components.get(workload.namespace);
    if (manifest === undefined || parent === undefined) continue;
    // A dependency on a component reaches neither its children nor ours, so every policy names the policies themselves.
    const dependsOn = [...first.policies.keys(), ...after].flatMap((earlier) => applied.get(earlier) ?? []);
    const name = workloadId(workload);
    applied.set(name, new CiliumNetworkPolicy(name, manifest, { parent, dependsOn, customTimeouts }));
  }
  return [...applied.values()];
}
