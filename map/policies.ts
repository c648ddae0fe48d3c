/** The policies as the map shows them: as YAML, beside the workloads that they select. */

import { policyKey, policyText, referenceTo } from "../cilium/policy/parts.ts";
import type { Policy } from "../cilium/policy/schema.ts";
import { type Network, policyAt } from "../cilium/reach/compile/network.ts";
import { yaml } from "../cilium/render/yaml.ts";
import type { PolicyText } from "./picture.ts";

export const policyTexts = (policies: readonly Policy[]): PolicyText[] =>
  policies.map((policy) => ({ name: policyText(referenceTo(policy)), yaml: yaml(policy) }));

/** The names of the policies of any kind that apply to each endpoint, by `namespace/name`. */
export function selectingPolicies(policies: readonly Policy[], network: Network): Map<string, string[]> {
  const references = policies.map(referenceTo);
  return new Map(
    network.parties.flatMap((party) => {
      const { ingress, egress } = policyAt(network, party) ?? {};
      const applying = new Set([...(ingress?.rules ?? []), ...(egress?.rules ?? [])].map(policyKey));
      const names = references.filter((reference) => applying.has(policyKey(reference))).map(policyText);
      return party.endpoints.map(({ namespace, name }) => [`${namespace}/${name}`, names] as const);
    }),
  );
}
