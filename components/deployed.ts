/** The policies that a stack deployed last, as its state has them. */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { Policy } from "../cilium/policy/schema.ts";

export interface Deployed {
  /** `namespace/name` of the workload whose policy it is; the policy's own name for a clusterwide one. */
  readonly name: string;
  /** The policy as it was written. */
  readonly written: Written;
}

type Written = z.infer<typeof writtenSchema>;

/** Of what the API server has answered, the policies as they were written. */
const resourcesSchema = z.record(z.string(), z.object({ outputs: z.unknown() }));
const writtenSchema = z.object({
  apiVersion: z.unknown(),
  kind: z.unknown(),
  metadata: z.object({ name: z.unknown(), namespace: z.unknown().optional() }),
  spec: z.unknown(),
});

/** A policy of this program's components: what else a stack holds is none of its policies. */
const ownUrn =
  /[:$]network-policies:index:(?:Clusterwide|Namespace)Policies\$kubernetes:[^:$]+:[A-Za-z]*NetworkPolicy::(.+)$/;

/**
 * @param resources a stack's resources by URN, as the Pulumi engine gives them
 * @throws {z.ZodError} when these are not of a known form
 */
export const deployedPolicies = (resources: unknown): Deployed[] =>
  Object.entries(resourcesSchema.parse(resources)).flatMap(([urn, { outputs }]) => {
    const name = ownUrn.exec(urn)?.[1];
    return name === undefined ? [] : [{ name, written: writtenSchema.parse(outputs) }];
  });

/** Whether policies are those that are deployed, field for field, so that nothing can change. */
export function areDeployed(policies: readonly Policy[], deployed: readonly Deployed[]): boolean {
  const written = new Map(deployed.map(({ written }) => [keyOf(written), written]));
  return (
    written.size === policies.length &&
    policies.every((policy) => isDeepStrictEqual(writtenSchema.parse(policy), written.get(keyOf(policy))))
  );
}

const keyOf = ({ kind, metadata: { namespace, name } }: Written | Policy): string =>
  `${kind} ${namespace ?? ""}/${name}`;
