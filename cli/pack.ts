/** What the policy pack says about policies that Pulumi has not seen: its rules run here as `pulumi preview` runs them. */
import type { EnforcementLevel, ResourceValidationArgs, StackValidationArgs } from "@pulumi/policy";
import type { Policy } from "../cilium/policy/schema.ts";
import { policyName } from "../cilium/reach/rules.ts";
import { createRules } from "../policypack/rules.ts";

export interface Violation {
  readonly rule: string;
  readonly level: EnforcementLevel;
  /** The policy that it is about. */
  readonly policy: Policy | undefined;
  /** In the pack's own words. */
  readonly message: string;
}

/** Everything that the pack reports, with its default config, in the order of its rules. */
export function violations(policies: readonly Policy[]): Violation[] {
  const found: Violation[] = [];
  const resources = policies.map(resource);
  const policyOf = new Map(policies.map((policy, index) => [urnOf(policy, index), policy]));
  for (const rule of createRules()) {
    const report = (message: string, urn = "") =>
      found.push({
        rule: rule.name,
        level: rule.enforcementLevel ?? "mandatory",
        policy: policyOf.get(urn),
        message,
      });
    if ("validateStack" in rule) void rule.validateStack({ ...surroundings, resources }, report);
    else if ("validateResource" in rule) {
      for (const validate of [rule.validateResource ?? []].flat()) {
        for (const one of resources)
          void validate({ ...one, ...surroundings }, (message, urn = one.urn) => report(message, urn));
      }
    }
  }
  return found;
}

const surroundings = {
  stackTags: new Map<string, string>(),
  getConfig: () => JSON.parse("{}"),
  notApplicable: (reason?: string): never => {
    throw new Error(reason);
  },
};

const typeOf = ({ apiVersion, kind }: Policy): string => `kubernetes:${apiVersion}:${kind}`;

/** Foreign manifests may repeat a name, and a URN is unique. */
const urnOf = (policy: Policy, index: number): string =>
  `urn:pulumi:check::check::${typeOf(policy)}::${policyName(policy)}#${index}`;

const resource = (policy: Policy, index: number) => ({
  type: typeOf(policy),
  name: policyName(policy),
  urn: urnOf(policy, index),
  props: { ...policy },
  opts: noOptions,
  dependencies: [],
  propertyDependencies: {},
  isType: () => false,
  asType: () => undefined,
});

const noOptions: ResourceValidationArgs["opts"] & StackValidationArgs["resources"][number]["opts"] = {
  protect: false,
  ignoreChanges: [],
  aliases: [],
  customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
  additionalSecretOutputs: [],
};
