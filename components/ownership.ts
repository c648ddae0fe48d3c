/** The marks by which anybody who meets a policy in the cluster finds the stack that owns it. */
import type { Policy } from "../cilium/policy/schema.ts";

export interface StackName {
  readonly project: string;
  readonly stack: string;
}

/** A policy with the marks of its owner. */
export type Owned<P extends Policy> = P & {
  readonly metadata: { readonly name: string; readonly namespace?: string } & Marks;
};

interface Marks {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
}

/** How the Kubernetes provider is to treat the policies. */
export interface Handling {
  /** Overwrite fields that others own. */
  readonly adoptExisting: boolean;
  /** Wait for the condition `Valid`, which Cilium sets once it has accepted a policy. */
  readonly waitForValid: boolean;
}

/** The annotation that names the owner as `project/stack`. */
export const stackAnnotation = "network-policies/stack";

/** Who a policy says it belongs to. */
export const ownerOf = ({
  metadata,
}: {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> | null };
}): string | undefined => metadata.annotations?.[stackAnnotation];

export function owned<P extends Policy>(policy: P, { project, stack }: StackName, handling: Handling): Owned<P> {
  const { name, namespace, labels, annotations } = policy.metadata;
  const hasConditions = policy.apiVersion === "cilium.io/v2";
  const marks: Marks = {
    labels: { ...labels, "app.kubernetes.io/managed-by": "pulumi", "app.kubernetes.io/part-of": project },
    annotations: {
      ...annotations,
      [stackAnnotation]: `${project}/${stack}`,
      // Policies own nothing, so a deletion has nothing to wait for.
      "pulumi.com/deletionPropagationPolicy": "background",
      ...(handling.adoptExisting && { "pulumi.com/patchForce": "true" }),
      ...(handling.waitForValid && hasConditions && { "pulumi.com/waitFor": "condition=Valid" }),
    },
  };
  return { ...policy, metadata: { name, ...(namespace != null && { namespace }), ...marks } };
}
