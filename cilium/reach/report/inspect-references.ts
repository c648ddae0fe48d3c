/** What rules refer to by name and is not there: Services and groups of CIDRs. */
import leven from "leven";
import { namespaceOf, placedRules, referenceTo } from "../../policy/parts.ts";
import { each } from "../../policy/place.ts";
import type { CidrRule, EgressRule, Policy, Rule } from "../../policy/schema.ts";
import type { CidrGroup, Service } from "../compile/inventory.ts";
import { backendsOf, isGiven } from "../compile/services.ts";
import type { Oddity, Scene } from "./oddity.ts";

/** Only where the cluster's Services, or its groups, are known. */
export function missingReferences({ policies, network: { inventory } }: Scene): Oddity[] {
  const { services, cidrGroups, isExcerpt = false } = inventory;
  return policies.flatMap((policy) =>
    placedRules(policy).flatMap(({ rule, place }) => [
      ...(services === undefined ? [] : missingServices(policy, rule, place, services, isExcerpt)),
      ...(cidrGroups === undefined ? [] : missingGroups(policy, rule, place, cidrGroups)),
    ]),
  );
}

function missingServices(
  policy: Policy,
  rule: Rule,
  place: string,
  services: readonly Service[],
  isExcerpt: boolean,
): Oddity[] {
  return each(rule.egress, place, "egress", (item, place) => {
    const references = item.toServices ?? [];
    const isBehind = references.map((reference) => hasBackends(reference, services));
    // Without any peer, ports are open to everybody (`PolicyEntry.L3` in `pkg/policy/types/policyentry.go`).
    const opens = !isBehind.includes(true) && (item.toPorts ?? []).length > 0;
    return each(item.toServices, place, "toServices", (reference, place): Oddity[] =>
      hasBackends(reference, services) || (isExcerpt && !isGiven(reference, services))
        ? []
        : [
            {
              kind: "missing-service",
              subject: referenceTo(policy),
              place,
              problem: `${missing(reference, namespaceOf(policy), services)}${opens ? "; Cilium then opens these ports to everybody, the world included" : ""}`,
              fix: "name the Service as it is called, or select its pods with toEndpoints",
            },
          ],
    );
  });
}

type Reference = NonNullable<EgressRule["toServices"]>[number];

function hasBackends(reference: Reference, services: readonly Service[]): boolean {
  const { endpoints, cidrSet } = backendsOf(reference, services);
  return endpoints.length + cidrSet.length > 0;
}

function missing(reference: Reference, own: string | undefined, services: readonly Service[]): string {
  const { k8sService } = reference;
  if (!k8sService) return "no Service with backends has these labels";
  const namespace = k8sService.namespace || own || "any namespace";
  const name = k8sService.serviceName ?? "";
  const named = services.find((service) => service.namespace === namespace && service.name === name);
  if (named !== undefined) return `Service ${namespace}/${name} has neither a selector nor endpoints`;
  const among = services.filter((service) => service.namespace === namespace).map((service) => service.name);
  return `there is no Service ${namespace}/${name}${meant(name, among)}`;
}

function missingGroups(policy: Policy, rule: Rule, place: string, groups: readonly CidrGroup[]): Oddity[] {
  const known = groups.map(({ name }) => name);
  const judge = ({ cidrGroupRef }: CidrRule, place: string): Oddity[] =>
    !cidrGroupRef || known.includes(cidrGroupRef)
      ? []
      : [
          {
            kind: "missing-cidr-group",
            subject: referenceTo(policy),
            place,
            problem: `there is no CiliumCIDRGroup ${cidrGroupRef}, so it selects nobody${meant(cidrGroupRef, known)}`,
            fix: "name the group as it is called, or write it",
          },
        ];
  return [
    ...(["ingress", "ingressDeny"] as const).flatMap((list) =>
      each<NonNullable<Rule[typeof list]>[number], Oddity>(rule[list], place, list, (item, place) =>
        each(item.fromCIDRSet, place, "fromCIDRSet", judge),
      ),
    ),
    ...(["egress", "egressDeny"] as const).flatMap((list) =>
      each<NonNullable<Rule[typeof list]>[number], Oddity>(rule[list], place, list, (item, place) =>
        each(item.toCIDRSet, place, "toCIDRSet", judge),
      ),
    ),
  ];
}

/** A name that is a slip of the keys away. */
function meant(name: string, among: readonly string[]): string {
  const near = among.find((known) => leven(name, known) <= 2);
  return near === undefined ? "" : ` (did you mean ${near}?)`;
}
