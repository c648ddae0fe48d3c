/**
 * Policies and transcribed rows in one comparable form: a subject and a sorted list of facts such as
 * `ingress endpoint argocd{app=cloudflared} 8080/TCP`. How rules are grouped and ordered leaves no trace in it;
 * everything that decides traffic does. A field or shape that has no place in the form throws.
 */
import type {
  CidrRule,
  CiliumPolicy,
  EgressDenyRule,
  EgressRule,
  FqdnSelector,
  IngressDenyRule,
  IngressRule,
  LabelSelector,
  PortProtocol,
  PortRule,
} from "../../cilium/policy/schema.ts";

export interface Expanded {
  /** `namespace/name`, or the name alone of a clusterwide policy. */
  readonly name: string;
  readonly selects: string;
  readonly facts: readonly string[];
}

type Direction = "ingress" | "egress";

export function expand(policy: CiliumPolicy): Expanded {
  const { apiVersion: _apiVersion, kind, metadata, spec, ...unknownFields } = policy;
  refuse(unknownFields);
  if (!spec) throw new Error("a policy without spec");
  const namespace = metadata.namespace ?? undefined;
  if ((kind === "CiliumNetworkPolicy") !== (namespace !== undefined))
    throw new Error(`namespace ${namespace} on a ${kind}`);

  const {
    endpointSelector,
    ingress,
    ingressDeny,
    egress,
    egressDeny,
    enableDefaultDeny,
    description: _,
    ...more
  } = spec;
  refuse(more);
  if (!endpointSelector) throw new Error("no endpointSelector");
  const defaultDeny = Object.entries(enableDefaultDeny ?? {}).map(
    ([direction, on]) => `${direction} default deny ${on}`,
  );
  return {
    name: namespace === undefined ? metadata.name : `${namespace}/${metadata.name}`,
    selects: selected(endpointSelector, namespace),
    facts: sorted([
      ...defaultDeny,
      ...rules(ingress).flatMap((rule) => facts("ingress", ingressPeers(rule, namespace), rule.toPorts)),
      ...rules(ingressDeny).flatMap((rule) => denied("ingress", ingressPeers(rule, namespace), rule.toPorts)),
      ...rules(egress).flatMap((rule) => facts("egress", egressPeers(rule, namespace), rule.toPorts)),
      ...rules(egressDeny).flatMap((rule) => denied("egress", egressPeers(rule, namespace), rule.toPorts)),
    ]),
  };
}

/** An endpoint in the comparable form. `namespace` undefined: of any namespace. */
export function endpoint(namespace: string | undefined, terms: readonly string[]): string {
  return `endpoint ${namespace ?? "*"}{${[...terms].sort().join(", ")}}`;
}

/** Facts as a set: each once, in one order. */
export function sorted(facts: readonly string[]): readonly string[] {
  return [...new Set(facts)].sort();
}

function facts(direction: Direction, peers: readonly string[], toPorts: PortRule[] | null | undefined): string[] {
  if (peers.length > 0) return combined(direction, peers, toPorts);
  if (toPorts) throw new Error("ports without a peer: open to everybody");
  return [`${direction} none`];
}

function denied(direction: Direction, peers: readonly string[], toPorts: PortRule[] | null | undefined): string[] {
  if (peers.length === 0) throw new Error("a deny rule without a peer");
  return combined(`${direction} deny`, peers, toPorts);
}

function combined(prefix: string, peers: readonly string[], toPorts: PortRule[] | null | undefined): string[] {
  const ports = toPorts ? some("toPorts", toPorts).flatMap(portsOf) : ["all ports"];
  return peers.flatMap((peer) => ports.map((port) => `${prefix} ${peer} ${port}`));
}

function portsOf({ ports, rules, ...unknownFields }: PortRule): string[] {
  refuse(unknownFields);
  if (!ports) throw new Error("toPorts without ports");
  const spoken = rules ? ` ${layer7(rules)}` : "";
  return some("ports", ports).map((port) => `${portOf(port)}${spoken}`);
}

function portOf({ port, protocol, ...unknownFields }: PortProtocol): string {
  refuse(unknownFields);
  if (!port || !/^[1-9][0-9]*$/.test(port)) throw new Error(`port ${port}: not a number`);
  if (!protocol) throw new Error(`port ${port} without a protocol`);
  return `${port}/${protocol}`;
}

function layer7(rules: NonNullable<PortRule["rules"]>): "http" | "dns *" {
  switch (JSON.stringify(rules)) {
    case '{"http":[{}]}':
      return "http";
    case '{"dns":[{"matchPattern":"*"}]}':
      return "dns *";
    default:
      throw new Error(`L7 rules ${JSON.stringify(rules)}`);
  }
}

