/** The policies of a live cluster as they are stored, whatever their form, with what Cilium says of them. Reads only. */
import type { KubernetesObject } from "@kubernetes/client-node";
import { policyResources } from "../../cilium/policy/resources.ts";
import type { Policy } from "../../cilium/policy/schema.ts";
import { type StoredPolicy, storedPolicy } from "../../cilium/stored/policy.ts";
import { clusterFailure, connect, list, refusalOf } from "./cluster.ts";

export interface StoredPolicies {
  readonly policies: readonly StoredPolicy[];
  /** Where policies may not be read: namespaces, and undefined for the clusterwide ones. */
  readonly unread: ReadonlySet<string | undefined>;
  /** Whether they were listed for the whole cluster at once. */
  readonly everywhere: boolean;
  /** Kinds of policies that the cluster does not know. */
  readonly absent: ReadonlySet<StoredPolicy["kind"]>;
}

/**
 * Reads the policies of all namespaces or, for somebody who may not do that, of each of the namespaces given.
 * @param rendered the policies of the stack
 * @throws Failure when the kubeconfig or the cluster cannot be used.
 */
export async function readStoredPolicies(
  context: string,
  namespaces: readonly string[],
  rendered: readonly Policy[],
): Promise<StoredPolicies> {
  // Of Kubernetes' own kinds only those are asked for that the stack has.
  const kinds = new Set<Policy["kind"]>([
    "CiliumClusterwideNetworkPolicy",
    "CiliumNetworkPolicy",
    ...rendered.map(({ kind }) => kind),
  ]);
  const api = await connect(context);
  const absent = new Set<StoredPolicy["kind"]>();
  /** The policies of a kind; undefined if they may not be listed. */
  async function attempt(kind: StoredPolicy["kind"], namespace?: string): Promise<StoredPolicy[] | undefined> {
    try {
      const { group, version } = policyResources[kind];
      const objects = await list(api, { apiVersion: `${group}/${version}`, kind }, namespace);
      return objects.map((object: KubernetesObject) => storedPolicy.parse({ ...object, kind }));
    } catch (error) {
      const refusal = refusalOf(error, { kind });
      if (refusal.kind === "other") throw clusterFailure(context, refusal);
      if (refusal.kind === "forbidden") return undefined;
      absent.add(kind);
      return [];
    }
  }
  const unread = new Set<string | undefined>();
  const policies: StoredPolicy[] = [];
  let isEverywhere = true;
  for (const kind of kinds) {
    const everywhere = await attempt(kind);
    policies.push(...(everywhere ?? []));
    if (everywhere !== undefined) continue;
    isEverywhere = false;
    const isNamespaced = kind === "CiliumNetworkPolicy" || kind === "NetworkPolicy";
    for (const namespace of isNamespaced ? namespaces : [undefined]) {
      const own = namespace === undefined ? undefined : await attempt(kind, namespace);
      if (own === undefined) unread.add(namespace);
      else policies.push(...own);
    }
  }
  return { policies, unread, everywhere: isEverywhere, absent };
}
