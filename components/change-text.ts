/** What a program changes for connections against the policies that its stack deployed last. */
import { inventoryOf } from "../cilium/model/inventory.ts";
import { selectsEndpoint, withSubjects } from "../cilium/model/subjects.ts";
import { representatives } from "../cilium/policy/representatives.ts";
import { type Policy, policy as policySchema } from "../cilium/policy/schema.ts";
import { clusterLabel } from "../cilium/policy/selector.ts";
import type { Inventory } from "../cilium/reach/compile/inventory.ts";
import { diff, type Side } from "../cilium/reach/report/diff.ts";
import { describe } from "../cilium/reach/report/diff-text.ts";
import type { Deployed } from "./deployed.ts";
import type { Program } from "./program.ts";

/**
 * What is different, in the sentences of `netpol diff`; undefined when nothing is. A first deployment is compared with the
 * same pods without any policy, and told in one line.
 * @throws {z.ZodError} when what is deployed is not of a known form
 */
export function changeText(last: readonly Deployed[], { cluster, policies }: Program): string | undefined {
  const inventory = inventoryOf(cluster);
  const deployed = last.map(({ name, written }) => ({ name, policy: policySchema.parse(written) }));
  const before = deployed.length === 0 ? { policies: [], inventory } : sideOf(deployed, inventory);
  const { summary, sentences } = describe(diff(before, { policies, inventory }));
  if (deployed.length === 0) return `First deployment: ${summary}`;
  return sentences.length === 0
    ? undefined
    : [`What changes for connections: ${summary}`, ...sentences.map(({ text }) => `  ${text}`)].join("\n");
}

interface DeployedPolicy extends Pick<Deployed, "name"> {
  readonly policy: Policy;
}

/** The policies with the workloads that they were for, in the cluster whose pods they select. */
function sideOf(deployed: readonly DeployedPolicy[], current: Inventory): Side {
  const cluster = deployed.map(clusterOf).find((name) => name !== undefined) ?? current.cluster;
  const known = new Map(current.endpoints.map((endpoint) => [`${endpoint.namespace}/${endpoint.name}`, endpoint]));
  // A workload as the program has it while the policy selects that, otherwise with the labels that the policy asks for.
  const kept = deployed.flatMap(({ name, policy }) => {
    const endpoint = known.get(name);
    return endpoint !== undefined && selectsEndpoint(policy, endpoint, cluster) ? [endpoint] : [];
  });
  const names = new Map(deployed.map(({ name, policy }) => [policy, name.slice(name.indexOf("/") + 1)]));
  const policies = deployed.map(({ policy }) => policy);
  return {
    policies,
    inventory: {
      ...current,
      cluster,
      endpoints: withSubjects(kept, policies, cluster, (policy) => names.get(policy) ?? policy.metadata.name),
    },
  };
}

/** The cluster that a clusterwide policy limits itself to. */
function clusterOf({ policy }: DeployedPolicy): string | undefined {
  const selector = policy.kind === "CiliumClusterwideNetworkPolicy" ? policy.spec?.endpointSelector : undefined;
  const pods = selector ? representatives(selector, undefined) : [];
  return pods.flat().find(({ key }) => key === clusterLabel)?.value;
}
