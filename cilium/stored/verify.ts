/** Whether a cluster has what a stack has rendered: every policy stored as it is, accepted by Cilium, and no other. */
import { namespaceOf } from "../policy/parts.ts";
import type { Policy } from "../policy/schema.ts";
import { type Drift, drift } from "./drift.ts";
import { identifier, type Specs, type StoredPolicy } from "./policy.ts";

export type Verified = {
  /** Its identifier. */
  readonly policy: string;
  readonly problems: readonly Deviation[];
};

export type Deviation =
  | { readonly kind: "missing" }
  /** Stored, and nothing says that it is this stack's. */
  | { readonly kind: "foreign"; readonly owner: string | undefined }
  | { readonly kind: "drift"; readonly fields: readonly Drift[] }
  /** Cilium refuses it, and enforces none of its rules. */
  | { readonly kind: "refused"; readonly reason: string }
  /** Cilium's operator has said neither yes nor no. */
  | { readonly kind: "not-judged" };

/** A policy of a governed namespace, or a clusterwide one, that the stack has not rendered. */
export type Stranger = { readonly policy: string; readonly owner: string | undefined };

export type Verification = {
  readonly verified: readonly Verified[];
  readonly strangers: readonly Stranger[];
};

/**
 * @param isRead whether policies of a namespace could be read; undefined stands for clusterwide ones. What could not be
 * read is not verified.
 * @param ownerOf who a stored policy says it belongs to; `owner` is this stack
 */
export function verify(
  rendered: readonly Policy[],
  stored: readonly StoredPolicy[],
  isRead: (namespace: string | undefined) => boolean,
  ownerOf: (policy: StoredPolicy) => string | undefined,
  owner: string,
): Verification {
  const present = new Map(stored.map((policy) => [identifier(policy), policy]));
  const own = new Set(rendered.map(identifier));
  const governed = new Set(rendered.map(namespaceOf));
  return {
    verified: rendered
      .filter((policy) => isRead(namespaceOf(policy)))
      .map((policy) => {
        const found = present.get(identifier(policy));
        const problems: Deviation[] =
          found === undefined ? [{ kind: "missing" }] : problemsOf(policy, found, ownerOf, owner);
        return { policy: identifier(policy), problems };
      }),
    strangers: stored
      .filter((policy) => !own.has(identifier(policy)) && governed.has(policy.metadata.namespace ?? undefined))
      .map((policy) => ({ policy: identifier(policy), owner: ownerOf(policy) })),
  };
}

function problemsOf(
  rendered: Policy,
  stored: StoredPolicy,
  ownerOf: (policy: StoredPolicy) => string | undefined,
  owner: string,
): Deviation[] {
  const { spec, specs }: Specs = rendered;
  const fields = [...drift(stored.spec, spec, "spec"), ...drift(stored.specs, specs, "specs")];
  const storedOwner = ownerOf(stored);
  const valid = stored.status?.conditions?.find(({ type }) => type === "Valid");
  return [
    ...(storedOwner === owner ? [] : [{ kind: "foreign", owner: storedOwner } as const]),
    ...(fields.length === 0 ? [] : [{ kind: "drift", fields } as const]),
    // Cilium's operator judges Cilium's own kinds.
    ...(rendered.apiVersion === "cilium.io/v2" && (valid === undefined || valid.status === "Unknown")
      ? [{ kind: "not-judged" } as const]
      : []),
    ...(valid?.status === "False" ? [{ kind: "refused", reason: valid.message ?? "no reason given" } as const] : []),
  ];
}
