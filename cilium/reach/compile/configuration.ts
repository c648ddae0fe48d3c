/**
 * What an agent's configuration means for verdicts: the data of the ConfigMap `cilium-config`, read as the agent reads it
 * (`pkg/option/config.go`, `daemon/cmd`). A key that is left out has its default on Kubernetes.
 */
import { z } from "zod";
import { type LabelFilter, labelFilter, nodeLabelFilter } from "../../policy/label-filter.ts";
import { rulesOf } from "../../policy/parts.ts";
import type { Policy, PolicyKind } from "../../policy/schema.ts";
import { type Agent, defaultAgent } from "../../policy/validity.ts";

export type Configuration = Agent & {
  /** `always`: every endpoint is in default deny; `never`: no policy is enforced. */
  readonly enforcement: "default" | "always" | "never";
  /** What CIDRs match besides the world. */
  readonly cidrsMatch: { readonly nodes: boolean; readonly pods: boolean };
  /** Whether policies that select nodes are enforced. */
  readonly hostFirewall: boolean;
  /** Whether a pod's own node needs no rule. */
  readonly allowLocalhost: boolean;
  /** Whether selectors that name no cluster mean the local one. */
  readonly defaultLocalCluster: boolean;
  /** Whether `enableDefaultDeny` is heeded. */
  readonly nonDefaultDeny: boolean;
  readonly enforcedKinds: Readonly<Record<PolicyKind, boolean>>;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly sctp: boolean;
  /** Nothing is dropped; verdicts are only recorded. */
  readonly auditMode: boolean;
  /** How many entries the policy map of an endpoint holds. */
  readonly policyMapMax: number;
  readonly keepsLabel: LabelFilter;
  readonly keepsNodeLabel: LabelFilter;
};

/** A key whose value could not be read; the agent would not start with it. Its default is assumed. */
export type UnreadableKey = { readonly key: string; readonly value: string; readonly expected: string };

/** A key that is not known and would change verdicts about these policies. */
export type AssumedKey = { readonly key: string; readonly assumed: string; readonly changes: string };

/** @param data undefined if it is not known: Cilium's defaults then */
export function readConfiguration(data: Readonly<Record<string, string>> | undefined): {
  readonly configuration: Configuration;
  readonly unreadable: readonly UnreadableKey[];
} {
  const unreadable: UnreadableKey[] = [];
  const read = <Value>(key: string, schema: z.ZodType<Value>, otherwise: Value, expected: string): Value => {
    const value = data?.[key];
    if (value === undefined) return otherwise;
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    unreadable.push({ key, value, expected });
    return otherwise;
  };
  const flag = (key: string, otherwise: boolean): boolean => read(key, goBoolean, otherwise, "true or false");
  const modes = read("policy-cidr-match-mode", cidrMatchModes, [], "nodes, pods, both or nothing");
  const configuration: Configuration = {
    enforcement: read("enable-policy", enforcement, "default", "default, always or never"),
    cidrsMatch: { nodes: modes.includes("nodes"), pods: modes.includes("pods") },
    hostFirewall: flag("enable-host-firewall", false),
    nodeSelectorLabels: flag("enable-node-selector-labels", defaultAgent.nodeSelectorLabels),
    allowLocalhost: read("allow-localhost", localhost, "auto", "auto, always or policy") !== "policy",
    defaultLocalCluster: flag("policy-default-local-cluster", true),
    nonDefaultDeny: flag("enable-non-default-deny-policies", true),
    enforcedKinds: {
      CiliumNetworkPolicy: flag(kindKeys.CiliumNetworkPolicy, true),
      CiliumClusterwideNetworkPolicy: flag(kindKeys.CiliumClusterwideNetworkPolicy, true),
      NetworkPolicy: flag(kindKeys.NetworkPolicy, true),
      ClusterNetworkPolicy: flag(kindKeys.ClusterNetworkPolicy, false),
    },
    ipv4: flag("enable-ipv4", true),
    ipv6: flag("enable-ipv6", false),
    l7Proxy: flag("enable-l7-proxy", defaultAgent.l7Proxy),
    sctp: flag("enable-sctp", false),
    extendedProtocols: flag("enable-extended-ip-protocols", defaultAgent.extendedProtocols),
    icmpRules: flag("enable-icmp-rules", defaultAgent.icmpRules),
    auditMode: flag("policy-audit-mode", false),
    policyMapMax: read("bpf-policy-map-max", positive, 16384, "a number"),
    keepsLabel: read("labels", labelPatterns(labelFilter), labelFilter([]), "patterns of labels, separated by spaces"),
    keepsNodeLabel: read(
      "node-labels",
      labelPatterns(nodeLabelFilter),
      nodeLabelFilter([]),
      "patterns of labels, separated by spaces",
    ),
  };
  return { configuration, unreadable };
}

