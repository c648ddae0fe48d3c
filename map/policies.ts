/** The policies as the map shows them: as YAML, beside the workloads that they select. */

import { namespaceOf, policyName, rulesOf } from "../cilium/policy/parts.ts";
import type { Policy } from "../cilium/policy/schema.ts";
import { matches, podIdentity, subjectRequirements } from "../cilium/policy/selector.ts";
import type { Inventory } from "../cilium/reach/compile/inventory.ts";
import { yaml } from "../cilium/render/yaml.ts";
import type { PolicyText } from "./picture.ts";

export const policyTexts = (policies: readonly Policy[]): PolicyText[] =>
  policies.map((policy) => ({ name: policyName(policy), yaml: yaml(policy) }));

/** The names of the policies that select each endpoint, by `namespace/name`. */
export function selectingPolicies(policies: readonly Policy[], inventory: Inventory): Map<string, string[]> {
  const subjects = policies.map((policy) => ({
    name: policyName(policy),
    selectors: rulesOf(policy).flatMap(({ endpointSelector }) =>
      endpointSelector ? [subjectRequirements(endpointSelector, namespaceOf(policy))] : [],
    ),
  }));
  return new Map(
    inventory.endpoints
      .filter(({ hostNetwork }) => !hostNetwork)
      .map((endpoint) => {
        const labels = podIdentity({ ...endpoint, cluster: endpoint.cluster ?? inventory.cluster });
        const selecting = subjects.filter(({ selectors }) => selectors.some((selector) => matches(selector, labels)));
        return [`${endpoint.namespace}/${endpoint.name}`, selecting.map(({ name }) => name)];
      }),
  );
}
