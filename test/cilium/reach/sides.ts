/** Generated pairs of policies for whatever compares two networks. */
import fc from "fast-check";
import { policy as policySchema } from "../../../cilium/policy/schema.ts";
import type { Side } from "../../../cilium/reach/report/diff.ts";
import { worlds } from "./worlds.ts";

/** Two sets of policies over one cluster: some policies on both sides, some on one; sometimes an endpoint too. */
export const twoSides = fc
  .tuple(
    worlds(30),
    fc.array(fc.constantFrom("both", "before", "after"), { minLength: 8, maxLength: 8 }),
    fc.constantFrom<"both" | "before" | "after">("both", "both", "before", "after"),
  )
  .map(([{ policies, inventory, questions }, where, first]) => {
    const parsed = policies.map((manifest) => policySchema.parse(manifest));
    const side = (which: "before" | "after"): Side => ({
      policies: parsed.filter((_, i) => where[i % where.length] === "both" || where[i % where.length] === which),
      inventory: {
        ...inventory,
        names: [],
        endpoints: inventory.endpoints.slice(first === "both" || first === which ? 0 : 1),
      },
    });
    return { before: side("before"), after: side("after"), questions };
  });
