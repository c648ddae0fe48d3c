/** Whether policies allow after exactly what they allowed before, asked of the engine about everybody. */
import type { Policy } from "../policy/schema.ts";
import type { Endpoint, Inventory } from "../reach/compile/inventory.ts";
import { diff } from "../reach/report/diff.ts";
import type { Difference } from "../reach/report/difference.ts";

/** What differs for the endpoints of an inventory, a stranger in each of their namespaces, entities, addresses and names. */
export function differences(before: readonly Policy[], after: readonly Policy[], inventory: Inventory): Difference {
  const judged = withStrangers(inventory);
  return diff({ policies: before, inventory: judged }, { policies: after, inventory: judged });
}

/** A pod that nobody knows in each namespace: it has no labels, and stands for all that may come. */
export function withStrangers(inventory: Inventory): Inventory {
  const namespaces = new Map(inventory.endpoints.map((endpoint) => [endpoint.namespace, endpoint]));
  const strangers = [...namespaces.values()].map(
    ({ namespace, namespaceLabels }): Endpoint => ({
      namespace,
      name: "a pod without labels",
      labels: {},
      ...(namespaceLabels !== undefined && { namespaceLabels }),
      serviceAccount: "default",
    }),
  );
  return { ...inventory, endpoints: [...inventory.endpoints, ...strangers] };
}
