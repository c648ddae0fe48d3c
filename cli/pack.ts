/** The policy pack without Pulumi: what it is told of the project's cluster, and what it says about policies. */
import type { EnforcementLevel, ReportViolation, ResourceValidationArgs, StackValidationArgs } from "@pulumi/policy";
import type { OtherObject } from "../cilium/kubernetes/read.ts";
import type { ConfiguredCluster } from "../cilium/model/cluster.ts";
import { policyName } from "../cilium/policy/parts.ts";
import type { Policy } from "../cilium/policy/schema.ts";
import { ConfigError, overridden, type PackConfig, readPackConfig } from "../policypack/config.ts";
import { checked, createRules, packConfigOf } from "../policypack/rules.ts";
import { Failure } from "./failure.ts";

/** Where a project keeps what the pack has to know of its cluster: beside the pack's entry, if the pack is its own. */
export const packFile = "policypack/cluster.json";

/**
 * The pack's config: what is known of a cluster that the project declares, and over it what a file for
 * `--policy-pack-config` says.
 * @throws Failure when either is no config for the pack
 */
export function packConfig(cluster: ConfiguredCluster | undefined, file: string | undefined): PackConfig {
  try {
    const declared = cluster === undefined ? {} : packConfigOf(cluster);
    return file === undefined ? declared : checked(overridden(declared, readPackConfig(file)));
  } catch (error) {
    throw error instanceof ConfigError ? new Failure(error.message) : error;
  }
}

export interface Violation {
  readonly rule: string;
  readonly level: EnforcementLevel;
  /** The policy that it is about. */
  readonly policy: Policy | undefined;
  /** In the pack's own words. */
  readonly message: string;
}

/**
 * Everything that the pack reports, in the order of its rules, which run as `pulumi preview` runs them.
 * @param others what else is applied: TLSRoutes and their Services say where HTTP rules break connections
 * @param config what the pack is told, as `packConfig` gives it
 */
export function violations(
  policies: readonly Policy[],
  others: readonly OtherObject[],
  config: PackConfig,
): Violation[] {
  return reports(policies, others, config, (rules, resources, report) => {
    for (const rule of rules) {
      if ("validateStack" in rule) void rule.validateStack({ ...surroundings, resources }, report(rule));
      else for (const one of resources) validateResource(rule, one, report(rule));
    }
  });
}

/**
 * What the pack reports while `pulumi up` registers policies in this order, each judged with those before it: of two that do
 * not fit together the later one.
 */
export const violationsAsRegistered = (policies: readonly Policy[], config: PackConfig): Violation[] =>
  reports(policies, [], config, (rules, resources, report) => {
    for (const one of resources) for (const rule of rules) validateResource(rule, one, report(rule));
  });

type Rules = ReturnType<typeof createRules>;

function validateResource(rule: Rules[number], one: ResourceValidationArgs, report: ReportViolation): void {
  if (!("validateResource" in rule)) return;
  for (const validate of [rule.validateResource ?? []].flat())
    void validate(one, (message, urn = one.urn) => report(message, urn));
}

function reports(
  policies: readonly Policy[],
  others: readonly OtherObject[],
  config: PackConfig,
  run: (rules: Rules, resources: JudgedResource[], report: (rule: Rules[number]) => ReportViolation) => void,
): Violation[] {
  const found: Violation[] = [];
  const resources = [...others.map(otherResource), ...policies.map(policyResource)].map((one) => ({
    ...one,
    ...surroundings,
  }));
  const policyOf = new Map(policies.map((policy, index) => [urnOf(policy, index), policy]));
  const rules = createRules(config).filter(({ enforcementLevel }) => enforcementLevel !== "disabled");
  run(rules, resources, ({ name, enforcementLevel: level = "mandatory" }) => (message, urn = "") => {
    found.push({ rule: name, level, policy: policyOf.get(urn), message });
  });
  return found;
}

const surroundings = {
  stackTags: new Map<string, string>(),
  // Pulumi leaves the form of a config to whoever asks; the rules read theirs, and none given means their defaults.
  getConfig: <Config extends object>() => ({}) as Config,
  notApplicable: (reason?: string): never => {
    throw new Error(reason);
  },
};

type JudgedResource = ResourceValidationArgs & StackValidationArgs["resources"][number];

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
