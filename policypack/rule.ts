/** What all rules have in common: their config, exemptions, and that they fail closed. */
import type {
  EnforcementLevel,
  Policies,
  PolicyConfigSchema,
  ReportViolation,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from "@pulumi/policy";
import { z } from "zod";
import type { ConfiguredCluster } from "../cilium/model/cluster.ts";
import { policyName } from "../cilium/policy/parts.ts";
import type { CiliumPolicy } from "../cilium/policy/schema.ts";
import { configReader, policyConfigSchema, type RuleConfig } from "./config.ts";
import { type Exemption, exemption } from "./exemptions.ts";
import type { PolicyResource, Resource } from "./resource.ts";
import type { Run } from "./run.ts";
import type { Stack } from "./stack/stack.ts";

/** One thing that is wrong with a policy. */
export type Finding = {
  /** Where, such as `egress[2].toPorts[0]`; empty for the policy as a whole. */
  readonly place: string;
  /** What is wrong, with the value at fault; exemptions quote it. */
  readonly problem: string;
  /** What to write instead. */
  readonly fix: string;
};

/** A rule of the pack. */
export type Rule = {
  readonly name: string;
  /** What a cluster's declarations say of its config. */
  readonly declaredBy?: ((cluster: ConfiguredCluster) => RuleConfig) | undefined;
  /** The rule as Pulumi runs it; `known` applies to keys that its config does not have. */
  readonly create: (run: Run, known: RuleConfig) => Policies[number];
};

/** A rule that judges each policy by itself, before it is registered. */
type PolicyRule<Config> = RuleInfo<Config> & {
  readonly validate: (policy: CiliumPolicy, config: Config) => Finding[];
};

/**
 * A rule that judges policies together: before a policy is registered, against what was registered earlier, and at the
 * end against the whole stack. The end comes after the changes if there is no preview, so the former must suffice.
 */
type StackRule<Config> = RuleInfo<Config> & {
  readonly validateStack: (policy: CiliumPolicy, stack: Stack, config: Config) => Finding[];
};

type RuleInfo<Config> = {
  readonly name: string;
  /** Why; violations say what to write instead. */
  readonly description: string;
  /** Where Cilium documents what the rule is about. */
  readonly url: string;
  readonly configSchema: z.ZodType<Config>;
  readonly declaredBy?: (cluster: ConfiguredCluster) => Partial<Config>;
  readonly enforcementLevel: EnforcementLevel;
};

/** A rule's config: its own part, and the exemptions that every rule takes. */
export const ruleConfig = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject({ ...shape, exemptions: z.array(exemption).default([]) });

type WithExemptions = { readonly exemptions: readonly Exemption[] };

export const policyRule = <Config extends WithExemptions>(rule: PolicyRule<Config>): Rule => ({
  name: rule.name,
  declaredBy: rule.declaredBy,
  create: (run, known): ResourceValidationPolicy => {
    const { info, readConfig } = prepare(rule, known);
    return {
      ...info,
      validateResource: (args, report) => {
        const config = readConfig(args.getConfig());
        const read = run.policy(rule.name, args);
        reportObstacles(read, args, report);
        if (read?.readable !== true) return;
        const findings = rule.validate(read.policy, config);
        reportFindings(findings, read.policy, { rule, config, run, urn: args.urn, report });
      },
    };
  },
});

export const stackRule = <Config extends WithExemptions>(rule: StackRule<Config>): Rule => ({
  name: rule.name,
  declaredBy: rule.declaredBy,
  create: (run, known): ResourceValidationPolicy & StackValidationPolicy => {
    const { info, readConfig } = prepare(rule, known);
    return {
      ...info,
      validateResource: (args, report) => {
        const config = readConfig(args.getConfig());
        const read = run.policy(rule.name, args);
        reportObstacles(read, args, report);
        for (const policy of run.registered.add(args, read)) {
          const findings = rule.validateStack(policy, run.registered, config);
          reportFindings(findings, policy, { rule, config, run, urn: args.urn, report });
        }
      },
      validateStack: (args, report) => {
        const config = readConfig(args.getConfig());
        const { stack, policies } = run.stack(rule.name, args.resources);
        for (const { resource, read } of policies) reportObstacles(read, resource, report);
        for (const [urn, policy] of stack.policies()) {
          const findings = rule.validateStack(policy, stack, config);
          reportFindings(findings, policy, { rule, config, run, urn, report });
        }
      },
    };
  },
});

/** @throws ConfigError when what is known is not the rule's config */
function prepare<Config>(rule: RuleInfo<Config>, { enforcementLevel = rule.enforcementLevel, ...known }: RuleConfig) {
  const readConfig = configReader(rule.name, rule.configSchema, known);
  readConfig({});
  return { info: { ...pulumiInfo(rule, known), enforcementLevel }, readConfig };
}

type Info = { name: string; description: string; url: string; configSchema: PolicyConfigSchema };

const pulumiInfo = <Config>(rule: RuleInfo<Config>, known: RuleConfig): Info => ({
  name: rule.name,
  description: `${rule.description} See ${rule.url}`,
  url: rule.url,
  configSchema: policyConfigSchema(rule.configSchema, known),
});

/** A policy that cannot be read was not judged, so it did not pass. */
function reportObstacles(read: PolicyResource | undefined, { name, urn }: Resource, report: ReportViolation): void {
  if (read?.readable !== false) return;
  for (const { place, problem } of read.obstacles) report(sentence(name, place, problem), urn);
}

type Reporting = {
  readonly rule: { readonly name: string };
  readonly config: WithExemptions;
  readonly run: Run;
  readonly urn: string;
  readonly report: ReportViolation;
};

function reportFindings(findings: readonly Finding[], policy: CiliumPolicy, reporting: Reporting): void {
  const { rule, config, run, urn, report } = reporting;
  const name = policyName(policy);
  for (const { place, problem, fix } of findings) {
    const exempt = config.exemptions.find(
      (exemption) => exemption.policy === name && (exemption.finding ?? problem) === problem,
    );
    if (exempt) run.exemptions.add(urn, rule.name, problem, exempt);
    else report(`${sentence(name, place, problem)} Instead: ${fix}.`, urn);
  }
}

const sentence = (policy: string, place: string, problem: string): string =>
  `${policy}${place === "" ? "" : ` ${place}`}: ${problem}.`;
