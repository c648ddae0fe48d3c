/** Whether policies allow after exactly what they allowed before: asked of the engine about everybody, and proved for all who could be. */
import type { Policy } from "../policy/schema.ts";
import { equal, type Proof } from "../prove/prove.ts";
import type { Endpoint, Inventory } from "../reach/compile/inventory.ts";
import { diff } from "../reach/report/diff.ts";
import type { Difference } from "../reach/report/difference.ts";

/** What differs for the endpoints of an inventory, a stranger in each of their namespaces, entities, addresses and names. */
export function differences(before: readonly Policy[], after: readonly Policy[], inventory: Inventory): Difference {
  const judged = withStrangers(inventory);
  return diff({ policies: before, inventory: judged }, { policies: after, inventory: judged });
}

/** Whether nothing differs for any pod that could exist either. */
export function proof(before: readonly Policy[], after: readonly Policy[], inventory: Inventory): Proof {
  const judged = withStrangers(inventory);
  return equal({ policies: before, inventory: judged }, { policies: after, inventory: judged }, { connections: false });
}

/** The cluster as policies are compared in it: with a pod in each namespace that nobody knows, which stands for all that may come. */
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
  const { configuration } = inventory;
  return {
    ...inventory,
    endpoints: [...inventory.endpoints, ...strangers],
    ...(configuration !== undefined && { configuration: inForce(configuration) }),
  };
}

/** A configuration under which policies take effect: what an agent only records today, or lets pass, it may refuse tomorrow. */
function inForce({ "enable-policy": mode, "policy-audit-mode": _, ...rest }: Readonly<Record<string, string>>) {
  return { ...rest, ...(mode !== undefined && mode.toLowerCase() !== "never" && { "enable-policy": mode }) };
}
