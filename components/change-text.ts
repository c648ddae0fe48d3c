/** What a program changes for connections against the policies that its stack deployed last. */
import { inventoryOf } from "../cilium/model/inventory.ts";
import { namespaceOf } from "../cilium/policy/parts.ts";
import { representatives } from "../cilium/policy/representatives.ts";
import { type CiliumPolicy, ciliumPolicy as policySchema } from "../cilium/policy/schema.ts";
import {
  clusterLabel,
  matches,
  podIdentity,
  podNamespaceLabel,
  subjectRequirements,
} from "../cilium/policy/selector.ts";
import type { Endpoint, Inventory } from "../cilium/reach/compile/inventory.ts";
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
  readonly policy: CiliumPolicy;
}

/** The policies with the workloads that they were for, in the cluster whose pods they select. */
function sideOf(deployed: readonly DeployedPolicy[], current: Inventory): Side {
  const cluster = deployed.map(clusterOf).find((name) => name !== undefined) ?? current.cluster;
  const known = new Map(current.endpoints.map((endpoint) => [`${endpoint.namespace}/${endpoint.name}`, endpoint]));
  return {
    policies: deployed.map(({ policy }) => policy),
    inventory: {
      ...current,
      cluster,
      endpoints: deployed.flatMap((one) => workloadOf(one, known.get(one.name), cluster)),
    },
  };
}

/** The cluster that a clusterwide policy limits itself to. */
function clusterOf({ policy }: DeployedPolicy): string | undefined {
  const selector = policy.kind === "CiliumClusterwideNetworkPolicy" ? policy.spec?.endpointSelector : undefined;
  const pods = selector ? representatives(selector, undefined) : [];
  return pods.flat().find(({ key }) => key === clusterLabel)?.value;
}

/** A workload as the program has it while the policy selects that, otherwise with the labels that the policy asks for. */
function workloadOf({ name, policy }: DeployedPolicy, current: Endpoint | undefined, cluster: string): Endpoint[] {
  const namespace = namespaceOf(policy);
  const selector = policy.spec?.endpointSelector;
  if (namespace === undefined || !selector) return [];
  const isSelected = (endpoint: Endpoint): boolean =>
    matches(subjectRequirements(selector, namespace), podIdentity({ ...endpoint, cluster }));
  if (current !== undefined && isSelected(current)) return [current];
  return representatives(selector, namespace)
    .slice(0, 1)
    .map((labels) => ({
      namespace,
      name: name.slice(name.indexOf("/") + 1),
      labels: Object.fromEntries(
        labels.flatMap(({ key, value }) => (key === podNamespaceLabel ? [] : [[key, value] as const])),
      ),
    }));
}
