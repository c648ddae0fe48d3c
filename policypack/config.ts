/** What the rules are told: a file's config for the pack, and each rule's part of it. */
import { readFileSync } from "node:fs";
import type { PolicyConfigSchema } from "@pulumi/policy";
import { z } from "zod";

const enforcementLevel = z.enum(["advisory", "mandatory", "remediate", "disabled"]);

const ruleConfig = z.looseObject({ enforcementLevel: enforcementLevel.optional() });

/** As Pulumi documents `--policy-pack-config`: by a rule's name, or `all`, its level or its config, level included. */
const packConfig = z.record(
  z.string(),
  z.union([enforcementLevel.transform((level) => ({ enforcementLevel: level })), ruleConfig]),
);

export type RuleConfig = Readonly<z.infer<typeof ruleConfig>>;
export type PackConfig = Readonly<Record<string, RuleConfig>>;

/**
 * Reads a file for `--policy-pack-config`.
 * @throws ConfigError when it cannot be read or has another form
 */
export function readPackConfig(file: string): PackConfig {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new ConfigError(`${file} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  return parsePackConfig(value, file);
}

/**
 * @param source who says it, for the error
 * @throws ConfigError when it has another form
 */
export function parsePackConfig(value: unknown, source: string): PackConfig {
  const parsed = packConfig.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`${source} is no config for the policy pack:\n${z.prettifyError(parsed.error)}`);
}

/** A config in which what one says of a key replaces what another says. */
export const overridden = (config: PackConfig, by: PackConfig): PackConfig => ({
  ...config,
  ...Object.fromEntries(Object.entries(by).map(([rule, values]) => [rule, { ...config[rule], ...values }])),
});

/**
 * Reads a rule's config; the result is kept until the config changes.
 * @param known what applies to keys that the config does not have
 */
export function configReader<Config>(
  rule: string,
  schema: z.ZodType<Config>,
  known: object = {},
): (raw: object) => Config {
  let last: { readonly values: readonly unknown[]; readonly config: Config } | undefined;
  return (raw) => {
    // Pulumi hands over a fresh copy each time, but the values in it are the same.
    const values = Object.entries(raw).flat();
    if (last === undefined || !sameItems(last.values, values)) {
      last = { values, config: parse(rule, schema, { ...known, ...raw }) };
    }
    return last.config;
  };
}

/**
 * The same schema as Pulumi wants it, so that its CLI documents the config and checks it before anything runs. Pulumi
 * also fills the defaults in, so what is known must stand among them.
 */
export function policyConfigSchema(schema: z.ZodType, known: RuleConfig): PolicyConfigSchema {
  const { properties } = z
    .object({ properties: z.record(z.string(), pulumiSchema) })
    .parse(z.toJSONSchema(schema, { io: "input" }));
  const withKnown = Object.entries(properties).map(([key, property]) => [
    key,
    key in known ? { ...property, default: known[key] } : property,
  ]);
  return { properties: Object.fromEntries(withKnown) };
}

const pulumiSchema = z.custom<PolicyConfigSchema["properties"][string]>((value) => typeof value === "object");

function parse<Config>(rule: string, schema: z.ZodType<Config>, raw: object): Config {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`The policy pack's config for ${rule} is wrong:\n${z.prettifyError(parsed.error)}`);
}

/** Pulumi prints the stack trace of what a rule throws; this one is for whoever wrote the config. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.stack = message;
  }
}

const sameItems = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((item, index) => item === b[index]);