/** Whether policies can tell nodes apart: by their labels, by their addresses, or since they select them. */
export const tellsNodesApart = ({ nodeSelectorLabels, cidrsMatch, hostFirewall }: Configuration): boolean =>
  nodeSelectorLabels || cidrsMatch.nodes || hostFirewall;

/** The key that decides whether the agent watches a kind of policies. */
export const kindKeys = {
  CiliumNetworkPolicy: "enable-cilium-network-policy",
  CiliumClusterwideNetworkPolicy: "enable-cilium-clusterwide-network-policy",
  NetworkPolicy: "enable-k8s-networkpolicy",
  ClusterNetworkPolicy: "enable-k8s-cluster-network-policy",
} as const satisfies Record<PolicyKind, string>;

/** Go's `strconv.ParseBool`. */
const goBoolean = z
  .enum(["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"])
  .transform((text) => ["1", "t", "T", "TRUE", "true", "True"].includes(text));

const positive = z.string().regex(/^\d+$/).transform(Number);

const lowerCase = z.string().transform((text) => text.toLowerCase());

const enforcement = lowerCase.pipe(z.enum(["default", "always", "never"]));

const localhost = lowerCase.pipe(z.enum(["auto", "always", "policy"]));

const words = z.string().transform((text) => text.split(/\s+/).filter((word) => word !== ""));

const cidrMatchModes = words.pipe(z.array(z.enum(["nodes", "pods"])));

const labelPatterns = (filter: (patterns: readonly string[]) => LabelFilter) =>
  words.transform((patterns, context) => {
    try {
      return filter(patterns);
    } catch {
      context.addIssue("a pattern is no regular expression");
      return z.NEVER;
    }
  });

/** The keys that change verdicts about these policies, where the configuration is not known. */
export function assumedKeys(policies: readonly Policy[]): AssumedKey[] {
  const rules = policies.flatMap(rulesOf);
  const text = JSON.stringify(policies);
  const mentions = (...words: string[]) => words.some((word) => text.includes(`"${word}"`));
  const kinds = new Set(policies.map(({ kind }) => kind));
  const keys: readonly (AssumedKey & { readonly matters: boolean })[] = [
    {
      key: "enable-policy",
      assumed: "default",
      changes: "always closes endpoints that no policy selects, never enforces nothing",
      matters: true,
    },
    {
      key: "policy-audit-mode",
      assumed: "false",
      changes: "true lets everything pass and only records verdicts",
      matters: policies.length > 0,
    },
    {
      key: "allow-localhost",
      assumed: "always",
      changes: "policy makes a pod's own node need a rule",
      matters: policies.length > 0,
    },
    {
      key: "policy-cidr-match-mode",
      assumed: "nothing",
      changes: "nodes and pods let CIDRs match nodes and pods",
      matters: mentions("fromCIDR", "toCIDR", "fromCIDRSet", "toCIDRSet", "ipBlock", "networks"),
    },
    {
      key: "enable-host-firewall",
      assumed: "false",
      changes: "true enforces policies that select nodes",
      matters: rules.some(({ nodeSelector }) => nodeSelector != null),
    },
    {
      key: "enable-node-selector-labels",
      assumed: "false",
      changes: "true accepts rules that select nodes by their labels",
      matters: mentions("fromNodes", "toNodes", "nodes"),
    },
    {
      key: "enable-non-default-deny-policies",
      assumed: "true",
      changes: "false ignores enableDefaultDeny: false, so that the policy isolates",
      matters: mentions("enableDefaultDeny"),
    },
    {
      key: "enable-l7-proxy",
      assumed: "true",
      changes: "false refuses policies with L7 rules",
      matters: mentions("http", "dns", "domainNames"),
    },
    {
      key: "enable-icmp-rules",
      assumed: "true",
      changes: "false refuses policies with icmps",
      matters: mentions("icmps"),
    },
    {
      key: "enable-sctp",
      assumed: "false",
      changes: "true lets SCTP pass where policies allow it",
      matters: mentions("SCTP", "sctp"),
    },
    {
      key: "enable-extended-ip-protocols",
      assumed: "false",
      changes: "true lets protocols without ports pass where policies allow them",
      matters: mentions("VRRP", "IGMP", "GRE", "IPIP", "IPV6", "ESP", "AH"),
    },
    {
      key: "enable-ipv6",
      assumed: "false",
      changes: "true gives the world other labels",
      matters: text.includes("reserved:world"),
    },
    {
      key: kindKeys.ClusterNetworkPolicy,
      assumed: "false",
      changes: "true enforces ClusterNetworkPolicies",
      matters: kinds.has("ClusterNetworkPolicy"),
    },
    {
      key: kindKeys.NetworkPolicy,
      assumed: "true",
      changes: "false ignores NetworkPolicies",
      matters: kinds.has("NetworkPolicy"),
    },
  ];
  return keys.filter(({ matters }) => matters).map(({ key, assumed, changes }) => ({ key, assumed, changes }));
}

/** An agent of whose configuration nothing is known. */
export const defaultConfiguration: Configuration = readConfiguration(undefined).configuration;