function ingressPeers(rule: IngressRule | IngressDenyRule, namespace: string | undefined): string[] {
  const { fromEndpoints, fromEntities, fromCIDR, fromCIDRSet, toPorts: _, ...unknownFields } = rule;
  refuse(unknownFields);
  return onlyKind([
    fromEndpoints?.map((selector) => selected(selector, namespace)),
    fromEntities?.map((entity) => `entity ${entity}`),
    fromCIDR?.map((cidr) => `cidr ${cidr}`),
    fromCIDRSet?.map(cidrOf),
  ]);
}

function egressPeers(rule: EgressRule | EgressDenyRule, namespace: string | undefined): string[] {
  const { toEndpoints, toEntities, toCIDR, toCIDRSet, toFQDNs, toPorts: _, ...unknownFields }: EgressRule = rule;
  refuse(unknownFields);
  return onlyKind([
    toEndpoints?.map((selector) => selected(selector, namespace)),
    toEntities?.map((entity) => `entity ${entity}`),
    toCIDR?.map((cidr) => `cidr ${cidr}`),
    toCIDRSet?.map(cidrOf),
    toFQDNs?.map(fqdnOf),
  ]);
}

/** Cilium refuses a rule that has two kinds of peers. An empty list of peers matches nobody, which nobody means. */
function onlyKind(kinds: readonly (string[] | undefined)[]): string[] {
  const given = kinds.filter((peers) => peers !== undefined);
  if (given.length > 1) throw new Error(`two kinds of peers in one rule: ${given.flat().join(", ")}`);
  return given.flatMap((peers) => some("peers", peers));
}

function cidrOf({ cidr, ...unknownFields }: CidrRule): string {
  refuse(unknownFields);
  if (!cidr) throw new Error("a CIDR rule without a CIDR");
  return `cidr ${cidr}`;
}

function fqdnOf({ matchName, matchPattern, ...unknownFields }: FqdnSelector): string {
  refuse(unknownFields);
  if (matchName && !matchPattern && !matchName.includes("*")) return `fqdn ${matchName}`;
  if (matchPattern?.includes("*") && !matchName) return `fqdn ${matchPattern}`;
  throw new Error(
    `FQDN ${JSON.stringify({ matchName, matchPattern })}: matchPattern is for a *, matchName for the rest`,
  );
}

const namespaceKey = "io.kubernetes.pod.namespace";

/** A selector without a namespace means the policy's own (Cilium's `pkg/k8s/apis/cilium.io/utils`). */
function selected({ matchLabels, matchExpressions, ...unknownFields }: LabelSelector, ownNamespace?: string): string {
  refuse(unknownFields);
  const labels = Object.entries(matchLabels ?? {}).map(([key, value]) => [withoutSource(key), value] as const);
  const expressions = (matchExpressions ?? []).map((term) => ({ ...term, key: withoutSource(term.key) }));
  if (expressions.some(({ key }) => key === namespaceKey)) throw new Error("namespaces selected by an expression");
  return endpoint(labels.find(([key]) => key === namespaceKey)?.[1] ?? ownNamespace, [
    ...labels.filter(([key]) => key !== namespaceKey).map(([key, value]) => `${key}=${value}`),
    ...expressions.map(expressionOf),
  ]);
}

function expressionOf({ key, operator, values }: NonNullable<LabelSelector["matchExpressions"]>[number]): string {
  switch (operator) {
    case "In":
    case "NotIn":
      return `${key} ${operator} [${some(`the values of ${key}`, values ?? [])
        .toSorted()
        .join(", ")}]`;
    case "Exists":
    case "DoesNotExist":
      if (values) throw new Error(`${key} ${operator} with values`);
      return `${key} ${operator}`;
  }
}

function withoutSource(key: string): string {
  const plain = key.replace(/^k8s:/, "");
  if (plain.includes(":")) throw new Error(`label ${key}: not a label of a pod`);
  return plain;
}

/** Rules of one direction; `[]` would count as absent, and whoever wrote it meant something else. */
function rules<T>(given: readonly T[] | null | undefined): readonly T[] {
  return given ? some("rules", given) : [];
}

function some<T>(what: string, list: readonly T[]): readonly T[] {
  if (list.length === 0) throw new Error(`${what}: an empty list`);
  return list;
}

function refuse(fields: object): void {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
  if (given.length > 0)
    throw new Error(`no place in the comparable form for ${JSON.stringify(Object.fromEntries(given))}`);
}
