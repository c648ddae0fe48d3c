/** From a stack's config to its policies: everything that can be known without a cluster and without Pulumi. */

import { faults } from "../cilium/model/check.ts";
import { type Cluster, type ConfiguredCluster, configure } from "../cilium/model/cluster.ts";
import { Faults } from "../cilium/model/faults.ts";
import type { Policy } from "../cilium/policy/schema.ts";
import { renderPolicies } from "../cilium/render/policies.ts";
import { type Config, readConfig } from "./config.ts";
import { type Owned, owned, type StackName } from "./ownership.ts";
import { unknownProbeNamespaces, withProbes } from "./probe-workload.ts";

export interface Program {
  readonly config: Config;
  readonly cluster: ConfiguredCluster;
  /** The DNS policy first, then one for each workload, in the order of the tables, then those that are verbatim. */
  readonly policies: readonly Owned<Policy>[];
}

/**
 * A cluster's program with a stack's config (`project:key` → text, as the engine hands it over).
 * @throws Faults when the config or the declared cluster is wrong; nothing has been registered then.
 */
export function readProgram(declared: Cluster, values: Readonly<Record<string, string>>, stack: StackName): Program {
  const config = readConfig(values, stack.project);
  const chosen = config.probeNamespaces.length > 0 ? config.probeNamespaces : declared.namespaces.map((n) => n.name);
  const probed = config.probe ? chosen : [];
  const cluster = configure(withProbes(declared, probed), config);
  const found = [...unknownProbeNamespaces(declared, config.probeNamespaces), ...faults(cluster)];
  if (found.length > 0) throw new Faults(found);
  return { config, cluster, policies: renderPolicies(cluster).map((policy) => owned(policy, stack, config)) };
}
