/** CiliumCIDRGroups as peers: an address has the labels of every group that holds it. */
import { containsPrefix, type Prefix, parsePrefix } from "../../policy/cidr.ts";
import type { CidrRule } from "../../policy/schema.ts";
import { type Requirement, selectorRequirements } from "../../policy/selector.ts";
import type { CidrGroup } from "./inventory.ts";

export type AddressGroups = {
  /** The prefixes of all groups: each has an identity of its own. */
  readonly prefixes: readonly Prefix[];
  /** Whether a rule selects somebody by the groups that hold its addresses. */
  readonly select: (addresses: readonly Prefix[]) => boolean;
};

/** The groups of a cluster as a rule with `cidrGroupRef` or `cidrGroupSelector` selects them. */
export function addressGroups(rule: CidrRule, groups: readonly CidrGroup[]): AddressGroups {
  const parsed = groups.map((group) => ({
    group,
    prefixes: group.cidrs.map(parsePrefix).filter((prefix) => prefix !== undefined),
  }));
  const select = condition(rule);
  return {
    prefixes: parsed.flatMap(({ prefixes }) => prefixes),
    select: (addresses) => {
      const holding = parsed.filter(({ prefixes }) =>
        prefixes.some((prefix) => addresses.some((address) => containsPrefix(prefix, address))),
      );
      return select(holding.map(({ group }) => group));
    },
  };
}

type Condition = (holding: readonly CidrGroup[]) => boolean;

function condition(rule: CidrRule): Condition {
  if (rule.cidrGroupRef) return (holding) => holding.some(({ name }) => name === rule.cidrGroupRef);
  const requirements = selectorRequirements(rule.cidrGroupSelector ?? {});
  return (holding) => requirements.every((requirement) => satisfy(requirement, holding));
}

/** Several groups may give a label different values; each of them counts (`matchesEncodedRequirement`). */
function satisfy(requirement: Requirement, holding: readonly CidrGroup[]): boolean {
  const { key, source } = requirement;
  const values = ["any", "cidrgroup"].includes(source) ? holding.flatMap(({ labels }) => labels[key] ?? []) : [];
  switch (requirement.operator) {
    case "In":
      return values.some((value) => requirement.values.includes(value));
    case "NotIn":
      return !values.some((value) => requirement.values.includes(value));
    case "Exists":
      return values.length > 0;
    case "DoesNotExist":
      return values.length === 0;
  }
}
