/** A cluster's Pulumi program. */
export { loadCluster } from "./load.ts";
export { type NetworkPolicies, networkPolicies } from "./network-policies.ts";
