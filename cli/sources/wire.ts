/** Objects as the API server has them: the client calls a field otherwise whose name is no name in TypeScript. */
import { z } from "zod";

const rule = z.looseObject({ _from: z.unknown() });
const withRules = z.looseObject({ spec: z.looseObject({ ingress: z.array(z.unknown()) }) });

/** What the client gives, by the names of the wire: `from` of a NetworkPolicy's ingress is its `_from`. */
export function asStored<T extends object>(object: T): T {
  const known = withRules.safeParse(object).data;
  if (known === undefined) return object;
  const ingress = known.spec.ingress.map((item) => {
    const { data } = rule.safeParse(item);
    if (data === undefined || !("_from" in data)) return item;
    const { _from: from, ...rest } = data;
    return { ...rest, ...(from !== undefined && { from }) };
  });
  return { ...object, spec: { ...known.spec, ingress } };
}
