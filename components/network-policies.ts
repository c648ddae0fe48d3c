/** The whole of a cluster's Pulumi program: a stack's config → its policies → the cluster, servers before their clients. */
import { Provider } from "@pulumi/kubernetes/provider.js";
import { getProject, getStack, type Output, RunError, runtime } from "@pulumi/pulumi";
import type { Cluster } from "../cilium/model/cluster.ts";
import { Faults } from "../cilium/model/faults.ts";
import { applyPolicies } from "./apply.ts";
import { announceAdoption, announceChange } from "./change.ts";
import { importUnrecorded } from "./cut-off.ts";
import * as outputs from "./outputs.ts";
import { type Program, readProgram } from "./program.ts";

/** What the stack tells about itself. */
export interface NetworkPolicies {
  readonly policies: Output<outputs.PolicyOutput[]>;
  readonly policyCounts: outputs.PolicyCounts;
  readonly flows: readonly outputs.FlowOutput[];
  readonly defaultDeny: outputs.DefaultDenyOutput;
  readonly excluded: readonly outputs.ExcludedOutput[];
}

/**
 * Applies every policy of a cluster as the stack configures it, and in a preview says what that changes.
 * @param loading the cluster, or the promise of `loadCluster`, whose faults are then said without a stack trace
 * @throws RunError with a line for each fault of the config or the cluster, before anything is registered
 */
export async function networkPolicies(loading: Cluster | Promise<Cluster>): Promise<NetworkPolicies> {
  const program = await read(loading);
  const { config, cluster } = program;
  const provider = new Provider("cluster", {
    // The provider is replaced, and with it every policy, only when the stack moves to another cluster.
    clusterIdentifier: config.clusterName,
    enableServerSideApply: true,
    upsertExistingObjects: config.adoptExisting,
    kubeconfig: config.kubeconfig || undefined,
    context: config.context || undefined,
  });
  const applied = applyPolicies(program, { provider, transformations: await importUnrecorded(program) });
  // The probe loads the whole Kubernetes SDK, so only who asks for it waits for that.
  if (config.probe) (await import("./probe.ts")).runProbes(program, provider, applied);
  if (config.adoptExisting) await announceAdoption();
  await announceChange(program);
  return {
    policies: outputs.policyOutputs(applied),
    policyCounts: outputs.policyCounts(program),
    flows: outputs.flowOutputs(cluster),
    defaultDeny: outputs.defaultDeny(cluster),
    excluded: outputs.excludedPods(cluster),
  };
}

async function read(loading: Cluster | Promise<Cluster>): Promise<Program> {
  try {
    return readProgram(await loading, runtime.allConfig(), { project: getProject(), stack: getStack() });
  } catch (error) {
    throw error instanceof Faults ? new RunError(error.message) : error;
  }
}
