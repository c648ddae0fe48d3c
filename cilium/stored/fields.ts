/** Whose the fields of a stored policy are, where they are not as rendered: what server-side apply keeps in `managedFields`. */
import { z } from "zod";
import type { Policy } from "../policy/schema.ts";
import { drift } from "./drift.ts";
import type { ManagedFields, StoredPolicy } from "./policy.ts";

/** Fields that one manager has set otherwise than they are rendered, such as `spec.ingress`. */
export interface HeldFields {
  readonly manager: string;
  /** `taken-over`: Pulumi's provider takes the manager's fields for its own; `conflict`: applying fails unless it is forced. */
  readonly outcome: "taken-over" | "conflict";
  readonly fields: readonly string[];
}

/**
 * What others than the stack have set in a policy otherwise than it is rendered, by manager. Fields that a conflicting
 * manager has added are left alone by server-side apply and are not among them; those of a manager that is taken over go.
 * @param own the manager under which the stack applies this policy; undefined if that is not known: any of Pulumi's then
 */
export function heldFields(stored: StoredPolicy, rendered: Policy, own: string | undefined): HeldFields[] {
  const entries = (stored.metadata.managedFields ?? []).filter(({ subresource }) => !subresource);
  const applied = new Set(
    entries.filter((entry) => isOwn(entry, own)).flatMap(({ fieldsV1 }) => leaves(fieldsV1).map(at)),
  );
  return entries.flatMap((entry) => {
    if (isOwn(entry, own)) return [];
    const outcome = isTakenOver(entry) ? "taken-over" : "conflict";
    const fields = leaves(entry.fieldsV1).filter((path) => {
      const [before, after] = [valueAt(stored, path), valueAt(rendered, path)];
      if (path.length === 0 || drift(before, after).length === 0) return false;
      // A field that the stack has as well is as the stack has applied it: that is no edit, the program has changed.
      return outcome === "conflict" ? after !== undefined : !applied.has(at(path)) && !path.includes(lastApplied);
    });
    return fields.length === 0 ? [] : [{ manager: entry.manager ?? "", outcome, fields: fields.map(at) }];
  });
}

const at = (path: readonly string[]): string => path.join(".");

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
