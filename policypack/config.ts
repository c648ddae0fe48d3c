/** The config of a rule, from what Pulumi hands over: `--policy-pack-config`, or nothing. */
import type { PolicyConfigSchema } from "@pulumi/policy";
import { z } from "zod";

/** Reads a rule's config; the result is kept until the config changes. */
export function configReader<Config>(rule: string, schema: z.ZodType<Config>): (raw: object) => Config {
  let last: { readonly values: readonly unknown[]; readonly config: Config } | undefined;
  return (raw) => {
    // Pulumi hands over a fresh copy each time, but the values in it are the same.
    const values = Object.entries(raw).flat();
    if (last === undefined || !sameItems(last.values, values)) last = { values, config: parse(rule, schema, raw) };
    return last.config;
  };
}

/** The same schema as Pulumi wants it, so that its CLI documents the config and checks it before anything runs. */
export function policyConfigSchema(schema: z.ZodType): PolicyConfigSchema {
  const { properties } = z
    .object({ properties: z.record(z.string(), pulumiSchema) })
    .parse(z.toJSONSchema(schema, { io: "input" }));
  return { properties };
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
