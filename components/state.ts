/** What the stack's state says, asked of the engine's own function: a StackReference would leave a resource in the state. */
import { getOrganization, getProject, getStack, runtime } from "@pulumi/pulumi";
import { z } from "zod";
import { identifier, storedPolicy } from "../cilium/stored/policy.ts";

/** The outputs of the resources that the stack deployed last, by URN (`pkg/resource/deploy/builtins.go`). */
export async function lastResources(): Promise<unknown> {
  const stackName = `${getOrganization()}/${getProject()}/${getStack()}`;
  const answer: unknown = await runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName });
  return z.object({ outputs: z.unknown() }).parse(answer).outputs;
}

/** The policies that exist for all the state knows, as `namespace/name`, or `name` of a clusterwide one. */
export async function recordedPolicies(): Promise<Set<string>> {
  const resources = resourcesSchema.parse(await lastResources());
  const policies = Object.values(resources).flatMap(({ outputs }) => storedPolicy.safeParse(outputs).data ?? []);
  return new Set(policies.map(identifier));
}

const resourcesSchema = z.record(z.string(), z.looseObject({ outputs: z.unknown() }));
