/** Policies that are taken as they are from YAML beside a cluster's files, for what no flow says. */
import { placedRules } from "../policy/parts.ts";
import type { Policy } from "../policy/schema.ts";

export interface Verbatim {
  readonly policy: Policy;
  /** `cluster/verbatim/shop.yaml:12`, where its document begins. */
  readonly place: string;
}

/** A policy as it is applied: without what the API server adds to it, and kubectl's note of what it applied. */
export function asWritten(policy: Policy): Policy {
  const { name, namespace, labels, annotations } = policy.metadata;
  const own = Object.entries(annotations ?? {}).filter(([key]) => key !== lastApplied);
  const written: Policy = {
    ...policy,
    metadata: {
      name,
      ...(namespace != null && { namespace }),
      ...(Object.keys(labels ?? {}).length > 0 && { labels }),
      ...(own.length > 0 && { annotations: Object.fromEntries(own) }),
    },
  };
  delete written.status;
  return written;
}

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** Whether a policy allows anything; what only refuses is applied when all else is in place. */
export function allows(policy: Policy): boolean {
  switch (policy.kind) {
    case "CiliumNetworkPolicy":
    case "CiliumClusterwideNetworkPolicy":
      return placedRules(policy).some(({ rule }) =>
        [...(rule.ingress ?? []), ...(rule.egress ?? [])].some((one) => Object.keys(one).length > 0),
      );
    case "NetworkPolicy":
      return [...(policy.spec.ingress ?? []), ...(policy.spec.egress ?? [])].length > 0;
    case "ClusterNetworkPolicy":
      return [...(policy.spec.ingress ?? []), ...(policy.spec.egress ?? [])].some(({ action }) => action === "Accept");
  }
}
