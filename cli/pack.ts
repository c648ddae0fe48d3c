/** What the policy pack says about policies that Pulumi has not seen: its rules run here as `pulumi preview` runs them. */
import type { EnforcementLevel, ResourceValidationArgs, StackValidationArgs } from "@pulumi/policy";
import type { OtherObject } from "../cilium/kubernetes/read.ts";
import { policyName } from "../cilium/policy/parts.ts";
import type { Policy } from "../cilium/policy/schema.ts";
import { createRules } from "../policypack/rules.ts";

export interface Violation {
  readonly rule: string;
  readonly level: EnforcementLevel;
  /** The policy that it is about. */
  readonly policy: Policy | undefined;
  /** In the pack's own words. */
  readonly message: string;
}

/**
 * Everything that the pack reports, with its default config, in the order of its rules.
 * @param others what else is applied: TLSRoutes and their Services say where HTTP rules break connections
 */
export function violations(policies: readonly Policy[], others: readonly OtherObject[]): Violation[] {
  const found: Violation[] = [];
  const resources = [...others.map(otherResource), ...policies.map(policyResource)];
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

const policyResource = (policy: Policy, index: number) => ({
  ...noResource,
  type: typeOf(policy),
  name: policyName(policy),
  urn: urnOf(policy, index),
  props: { ...policy },
});

function otherResource({ apiVersion, kind, value }: OtherObject, index: number) {
  const type = `kubernetes:${apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`}:${kind}`;
  const name = `${kind} ${index + 1}`;
  const props = typeof value === "object" ? { ...value } : {};
  return { ...noResource, type, name, urn: `urn:pulumi:check::check::${type}::${name}`, props };
}

const noOptions: ResourceValidationArgs["opts"] & StackValidationArgs["resources"][number]["opts"] = {
  protect: false,
  ignoreChanges: [],
  aliases: [],
  customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
  additionalSecretOutputs: [],
};

/** What Pulumi says of a resource besides, and no rule asks for. */
const noResource = {
  opts: noOptions,
  dependencies: [],
  propertyDependencies: {},
  isType: () => false,
  asType: () => undefined,
};
