/** The pack's rules as Pulumi runs them, and what they have to know of a cluster. */
import type { Policies } from "@pulumi/policy";
import type { ConfiguredCluster } from "../cilium/model/cluster.ts";
import { didYouMean } from "../cilium/model/names.ts";
import { ConfigError, type PackConfig, parsePackConfig, type RuleConfig } from "./config.ts";
import type { Rule } from "./rule.ts";
import { exemptions } from "./rules/exemptions.ts";
import * as all from "./rules/index.ts";
import { Run } from "./run.ts";

const rules: readonly Rule[] = Object.values(all);

/**
 * Fresh rules: some remember what they have seen, for one run of Pulumi.
 * @param known what applies where Pulumi hands over no config
 * @throws ConfigError for a rule that there is not, and for a config that is not the rule's
 */
export function createRules(known: PackConfig = {}): Policies {
  const names = [...rules.map(({ name }) => name), exemptions.name, "all"];
  for (const name of Object.keys(known)) {
    if (!names.includes(name)) throw new ConfigError(`The policy pack has no rule ${name}${didYouMean(name, names)}`);
  }
  const run = new Run();
  // What was exempt is listed when all others have judged.
  return [...rules, exemptions].map((rule) => rule.create(run, { ...known.all, ...known[rule.name] }));
}

/**
 * What the pack has to know of a cluster: what its declarations say, and what it states besides; lists are both.
 * @throws ConfigError when what it states is not a rule's config
 */
export function packConfigOf(cluster: ConfiguredCluster): PackConfig {
  const stated = checked(parsePackConfig(cluster.policyPack ?? {}, "policyPack of the cluster"));
  const names = new Set([...rules.map(({ name }) => name), ...Object.keys(stated)]);
  const configs = [...names].map((name) => {
    const declared = rules.find((rule) => rule.name === name)?.declaredBy?.(cluster) ?? {};
    return [name, together(declared, stated[name] ?? {})] as const;
  });
  return Object.fromEntries(configs.filter(([, config]) => Object.keys(config).length > 0));
}

/** @throws ConfigError when a config is not the pack's */
export function checked(config: PackConfig): PackConfig {
  createRules(config);
  return config;
}

function together(declared: RuleConfig, stated: RuleConfig): RuleConfig {
  const lists = Object.entries(declared).map(([key, value]) => {
    const more = stated[key];
    return [key, Array.isArray(value) && Array.isArray(more) ? [...value, ...more] : (more ?? value)];
  });
  return { ...stated, ...Object.fromEntries(lists) };
}
