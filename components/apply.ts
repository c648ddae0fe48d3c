/** Hands a program's policies to Pulumi in dependency order. */
import type { ComponentResourceOptions, CustomResourceOptions } from "@pulumi/pulumi";
import { policyNameOf, workloadId } from "../cilium/model/cluster.ts";
import { applyOrder } from "../cilium/model/order.ts";
import { allows } from "../cilium/model/verbatim.ts";
import { namespaceOf, policyKey, policyName, referenceTo } from "../cilium/policy/parts.ts";
import type { Policy } from "../cilium/policy/schema.ts";
import type { Owned } from "./ownership.ts";
import type { Program } from "./program.ts";
import {
  type AppliedPolicy,
  ClusterwidePolicies,
  customTimeouts,
  NamespacePolicies,
  policyResource,
} from "./resources.ts";

/**
 * Registers every policy, in components with the options given: the clusterwide one of names first, since no pod may lose DNS
 * and `toFQDNs` learns from its proxy, then verbatim ones that allow something, then servers before their clients, and last
 * what only refuses.
 */
export function applyPolicies(program: Program, options: ComponentResourceOptions): AppliedPolicy[] {
  const components = componentsOf(program, options);
  const applied = new Map<string, AppliedPolicy>();
  for (const { name, manifest, after } of stepsOf(program)) {
    const parent = components.get(namespaceOf(manifest));
    if (parent === undefined) continue;
    // A dependency on a component reaches neither its children nor ours, so every policy names the policies themselves.
    const dependsOn = after.flatMap((earlier) => applied.get(earlier) ?? []);
    const options: CustomResourceOptions = { parent, ...(dependsOn.length > 0 && { dependsOn }), customTimeouts };
    applied.set(keyOf(manifest), policyResource(name, manifest, options));
  }
  return [...applied.values()];
}

interface Step {
  /** Of the resource: `namespace/name` of a workload, of a verbatim policy its own. */
  readonly name: string;
  readonly manifest: Owned<Policy>;
  /** The policies that come before it, by their keys. */
  readonly after: readonly string[];
}

const keyOf = (policy: Policy): string => policyKey(referenceTo(policy));

function stepsOf({ cluster, policies }: Program): Step[] {
  const verbatim = new Set(cluster.verbatim.map(({ policy }) => keyOf(policy)));
  const isVerbatim = (policy: Policy) => verbatim.has(keyOf(policy));
  const named = (after: readonly string[]) => (manifest: Owned<Policy>) => ({
    name: policyName(manifest),
    manifest,
    after,
  });
  const names = policies.filter((policy) => namespaceOf(policy) === undefined && !isVerbatim(policy));
  const allowing = policies.filter((policy) => isVerbatim(policy) && allows(policy));
  const first = [...names.map(named([])), ...allowing.map(named(names.map(keyOf)))];
  const own = new Map(policies.map((policy) => [keyOf(policy), policy]));
  const policyOf = ({ workload }: Order) =>
    policyKey({ kind: "CiliumNetworkPolicy", policy: `${workload.namespace}/${policyNameOf(cluster, workload)}` });
  const order = applyOrder(cluster);
  const keys = new Map(order.map((step) => [workloadId(step.workload), policyOf(step)]));
  const flows = order.flatMap((step): Step[] => {
    const manifest = own.get(policyOf(step));
    const after = [...first.map(({ manifest }) => keyOf(manifest)), ...step.after.flatMap((id) => keys.get(id) ?? [])];
    return manifest === undefined ? [] : [{ name: workloadId(step.workload), manifest, after }];
  });
  const earlier = [...first, ...flows];
  const refusing = policies.filter((policy) => isVerbatim(policy) && !allows(policy));
  return [...earlier, ...refusing.map(named(earlier.map(({ manifest }) => keyOf(manifest))))];
}

type Order = ReturnType<typeof applyOrder>[number];

/** The component of each namespace, and under undefined that of the clusterwide policies. */
function componentsOf(program: Program, options: ComponentResourceOptions) {
  const groups = Map.groupBy(stepsOf(program), ({ manifest }) => namespaceOf(manifest));
  return new Map(
    [...groups].map(([namespace, steps]) => {
      const names = steps.map(({ name }) => name);
      return [
        namespace,
        namespace === undefined
          ? new ClusterwidePolicies("clusterwide", names, options)
          : new NamespacePolicies(namespace, names, options),
      ];
    }),
  );
}
