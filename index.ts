/** The Pulumi program: a stack's config → its policies → the cluster, servers before their clients. */
import { Provider } from "@pulumi/kubernetes/provider.js";
import { getProject, getStack, RunError, runtime } from "@pulumi/pulumi";
import { Faults } from "./cilium/model/faults.ts";
import { applyPolicies } from "./components/apply.ts";
import { announceChange } from "./components/change.ts";
import { loaded } from "./components/load.ts";
import * as outputs from "./components/outputs.ts";
import type { Program } from "./components/program.ts";

const program = await read();
const { config, cluster } = program;

const provider = new Provider("cluster", {
  // The provider is replaced, and with it every policy, only when the stack moves to another cluster.
  clusterIdentifier: config.clusterName,
  enableServerSideApply: true,
  upsertExistingObjects: config.adoptExisting,
  kubeconfig: config.kubeconfig || undefined,
  context: config.context || undefined,
});

const applied = applyPolicies(program, provider);
// The probe loads the whole Kubernetes SDK, so only who asks for it waits for that.
if (config.probe) (await import("./components/probe.ts")).runProbes(program, provider, applied);

export const policies = outputs.policyOutputs(applied);
export const policyCounts = outputs.policyCounts(cluster);
export const flows = outputs.flowOutputs(cluster);
export const defaultDeny = outputs.defaultDeny(cluster);
export const excluded = outputs.excludedPods(cluster);

await announceChange({ flows, defaultDeny });

/** Whatever is wrong is said before anything is registered, without a stack trace. */
async function read(): Promise<Program> {
  try {
    const { readProgram } = await loaded(import("./components/program.ts"));
    return readProgram(runtime.allConfig(), { project: getProject(), stack: getStack() });
  } catch (error) {
    throw error instanceof Faults ? new RunError(error.message) : error;
  }
}
