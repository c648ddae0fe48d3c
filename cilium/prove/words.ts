/** Sets of ends in words, where possible in those that `netpol test` takes: `any pod of shop with app=web without tier`. */

import { entityName } from "../policy/entity.ts";
import { worldIPv4, worldIPv6 } from "../reach/report/diff-sides.ts";
import type { FlowEnd } from "../reach/report/difference.ts";
import type { Condition } from "./cubes.ts";
import type { Mask } from "./mask.ts";
import type { Kind, Variable } from "./universe.ts";

/** All ends of a kind on some conditions, as the ends of a flow. */
export function endsInWords(kind: Kind, conditions: readonly Condition[]): FlowEnd[] {
  const clauses = conditions.toSorted((a, b) => rankOf(a) - rankOf(b)).map(clause);
  const own = clauses.map((text, i) => {
    const word = wordOf(text);
    // As in `with app=web,tier=front without job`.
    return word !== "" && word === wordOf(clauses[i - 1] ?? "") ? `,${text.slice(word.length)}` : ` ${text}`;
  });
  const set = (what: string): FlowEnd[] => [{ kind: "set", name: `any ${what}${own.join("")}` }];
  switch (kind.kind) {
    case "pod":
      return set("pod");
    case "foreign-pod":
      return set("pod of another cluster");
    case "entity":
      return [{ kind: "entity", name: entityName(kind.entity) }];
    case "node":
      return set(`${kind.near ? "own " : ""}${kind.controlPlane ? "control-plane " : ""}node`);
    case "outside":
      if (kind.apiServer) return set("API server outside the cluster");
      return own.length > 0
        ? set("address outside the cluster")
        : [worldIPv4, worldIPv6].map((name) => ({ kind: "entity", name }));
  }
}

const wordOf = (clause: string): string => /^with(out)? (?=[^ ]+$)/.exec(clause)?.[0] ?? "";

/** A namespace is said before labels. */
const rankOf = ({ variable }: Condition): number => order.indexOf(variable.attribute.kind);

const order: readonly Variable["attribute"]["kind"][] = [
  ...(["cluster", "namespace", "namespace-label", "label", "node-label"] as const),
  ...(["service-account", "port-name", "address", "name", "unknown"] as const),
];

function clause({ variable: { attribute, values }, mask }: Condition): string {
  const { listed, isLeftOut } = told(mask, values);
  const not = isLeftOut ? "not " : "";
  const all = listed.map((value) => value ?? "none").join(" or ");
  switch (attribute.kind) {
    case "cluster":
      return `${not}of cluster ${all}`;
    case "namespace":
      return `${not}of ${all}`;
    case "label":
    case "node-label":
      return labelClause(attribute.key, listed, isLeftOut);
    case "namespace-label":
      return `in a namespace ${labelClause(attribute.key, listed, isLeftOut)}`;
    case "service-account":
      return `${not}under service account ${all}`;
    case "port-name":
      return `whose port is ${isLeftOut === listed.includes(undefined) ? "" : "not "}called ${attribute.name}`;
    case "address":
      return `${not}such as ${listed.slice(0, 3).join(" or ")}${listed.length > 3 ? ", …" : ""}`;
    case "name":
      return `${isLeftOut ? "without" : "with"} the name ${all}`;
    case "unknown":
      return "that cannot be told from what is given";
  }
}

/** The values that a condition names, and whether it leaves them out: whichever is shorter to say. */
function told({ values, negated }: Mask, domain: Variable["values"]) {
  return { listed: values.map((position) => domain[position]), isLeftOut: negated };
}

function labelClause(key: string, listed: readonly (string | undefined)[], isLeftOut: boolean): string {
  const named = listed.filter((value) => value !== undefined);
  const hasAbsent = named.length < listed.length;
  if (named.length === 0) return `${isLeftOut ? "with" : "without"} ${key}`;
  if (!isLeftOut) return `${hasAbsent ? `without ${key} or ` : ""}with ${key}=${named.join("|")}`;
  const without = `without ${named.map((value) => `${key}=${value}`).join(",")}`;
  return hasAbsent ? `with ${key} ${without}` : without;
}
