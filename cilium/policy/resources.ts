/** The kinds of policies as the API server has them. */
import type { PolicyKind } from "./schema.ts";

export type ApiResource = {
  readonly group: string;
  readonly version: string;
  /** What paths and rights call it. */
  readonly plural: string;
  readonly isNamespaced: boolean;
};

export const policyResources: Readonly<Record<PolicyKind, ApiResource>> = {
  CiliumClusterwideNetworkPolicy: {
    group: "cilium.io",
    version: "v2",
    plural: "ciliumclusterwidenetworkpolicies",
    isNamespaced: false,
  },
  CiliumNetworkPolicy: { group: "cilium.io", version: "v2", plural: "ciliumnetworkpolicies", isNamespaced: true },
  NetworkPolicy: { group: "networking.k8s.io", version: "v1", plural: "networkpolicies", isNamespaced: true },
  ClusterNetworkPolicy: {
    group: "policy.networking.k8s.io",
    version: "v1alpha2",
    plural: "clusternetworkpolicies",
    isNamespaced: false,
  },
};
