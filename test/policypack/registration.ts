/** Shows resources to the pack's own rules as Pulumi's runtime does, behind its proxies. */
import { createRequire } from "node:module";
import type { Policies, ResourceValidationArgs, StackValidationArgs } from "@pulumi/policy";
import { z } from "zod";
import type { PackConfig } from "../../policypack/config.ts";
import { createRules } from "../../policypack/rules.ts";

/** A resource that a program registers. */
export type Registered = { readonly type: string; readonly name: string; readonly props: object };

export type Violation = { readonly rule: string; readonly level: string | undefined; readonly message: string };

const runtime = z
  .object({
    // biome-ignore lint/suspicious/noExplicitAny: Pulumi hands properties to rules as any
    unknownCheckingProxy: z.custom<(props: object) => Record<string, any>>((value) => typeof value === "function"),
    unknownStringValue: z.string(),
    unknownObjectValue: z.string(),
    unknownArrayValue: z.string(),
  })
  .parse(createRequire(import.meta.url)("@pulumi/policy/proxy"));

/** What stands for a value that is only known after an update. */
export const unknown = {
  string: runtime.unknownStringValue,
  object: runtime.unknownObjectValue,
  array: runtime.unknownArrayValue,
};

/**
 * The violations of resources that are registered one after the other, each judged before it is registered.
 * @param config what Pulumi hands over
 * @param known what the pack knows besides
 */
export function register(
  resources: readonly Registered[],
  config: PackConfig = {},
  known: PackConfig = {},
): Violation[] {
  const violations: Violation[] = [];
  const rules = createRules(known);
  for (const resource of resources) {
    for (const rule of rules) {
      if (!("validateResource" in rule) || typeof rule.validateResource !== "function") continue;
      rule.validateResource({ ...seen(resource), ...run(config, rule) }, (message) =>
        violations.push({ rule: rule.name, level: rule.enforcementLevel, message }),
      );
    }
  }
  return violations;
}

/** The violations of a whole stack, whatever the order of registration. */
export function judgeStack(resources: readonly Registered[], config: PackConfig = {}): Violation[] {
  const violations: Violation[] = [];
  for (const rule of createRules()) {
    if (!("validateStack" in rule)) continue;
    const args: StackValidationArgs = {
      ...run(config, rule),
      resources: resources.map((resource) => ({ ...seen(resource), dependencies: [], propertyDependencies: {} })),
    };
    rule.validateStack(args, (message) => violations.push({ rule: rule.name, level: rule.enforcementLevel, message }));
  }
  return violations;
}

export const ruleNames: readonly string[] = createRules().map(({ name }: Policies[number]) => name);

const seen = ({ type, name, props }: Registered) => ({
  type,
  name,
  urn: `urn:pulumi:test::test::${type}::${name}`,
  props: runtime.unknownCheckingProxy(structuredClone(props)),
  opts: {
    protect: false,
    ignoreChanges: [],
    aliases: [],
    customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
    additionalSecretOutputs: [],
  },
  isType: () => false,
  asType: () => undefined,
});

const run = (
  config: PackConfig,
  { name, configSchema }: Policies[number],
): Pick<ResourceValidationArgs, "stackTags" | "getConfig" | "notApplicable"> => ({
  stackTags: new Map(),
  // The runtime casts likewise: a rule states the type of its own config.
  getConfig: <T extends object>() => ({ ...defaults(configSchema), ...config[name] }) as T,
  notApplicable: (reason) => {
    throw new Error(reason);
  },
});

/** The engine fills them in. */
const defaults = (schema: Policies[number]["configSchema"]): object =>
  Object.fromEntries(
    Object.entries(schema?.properties ?? {}).flatMap(([key, property]) =>
      "default" in property ? [[key, property.default]] : [],
    ),
  );

/** A policy as the resource that a program registers for it. */
export function resourceOf(policy: {
  readonly kind: string;
  readonly metadata: { name?: string; namespace?: string | null; [field: string]: unknown };
}): Registered {
  const { namespace, name } = policy.metadata;
  return {
    type: `kubernetes:cilium.io/v2:${policy.kind}`,
    name: [namespace, name].filter(Boolean).join("/"),
    props: policy,
  };
}
