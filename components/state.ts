/** What the stack's state says, asked of the engine's own function: a StackReference would leave a resource in the state. */
import { setTimeout } from "node:timers/promises";
import { getOrganization, getProject, getStack, runtime } from "@pulumi/pulumi";
import { z } from "zod";
import { identifier, storedPolicy } from "../cilium/stored/policy.ts";

/** The outputs of the resources that the stack deployed last, by URN (`pkg/resource/deploy/builtins.go`). */
export async function lastResources(): Promise<unknown> {
  return z.object({ outputs: z.unknown() }).parse(await askedAgain(20)).outputs;
}

/**
 * A backend in a folder writes a checkpoint's attributes in place (`blob/fileblob/attrs.go` of gocloud.dev), so the engine
 * fails to read them at the moment in which it writes them.
 */
async function askedAgain(times: number): Promise<unknown> {
  const stackName = `${getOrganization()}/${getProject()}/${getStack()}`;
  try {
    return await runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName });
  } catch (error) {
    if (times === 0 || !String(error).includes("failed to load checkpoint")) throw error;
    await setTimeout(50);
    return askedAgain(times - 1);
  }
}

/** The policies that exist for all the state knows, as `namespace/name`, or `name` of a clusterwide one. */
export async function recordedPolicies(): Promise<Set<string>> {
  const resources = resourcesSchema.parse(await lastResources());
  const policies = Object.values(resources).flatMap(({ outputs }) => storedPolicy.safeParse(outputs).data ?? []);
  return new Set(policies.map(identifier));
}

const resourcesSchema = z.record(z.string(), z.looseObject({ outputs: z.unknown() }));
