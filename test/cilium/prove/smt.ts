/**
 * What policies allow, as formulas for an SMT solver: written down from what the kinds of policies mean, with nothing of the
 * project's own reading of them. It covers pods of this cluster and what they may connect with (other pods, other clusters' pods,
 * nodes, addresses), labels, namespaces, CIDRs, ports, all tiers and default deny; no names, no L7, no named ports.
 */

export type Selector = {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: string[];
  }[];
};
type Port = { readonly port: string; readonly endPort?: number; readonly protocol?: string };
type CiliumRule = {
  readonly fromEndpoints?: Selector[];
  readonly toEndpoints?: Selector[];
  readonly fromEntities?: string[];
  readonly toEntities?: string[];
  readonly fromCIDRSet?: { readonly cidr: string; readonly except?: string[] }[];
  readonly toCIDRSet?: { readonly cidr: string; readonly except?: string[] }[];
  readonly toPorts?: { readonly ports: Port[] }[];
};
export type CiliumPolicy = {
  readonly kind: "CiliumNetworkPolicy";
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly endpointSelector: Selector;
    readonly enableDefaultDeny?: { readonly ingress?: boolean; readonly egress?: boolean };
  } & { readonly [List in "ingress" | "egress" | "ingressDeny" | "egressDeny"]?: CiliumRule[] };
};
type KubernetesPeer = {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: string[] };
};
type KubernetesPort = { readonly port: number; readonly endPort?: number; readonly protocol?: string };
export type KubernetesPolicy = {
  readonly kind: "NetworkPolicy";
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly podSelector: Selector;
    readonly policyTypes: readonly ("Ingress" | "Egress")[];
    readonly ingress?: { readonly from?: KubernetesPeer[]; readonly ports?: KubernetesPort[] }[];
    readonly egress?: { readonly to?: KubernetesPeer[]; readonly ports?: KubernetesPort[] }[];
  };
};
type ClusterPeer = { readonly pods?: { readonly namespaceSelector: Selector; readonly podSelector: Selector } } & {
  readonly networks?: string[];
};
type ClusterRule = {
  readonly action: "Accept" | "Deny" | "Pass";
  readonly from?: ClusterPeer[];
  readonly to?: ClusterPeer[];
  readonly protocols?: { readonly tcp: { readonly destinationPort: { readonly number: number } } }[];
};
export type ClusterPolicy = {
  readonly kind: "ClusterNetworkPolicy";
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly tier: "Admin" | "Baseline";
    readonly priority: number;
    readonly subject: { readonly pods: { readonly namespaceSelector: Selector; readonly podSelector: Selector } };
    readonly ingress?: ClusterRule[];
    readonly egress?: ClusterRule[];
  };
};
export type Policy = CiliumPolicy | KubernetesPolicy | ClusterPolicy;

type Direction = "ingress" | "egress";
type Formula = string;

const and = (...all: readonly Formula[]): Formula => `(and true ${all.join(" ")})`;
const or = (...all: readonly Formula[]): Formula => `(or false ${all.join(" ")})`;
const not = (one: Formula): Formula => `(not ${one})`;

/** Numbers that stand for texts; 0 is no text at all. */
const numbers = new Map<string, number>();
const numberOf = (text: string): number => {
  const number = numbers.get(text) ?? numbers.size + 1;
  numbers.set(text, number);
  return number;
};

export const keys = ["app", "tier"] as const;
const teamKey = "io.cilium.k8s.namespace.labels.team";
const namespaceKey = "io.kubernetes.pod.namespace";

/** Both ends of a connection: what they are, and what is known of each. */
export const declarations = [
  // 0 is a pod of this cluster, 1 an address outside, 2 a node, 3 a pod of another cluster, 4 the other end's own node.
  ...["source", "destination"].flatMap((end) => [
    ...["kind", "namespace", "address", ...keys].map((what) => `(declare-const ${end}.${what} Int)`),
    `(assert (and (<= 0 ${end}.kind 4) (< 0 ${end}.namespace) (<= 0 ${end}.address 4294967295)))`,
    ...keys.map((key) => `(assert (<= 0 ${end}.${key}))`),
  ]),
  // A namespace has the same labels at both ends.
  "(declare-fun team (Int) Int)",
  "(assert (and (<= 0 (team source.namespace)) (<= 0 (team destination.namespace))))",
  "(declare-const port Int)",
  // 0 is TCP, 1 UDP, 2 ICMP, of which no policy here names a type.
  "(declare-const protocol Int)",
  "(assert (and (<= 1 port 65535) (<= 0 protocol 2)))",
  // There is a pod at either end.
  "(assert (or (= source.kind 0) (= destination.kind 0)))",
].join("\n");

const valueAt = (end: string, key: string): string => {
  if (key === namespaceKey) return `${end}.namespace`;
  return key === teamKey || key === "team" ? `(team ${end}.namespace)` : `${end}.${key}`;
};

