/** Lists without items: some stand for nobody, some for everybody, none for what was meant. */
import { at } from "../../../cilium/policy/place.ts";
import type { Rule } from "../../../cilium/policy/schema.ts";
import type { Finding } from "../../rule.ts";

/** What an empty list means, and what to write instead, by the name of its field. */
const meanings: Readonly<Record<string, { meaning: string; fix: string }>> = {
  ...fields(["ingress", "egress"], "is no rule at all: the direction stays open", "write [{}] for a default deny"),
  ...fields(["ingressDeny", "egressDeny"], "is no rule at all", "leave it out"),
  ...fields(
    ["fromEndpoints", "fromEntities", "fromCIDR", "fromCIDRSet", "toEndpoints", "toEntities", "toCIDR", "toCIDRSet"],
    "selects nobody, so the rule has no effect",
    "name the peers, or leave the rule out",
  ),
  ...fields(
    ["fromNodes", "toNodes"],
    "selects nobody, so the rule has no effect",
    "name nodes by entity: host, remote-node, kube-apiserver",
  ),
  ...fields(
    ["fromGroups", "toGroups", "toServices", "toFQDNs"],
    "counts as absent, so the rule is for everybody",
    "name the peers, or leave the rule out",
  ),
  ...fields(["fromRequires", "toRequires"], "means nothing any more", "leave it out"),
  ...fields(["toPorts", "ports"], "stands for every port", "list the ports"),
  ...fields(["icmps", "fields"], "stands for no ICMP type", "list the types, or leave it out"),
  ...fields(["http"], "parses nothing and limits nothing", "write [{}] to parse HTTP, or leave rules out"),
  ...fields(["dns"], "sends no lookup through the DNS proxy", 'write [{matchPattern: "*"}], or leave rules out'),
  ...fields(
    ["headers", "headerMatches", "except", "values", "matchExpressions", "labels"],
    "says nothing",
    "leave it out",
  ),
};

export const emptyListFindings = (rule: Rule, place: string): Finding[] => search(rule, place);

/** Looks through all fields, so that no list of a kind of its own is forgotten. */
function search(value: unknown, place: string): Finding[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => search(item, `${place}[${index}]`));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([field, inner]) => {
    const here = at(place, field);
    if (!Array.isArray(inner) || inner.length > 0) return search(inner, here);
    const known = meanings[field];
    return [{ place: here, problem: `[] ${known?.meaning ?? "has no effect"}`, fix: known?.fix ?? "leave it out" }];
  });
}

function fields(names: readonly string[], meaning: string, fix: string) {
  return Object.fromEntries(names.map((name) => [name, { meaning, fix }]));
}
