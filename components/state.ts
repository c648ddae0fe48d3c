/** What the stack's state says, asked of the engine's own functions: a StackReference would leave a resource in the state. */
import { getOrganization, getProject, getStack, runtime } from "@pulumi/pulumi";
import { z } from "zod";
import { identifier, storedPolicy } from "../cilium/stored/policy.ts";

/** The stack's outputs as they were last deployed; empty before the first deployment. */
export const lastOutputs = (): Promise<unknown> => ask("pulumi:pulumi:readStackOutputs", "name");

/** The policies that exist for all the state knows, as `namespace/name`, or `name` of a clusterwide one. */
export async function recordedPolicies(): Promise<Set<string>> {
  const resources = resourcesSchema.parse(await ask("pulumi:pulumi:readStackResourceOutputs", "stackName"));
  const policies = Object.values(resources).flatMap(({ outputs }) => storedPolicy.safeParse(outputs).data ?? []);
  return new Set(policies.map(identifier));
}

const resourcesSchema = z.record(z.string(), z.looseObject({ outputs: z.unknown() }));

async function ask(token: string, argument: "name" | "stackName"): Promise<unknown> {
  const stack = `${getOrganization()}/${getProject()}/${getStack()}`;
  const answer: unknown = await runtime.invoke(token, { [argument]: stack });
  return z.object({ outputs: z.unknown() }).parse(answer).outputs;
}