function selects({ matchLabels = {}, matchExpressions = [] }: Selector, end: string): Formula {
  const labels = Object.entries(matchLabels).map(([key, value]) => ({ key, operator: "In", values: [value] }));
  return and(
    ...[...labels, ...matchExpressions].map(({ key, operator, values = [] }) => {
      const value = valueAt(end, key);
      const named = or(...values.map((text) => `(= ${value} ${numberOf(text)})`));
      switch (operator) {
        case "In":
          return named;
        case "NotIn":
          return not(named);
        case "Exists":
          return not(`(= ${value} 0)`);
        default:
          return `(= ${value} 0)`;
      }
    }),
  );
}

const isPod = (end: string): Formula => `(= ${end}.kind 0)`;

const isOf = (namespace: string, end: string): Formula => `(= ${end}.namespace ${numberOf(namespace)})`;

const within = (cidr: string, end: string): Formula => {
  const [address = "", bits = "32"] = cidr.split("/");
  const number = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(number / size) * size;
  return `(<= ${first} ${end}.address ${first + size - 1})`;
};

const inBlock = ({ cidr, except = [] }: { readonly cidr: string; readonly except?: string[] }, end: string): Formula =>
  and(`(= ${end}.kind 1)`, within(cidr, end), ...except.map((one) => not(within(one, end))));

const isEntity = (entity: string, end: string): Formula => {
  switch (entity) {
    case "all":
      return "true";
    case "world":
      return `(= ${end}.kind 1)`;
    default:
      return or(isPod(end), `(= ${end}.kind 2)`, `(= ${end}.kind 4)`);
  }
};

const isPort = (from: number, to: number, protocols: readonly number[]): Formula =>
  and(`(<= ${from} port ${to})`, or(...protocols.map((protocol) => `(= protocol ${protocol})`)));

const protocolsOf: Readonly<Record<string, readonly number[]>> = { TCP: [0], UDP: [1], ANY: [0, 1] };

/** A rule: whether it is about the connection, and where in the order of rules it stands. */
type Stated = {
  readonly matches: Formula;
  readonly effect: "allow" | "deny" | "pass";
  readonly tier: 0 | 1 | 2;
  readonly priority: number;
};

/** What policies say of one end of the connection. */
type Said = { readonly rules: readonly Stated[]; readonly isolates: readonly Formula[] };

function said(policy: Policy, direction: Direction): Said {
  const [subject, peer] = direction === "egress" ? ["source", "destination"] : ["destination", "source"];
  if (subject === undefined || peer === undefined) throw new Error("a connection has two ends");
  switch (policy.kind) {
    case "CiliumNetworkPolicy":
      return saidByCilium(policy, direction, subject, peer);
    case "NetworkPolicy":
      return saidByKubernetes(policy, direction, subject, peer);
    case "ClusterNetworkPolicy":
      return saidByCluster(policy, direction, subject, peer);
  }
}

function saidByCilium({ metadata, spec }: CiliumPolicy, direction: Direction, subject: string, peer: string): Said {
  const own = and(isOf(metadata.namespace, subject), selects(spec.endpointSelector, subject));
  const peerOf = (selector: Selector): Formula => {
    const named = [
      ...Object.keys(selector.matchLabels ?? {}),
      ...(selector.matchExpressions ?? []).map(({ key }) => key),
    ];
    const isHome = named.some((key) => key === namespaceKey || key === teamKey)
      ? "true"
      : isOf(metadata.namespace, peer);
    return and(isPod(peer), isHome, selects(selector, peer));
  };
  const rule = (one: CiliumRule): Formula => {
    const endpoints = one.fromEndpoints ?? one.toEndpoints;
    const entities = one.fromEntities ?? one.toEntities;
    const blocks = one.fromCIDRSet ?? one.toCIDRSet;
    const peers = [
      ...(endpoints ?? []).map(peerOf),
      ...(entities ?? []).map((entity) => isEntity(entity, peer)),
      ...(blocks ?? []).map((block) => inBlock(block, peer)),
    ];
    const ports = one.toPorts?.flatMap(({ ports }) =>
      ports.map(({ port, endPort = Number(port), protocol = "ANY" }) =>
        isPort(Number(port), endPort, protocolsOf[protocol] ?? []),
      ),
    );
    const isAnybody = endpoints === undefined && entities === undefined && blocks === undefined;
    return and(own, isAnybody ? "true" : or(...peers), ports === undefined ? "true" : or(...ports));
  };
  const [allowing, denying] = [spec[direction] ?? [], spec[`${direction}Deny`] ?? []];
  const isIsolating = spec.enableDefaultDeny?.[direction] ?? allowing.length + denying.length > 0;
  return {
    rules: [
      ...allowing.map((one): Stated => ({ matches: rule(one), effect: "allow", tier: 1, priority: 0 })),
      ...denying.map((one): Stated => ({ matches: rule(one), effect: "deny", tier: 1, priority: 0 })),
    ],
    isolates: isIsolating ? [own] : [],
  };
}

