/** Whose the fields of a stored policy are, where they are not as rendered: what server-side apply keeps in `managedFields`. */
import { z } from "zod";
import type { Policy } from "../policy/schema.ts";
import { drift } from "./drift.ts";
import type { ManagedFields, RecordedPolicy, StoredPolicy } from "./policy.ts";

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
 * @param recorded as the stack has applied it last, if that is known
 */
export function heldFields(stored: StoredPolicy, rendered: Policy, recorded: RecordedPolicy | undefined): HeldFields[] {
  return (stored.metadata.managedFields ?? []).flatMap((entry) => {
    if (entry.subresource || isOwn(entry, recorded?.manager)) return [];
    const outcome = isTakenOver(entry) ? "update" : "conflict";
    const paths = leaves(entry.fieldsV1).filter((path) => {
      const differs = (other: unknown) => drift(valueAt(stored, path), valueAt(other, path)).length > 0;
      if (path.length === 0 || !differs(rendered)) return false;
      if (outcome === "conflict") return valueAt(rendered, path) !== undefined;
      // What is as it was applied is no edit, whoever has set it.
      return !path.includes(lastApplied) && (recorded === undefined || differs(recorded.inputs));
    });
    const fields = paths.map((path) => path.join("."));
    return fields.length === 0 ? [] : [{ manager: entry.manager ?? "", outcome, fields }];
  });
}

/** kubectl's own note of what it has applied, which nobody misses. */
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * The provider gives each resource a manager of its own, `pulumi-kubernetes-` and eight hexadecimal digits. Which one it is
 * may not be known, and what others of these have created without applying it is taken over.
 */
const isOwn = ({ manager, operation }: ManagedFields, own: string | undefined): boolean =>
  manager === own ||
  (/^pulumi-(resource-)?kubernetes/.test(manager ?? "") && (operation === "Update" || own === undefined));

/** Whose fields Pulumi's provider takes for its own, by the beginning of the name (`fixCSAFieldManagers` in its `await.go`). */
const isTakenOver = ({ manager, operation }: ManagedFields): boolean =>
  /^kubectl/.test(manager ?? "") || (operation === "Update" && /^before-first-apply/.test(manager ?? ""));

const fields = z.record(z.string(), z.unknown());

/** The innermost fields of a `FieldsV1`; a list that it goes into by keys or values counts as one. */
function leaves(fieldsV1: unknown): string[][] {
  const named = Object.entries(fields.safeParse(fieldsV1).data ?? {}).filter(([key]) => key.startsWith("f:"));
  if (named.length === 0) return [[]];
  return named.flatMap(([key, below]) => leaves(below).map((path) => [key.slice("f:".length), ...path]));
}

const valueAt = (value: unknown, path: readonly string[]): unknown =>
  path.reduce((below, key) => fields.safeParse(below).data?.[key], value);
