/** How a cluster gets from the policies that it has to those of a program: what is taken over, what is created, what goes. */
import { policyKey, referenceTo } from "../policy/parts.ts";
import type { Policy } from "../policy/schema.ts";
import type { Inventory } from "../reach/compile/inventory.ts";
import type { Difference } from "../reach/report/difference.ts";
import { differences } from "./proof.ts";

export interface Plan {
  /** Policies that the program has under the same kind and name. */
  readonly takenOver: readonly Policy[];
  readonly created: readonly Policy[];
  /** Policies that somebody deletes once the others are in place. */
  readonly deleted: readonly Policy[];
  /** What differs while those that are deleted stand beside those that are created. */
  readonly meanwhile: Difference;
}

export function planOf(before: readonly Policy[], after: readonly Policy[], inventory: Inventory): Plan {
  const keys = (policies: readonly Policy[]) => new Set(policies.map(keyOf));
  const [had, has] = [keys(before), keys(after)];
  const deleted = before.filter((policy) => !has.has(keyOf(policy)));
  return {
    takenOver: after.filter((policy) => had.has(keyOf(policy))),
    created: after.filter((policy) => !had.has(keyOf(policy))),
    deleted,
    meanwhile: differences(before, [...after, ...deleted], inventory),
  };
}

const keyOf = (policy: Policy): string => policyKey(referenceTo(policy));