function saidByKubernetes(
  { metadata, spec }: KubernetesPolicy,
  direction: Direction,
  subject: string,
  peer: string,
): Said {
  if (!spec.policyTypes.includes(direction === "egress" ? "Egress" : "Ingress")) return { rules: [], isolates: [] };
  const own = and(isOf(metadata.namespace, subject), selects(spec.podSelector, subject));
  const peerOf = ({ podSelector, namespaceSelector, ipBlock }: KubernetesPeer): Formula => {
    if (ipBlock !== undefined) return inBlock(ipBlock, peer);
    const namespace =
      namespaceSelector === undefined ? isOf(metadata.namespace, peer) : selects(namespaceSelector, peer);
    return and(isPod(peer), namespace, selects(podSelector ?? {}, peer));
  };
  const rules =
    direction === "egress"
      ? (spec.egress ?? []).map(({ to, ports }) => ({ peers: to, ports }))
      : (spec.ingress ?? []).map(({ from, ports }) => ({ peers: from, ports }));
  return {
    rules: rules.map(({ peers = [], ports = [] }) => ({
      matches: and(
        own,
        peers.length === 0 ? "true" : or(...peers.map(peerOf)),
        ports.length === 0
          ? "true"
          : or(
              ...ports.map(({ port, endPort = port, protocol = "TCP" }) =>
                isPort(port, endPort, protocolsOf[protocol] ?? []),
              ),
            ),
      ),
      effect: "allow",
      tier: 1,
      priority: 0,
    })),
    isolates: [own],
  };
}

function saidByCluster({ spec }: ClusterPolicy, direction: Direction, subject: string, peer: string): Said {
  const pods = ({ namespaceSelector, podSelector }: NonNullable<ClusterPeer["pods"]>, end: string): Formula =>
    and(isPod(end), selects(namespaceSelector, end), selects(podSelector, end));
  return {
    rules: (spec[direction] ?? []).map(({ action, from, to, protocols }, i) => ({
      matches: and(
        pods(spec.subject.pods, subject),
        or(
          ...(from ?? to ?? []).flatMap((one) => [
            ...(one.pods ? [pods(one.pods, peer)] : []),
            ...(one.networks ?? []).map((cidr) => inBlock({ cidr }, peer)),
          ]),
        ),
        protocols === undefined
          ? "true"
          : or(
              ...protocols.map(({ tcp: { destinationPort } }) =>
                isPort(destinationPort.number, destinationPort.number, [0]),
              ),
            ),
      ),
      effect: action === "Accept" ? "allow" : action === "Deny" ? "deny" : "pass",
      tier: spec.tier === "Admin" ? 0 : 2,
      priority: spec.priority + i / 100,
    })),
    isolates: [],
  };
}

/** Whether one end of the connection lets it pass. */
export function allows(policies: readonly Policy[], direction: Direction): Formula {
  const all = policies.map((policy) => said(policy, direction));
  const rules = all.flatMap((one) => one.rules);
  const isolates = or(...all.flatMap((one) => one.isolates));
  const subject = direction === "egress" ? "source" : "destination";
  // A pod's own node needs no rule to reach it.
  const isOwnNode = direction === "ingress" ? "(= source.kind 4)" : "false";
  return or(not(isPod(subject)), decided(rules, or(not(isolates), isOwnNode)));
}

/** Tier by tier and priority by priority: a deny wins over an allow, and a pass skips what is left of its tier. */
function decided(rules: readonly Stated[], otherwise: Formula): Formula {
  const [tier] = [...new Set(rules.map((rule) => rule.tier))].sort();
  if (tier === undefined) return otherwise;
  const own = rules.filter((rule) => rule.tier === tier);
  const next = decided(
    rules.filter((rule) => rule.tier !== tier),
    otherwise,
  );
  const priorities = [...new Set(own.map(({ priority }) => priority))].sort((a, b) => b - a);
  return priorities.reduce((rest, priority) => {
    const matching = (effect: Stated["effect"]): Formula =>
      or(...own.filter((rule) => rule.priority === priority && rule.effect === effect).map(({ matches }) => matches));
    return `(ite ${matching("deny")} false (ite ${matching("allow")} true (ite ${matching("pass")} ${next} ${rest})))`;
  }, next);
}

/** Satisfiable if an end allows on one side what it denies on the other. */
export const differ = (before: readonly Policy[], after: readonly Policy[]): Formula =>
  or(
    ...(["egress", "ingress"] as const).map((direction) =>
      not(`(= ${allows(before, direction)} ${allows(after, direction)})`),
    ),
  );

/** Satisfiable if a connection is allowed after that was not before. */
export const opens = (before: readonly Policy[], after: readonly Policy[]): Formula => {
  const both = (policies: readonly Policy[]): Formula => and(allows(policies, "egress"), allows(policies, "ingress"));
  return and(both(after), not(both(before)));
};
