/**
 * The four kinds of policies that one agent enforces, as zod schemas and the types inferred from them: what the API
 * server takes, field for field. Unknown fields are errors: the API server would prune them. Whether the agent accepts
 * what the API server takes is a question for `validity`.
 */
import { z } from "zod";
import { ciliumClusterwideNetworkPolicy, ciliumNetworkPolicy } from "./schema/cilium.ts";
import { clusterNetworkPolicy } from "./schema/cluster-network-policy.ts";
import { networkPolicy } from "./schema/network-policy.ts";

export * from "./schema/cilium.ts";
export type { ClusterNetworkPolicy } from "./schema/cluster-network-policy.ts";
export type { NetworkPolicy } from "./schema/network-policy.ts";
export type { LabelSelector } from "./schema/shared.ts";

/** Any of the four, told apart by its `kind`. */
export const policy = z.discriminatedUnion("kind", [
  ciliumNetworkPolicy,
  ciliumClusterwideNetworkPolicy,
  networkPolicy,
  clusterNetworkPolicy,
]);

export type Policy = z.infer<typeof policy>;
export type PolicyKind = Policy["kind"];
