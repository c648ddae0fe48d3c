/** This cluster's Pulumi program. */
import { loadCluster } from "./components/load.ts";
import { networkPolicies } from "./components/network-policies.ts";

export const { policies, policyCounts, flows, defaultDeny, excluded } = await networkPolicies(
  loadCluster(import.meta.dirname),
);
