/** A policy as the API server gives it back, with what Cilium says of it, and as Pulumi has recorded it. */
import { z } from "zod";
import { policyText } from "../policy/parts.ts";
import type { Policy } from "../policy/schema.ts";

/** One of the conditions that Cilium's operator writes (`operator/pkg/networkpolicy/validator.go`). */
const condition = z.looseObject({ type: z.string(), status: z.string(), message: z.string().nullish() });

/** Who has set which fields, as the API server keeps it for server-side apply (`metav1.ManagedFieldsEntry`). */
const managedFields = z.looseObject({
  manager: z.string().nullish(),
  operation: z.string().nullish(),
  subresource: z.string().nullish(),
  fieldsV1: z.unknown().optional(),
});

export const storedPolicy = z.looseObject({
  kind: z.enum(["CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "NetworkPolicy", "ClusterNetworkPolicy"]),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().nullish(),
    annotations: z.record(z.string(), z.string()).nullish(),
    managedFields: z.array(managedFields).nullish(),
  }),
  spec: z.unknown().optional(),
  specs: z.unknown().optional(),
  status: z.looseObject({ conditions: z.array(condition).nullish() }).nullish(),
});

export type StoredPolicy = z.infer<typeof storedPolicy>;
/** The rules of a manifest, whatever their form. */
export interface Specs {
  readonly spec?: unknown;
  readonly specs?: unknown;
}

/** A policy in a stack's state. */
export interface RecordedPolicy {
  /** The manifest that was applied last. */
  readonly inputs: Specs;
  /** The field manager under which it was applied. */
  readonly manager: string | undefined;
}

export type ManagedFields = z.infer<typeof managedFields>;

/**
 * `namespace/name`, or `name` of a clusterwide policy, of whatever is stored or rendered; with its kind where that is not
 * Cilium's own, since policies of different kinds may share a name.
 */
export const identifier = ({ kind, metadata }: Policy | Pick<StoredPolicy, "kind" | "metadata">): string =>
  policyText({ kind, policy: objectName(metadata) });

/** As Pulumi's provider identifies an object of a kind. */
export const objectName = ({ namespace, name }: Policy["metadata"]): string =>
  namespace ? `${namespace}/${name}` : name;
