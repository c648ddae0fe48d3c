/** What the end-to-end tests compare: policies as rendered, as stored in the API server, and as recorded in the state. */
import { z } from "zod";
import { policyName } from "../../cilium/policy/parts.ts";
import { readStack } from "../../cli/stack.ts";
import type { KubernetesApi, KubernetesObject } from "../provider/kubernetes-api.ts";
import type { ProdStack, Step } from "../toolchain/stack.ts";

/** The policies that a stack's config renders to, without engine and cluster, by name. */
export const rendered = async (stack: ProdStack) =>
  new Map((await readStack("prod", stack.folder)).policies.map((policy) => [policyName(policy), policy]));

/** The policies in the API server, by name, in the order in which they were last written. */
export async function stored(api: KubernetesApi): Promise<Map<string, KubernetesObject>> {
  const kinds = ["CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"];
  const all = (await Promise.all(kinds.map((kind) => api.list("cilium.io/v2", kind)))).flat();
  // etcd's revision: one count for everything stored.
  const revision = ({ metadata }: KubernetesObject) => Number(metadata.resourceVersion);
  return new Map(all.sort((a, b) => revision(a) - revision(b)).map((object) => [nameOf(object), object]));
}

export const nameOf = ({ metadata: { namespace, name } }: KubernetesObject) =>
  namespace ? `${namespace}/${name}` : name;

const deploymentSchema = z.looseObject({
  resources: z.array(z.looseObject({ type: z.string(), id: z.string().optional() })).default([]),
});

/** The policies that a stack's state says exist, by name. */
export async function recorded(stack: ProdStack): Promise<string[]> {
  const { deployment } = await stack.exportStack();
  const { resources } = deploymentSchema.parse(deployment);
  return resources.flatMap(({ type, id }) => (isPolicy(type) && id ? [id] : []));
}

export const isPolicy = (type: string) => type.startsWith("kubernetes:cilium.io/v2:");

/** The names of the policies to which an operation did something besides looking at them, or one thing. */
export const touched = (steps: readonly Step[], op?: Step["op"]): string[] =>
  steps.flatMap((step) =>
    isPolicy(step.type) && (op ? step.op === op : step.op !== "same" && step.op !== "refresh")
      ? [step.urn.slice(step.urn.lastIndexOf("::") + 2)]
      : [],
  );
