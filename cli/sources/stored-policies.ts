/** The policies of a live cluster as they are stored, whatever their form, with what Cilium says of them. Reads only. */
import type { KubernetesObject } from "@kubernetes/client-node";
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
 * @throws Failure when the kubeconfig or the cluster cannot be used.
 */
export async function readStoredPolicies(context: string, namespaces: readonly string[]): Promise<StoredPolicies> {
  const api = await connect(context);
  const absent = new Set<StoredPolicy["kind"]>();
  /** The policies of a kind; undefined if they may not be listed. */
  async function attempt(kind: StoredPolicy["kind"], namespace?: string): Promise<StoredPolicy[] | undefined> {
    try {
      const objects = await list(api, { apiVersion: "cilium.io/v2", kind }, namespace);
      return objects.map((object: KubernetesObject) => storedPolicy.parse({ ...object, kind }));
    } catch (error) {
      const refusal = refusalOf(error, { kind });
      if (refusal.kind === "other") throw clusterFailure(context, refusal);
      if (refusal.kind === "forbidden") return undefined;
      absent.add(kind);
      return [];
    }
  }
  const clusterwide = await attempt("CiliumClusterwideNetworkPolicy");
  const everywhere = await attempt("CiliumNetworkPolicy");
  const unread = new Set<string | undefined>(clusterwide === undefined ? [undefined] : []);
  const policies = [...(clusterwide ?? []), ...(everywhere ?? [])];
  for (const namespace of everywhere === undefined ? namespaces : []) {
    const own = await attempt("CiliumNetworkPolicy", namespace);
    if (own === undefined) unread.add(namespace);
    else policies.push(...own);
  }
  return { policies, unread, everywhere: clusterwide !== undefined && everywhere !== undefined, absent };
}
