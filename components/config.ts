/** What a stack may configure: the schema of `Pulumi.<stack>.yaml`, with defaults and meanings, and its reader. */
import { z } from "zod";
import { Faults } from "../cilium/model/faults.ts";
import { reading } from "../cilium/model/issues.ts";
import { didYouMean } from "../cilium/model/names.ts";

/** The engine hands every value over as a string; whatever is not a plain string is JSON in it. */
const structured = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value, context) => {
    if (typeof value !== "string") return value;
    try {
      return JSON.parse(value);
    } catch {
      context.addIssue({ code: "custom", message: "is no valid JSON" });
      return z.NEVER;
    }
  }, schema);

const enforcement = z.enum(["enforce", "observe"]);
const policyName = z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, "expected the name of a policy");
const labelsByWorkload = z.record(z.string(), z.record(z.string(), z.string()));
const addressByHost = z.record(z.string(), z.union([z.ipv4(), z.ipv6()], "expected an IP address"));

export const configSchema = z.strictObject({
  clusterName: z
    .string()
    .min(1)
    .default("default")
    .describe("Cilium's cluster.name; with a wrong name allow-dns selects no pod"),
  apiServerPort: structured(z.int().min(1).max(65535))
    .default(6443)
    .describe("Port of the API server behind its Service, as pods reach it"),
  dnsNames: structured(z.array(z.string().min(1)).min(1))
    .default(["*"])
    .describe("Names that pods may resolve; * is all of them"),
  egressDefaultDeny: structured(z.boolean())
    .default(false)
    .describe("Put every pod of the cluster into egress default deny, also those without a policy of their own"),
  enforcement: enforcement.default("enforce").describe("enforce, or observe: the same rules, but nothing is dropped"),
  namespaceEnforcement: structured(z.record(z.string(), enforcement))
    .default({})
    .describe("enforce or observe by namespace, where it differs from enforcement"),
  labels: structured(labelsByWorkload)
    .default({})
    .describe("Labels to select on by namespace/workload, where a chart names its pods differently"),
  addresses: structured(addressByHost)
    .default({})
    .describe("IP addresses of external hosts by name, where they differ"),
  policyNames: structured(z.record(z.string(), policyName))
    .default({})
    .describe("Names of policies by namespace/workload, where the cluster's own differ"),
  adoptExisting: structured(z.boolean())
    .default(false)
    .describe("Take over policies that are in the cluster already, whoever owns their fields"),
  waitForValid: structured(z.boolean())
    .default(false)
    .describe("Let up wait until Cilium has accepted each policy (its Valid condition)"),
  probe: structured(z.boolean())
    .default(false)
    .describe("Run a Job in each of probeNamespaces that tries from inside what the policies promise"),
  probeNamespaces: structured(z.array(z.string()))
    .default([])
    .describe("Where to probe; if empty, in every namespace of the program"),
  probeImage: z
    .string()
    .min(1)
    .default("docker.io/library/busybox:1.37.0")
    .describe("Image of the probe: a shell, nslookup and nc; pin it by digest"),
  probeForbidden: z
    .string()
    .regex(/^[^:]+:\d+$/, "expected host:port")
    .default("kube-dns.kube-system.svc.cluster.local:9153")
    .describe("host:port that answers without policies and must not answer the probe"),
  kubeconfig: z.string().default("").describe("Path of a kubeconfig; if empty, the usual places"),
  context: z.string().default("").describe("Context of the kubeconfig; if empty, its current one"),
});

export type Config = z.infer<typeof configSchema>;

/**
 * Reads a stack's config from the engine's key-value form (`project:key` → text).
 * @throws Faults with one line for each unknown key and each value of the wrong form.
 */
export function readConfig(values: Readonly<Record<string, string>>, project: string): Config {
  const own: Record<string, string> = {};
  const foreign: string[] = [];
  for (const [key, value] of Object.entries(values)) {
    const [namespace, name] = split(key);
    if (namespace === project) own[name] = value;
    else if (namespace !== "pulumi") {
      foreign.push(`config ${key}: nothing reads it; keys of this program start with ${project}:`);
    }
  }
  const parsed = configSchema.safeParse(own, reading);
  if (parsed.success && foreign.length === 0) return parsed.data;
  const wrong = parsed.success ? [] : parsed.error.issues.flatMap((issue) => describe(issue, own));
  throw new Faults([...foreign, ...wrong.map((fault) => `config ${project}:${fault}`)]);
}

function describe(issue: z.core.$ZodIssue, own: Readonly<Record<string, string>>): string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `${key}: there is no such key${didYouMean(key, Object.keys(configSchema.shape))}`);
  }
  const [key, ...path] = issue.path.map(String);
  const given = path.length === 0 && key !== undefined && own[key] !== undefined ? `, given ${own[key]}` : "";
  return [`${[key, ...path].join(".")}: ${issue.message.replace(/^Invalid input: /, "")}${given}`];
}

const split = (key: string): [string, string] => {
  const colon = key.indexOf(":");
  return [key.slice(0, colon), key.slice(colon + 1)];
};
