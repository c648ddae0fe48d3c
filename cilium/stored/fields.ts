/** Whose the fields of a stored policy are, where they are not as rendered: what server-side apply keeps in `managedFields`. */
import { z } from "zod";
import type { Policy } from "../policy/schema.ts";
import { drift } from "./drift.ts";
import type { ManagedFields, StoredPolicy } from "./policy.ts";

/** Fields that one manager has set otherwise than they are rendered, such as `spec.ingress`. */
export interface HeldFields {
  readonly manager: string;
  /** `update`: Pulumi's provider takes the manager's fields for its own; `conflict`: applying fails unless it is forced. */
  readonly outcome: "update" | "conflict";
  readonly fields: readonly string[];
}

/**
 * What others than the stack have set in a policy otherwise than it is rendered, by manager. Fields that a conflicting
 * manager has added are left alone by server-side apply and are not among them; those of a manager that is taken over go.
 * @param own the manager under which the stack applies this policy; undefined if that is not known: any of Pulumi's then
 */
export function heldFields(stored: StoredPolicy, rendered: Policy, own: string | undefined): HeldFields[] {
  return (stored.metadata.managedFields ?? []).flatMap((entry) => {
    const manager = entry.manager ?? "";
    if (entry.subresource || isOwn(entry, own)) return [];
    const outcome = isTakenOver(entry) ? "update" : "conflict";
    const fields = leaves(entry.fieldsV1).filter((path) => {
      const [before, after] = [valueAt(stored, path), valueAt(rendered, path)];
      const remains = after === undefined && (outcome === "conflict" || path.includes(lastApplied));
      return path.length > 0 && !remains && drift(before, after).length > 0;
    });
    return fields.length === 0 ? [] : [{ manager, outcome, fields: fields.map((path) => path.join(".")) }];
  });
}

/** kubectl's own note of what it has applied, which nobody misses. */
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** The provider gives each resource a manager of its own, `pulumi-kubernetes-` and eight hexadecimal digits. */
const isOwn = ({ manager, operation }: ManagedFields, own: string | undefined): boolean =>
  own === undefined ? /^pulumi-kubernetes\b/.test(manager ?? "") : manager === own && operation === "Apply";

/** Beginnings of managers' names that Pulumi's provider takes over (`fixCSAFieldManagers` in its `await.go`). */
const takenOver = {
  Apply: ["kubectl"],
  Update: ["kubectl", "before-first-apply", "pulumi-kubernetes", "pulumi-resource-kubernetes"],
};

const isTakenOver = ({ manager, operation }: ManagedFields): boolean =>
  takenOver[operation === "Apply" ? "Apply" : "Update"].some((start) => manager?.startsWith(start));

const fields = z.record(z.string(), z.unknown());

/** The innermost fields of a `FieldsV1`; a list that it goes into by keys or values counts as one. */
function leaves(fieldsV1: unknown): string[][] {
  const named = Object.entries(fields.safeParse(fieldsV1).data ?? {}).filter(([key]) => key.startsWith("f:"));
  if (named.length === 0) return [[]];
  return named.flatMap(([key, below]) => leaves(below).map((path) => [key.slice("f:".length), ...path]));
}

const valueAt = (value: unknown, path: readonly string[]): unknown =>
  path.reduce((below, key) => fields.safeParse(below).data?.[key], value);
