/**
 * Everything that can stand at the ends of a connection, as far as policies can tell it apart: kinds of ends, and for each
 * the variables that describe one. The domain of a variable holds what policies name, and values that stand for all others.
 */
import { containsPrefix, type Prefix } from "../policy/cidr.ts";
import type { FqdnSelector } from "../policy/schema.ts";
import {
  clusterLabel,
  namespaceLabelsPrefix,
  namespaceNameLabel,
  podNamespaceLabel,
  type Requirement,
  serviceAccountLabel,
} from "../policy/selector.ts";
import { addressOutside, formatPrefix, parseAddressOrPrefix } from "../reach/compile/addresses.ts";
import { tellsNodesApart } from "../reach/compile/configuration.ts";
import { nodeEntities } from "../reach/compile/identity.ts";
import { type PeerEntity, peerEntities } from "../reach/compile/inventory.ts";
import type { Network } from "../reach/compile/network.ts";
import type { CompiledRule } from "../reach/compile/rules.ts";
import type { Unknown } from "../reach/compile/unknown.ts";
import { representativeNames } from "./names.ts";

export const roles = ["source", "destination"] as const;
export type Role = (typeof roles)[number];

export type Kind = { readonly name: string } & (
  | /** A pod of the cluster itself. */
  { readonly kind: "pod" }
  /** A pod of another cluster of a mesh: no policy here applies to it. */
  | { readonly kind: "foreign-pod" }
  /** What has nothing but its reserved labels; of nodes, one that no policy can name by label or address. */
  | { readonly kind: "entity"; readonly entity: Exclude<PeerEntity, "world"> }
  /** A node, where the configuration lets policies name its labels or address. */
  | { readonly kind: "node"; readonly near: boolean; readonly controlPlane: boolean }
  /** An address outside the cluster, with the name that it was looked up by, if any. */
  | { readonly kind: "outside"; readonly apiServer: boolean }
);

/** What a variable is about. */
export type Attribute =
  | { readonly kind: "cluster" }
  | { readonly kind: "namespace" }
  | { readonly kind: "service-account" }
  | { readonly kind: "namespace-label"; readonly key: string }
  | { readonly kind: "label"; readonly key: string }
  | { readonly kind: "node-label"; readonly key: string }
  | { readonly kind: "address" }
  | { readonly kind: "name" }
  /** Whether a container port of this name is at the port in question, or starts a range that reaches it. */
  | { readonly kind: "port-name"; readonly name: string }
  /** Whether a selector selects an end, where that cannot be known. */
  | { readonly kind: "unknown"; readonly key: string; readonly unknown: Unknown };

export type Variable = {
  /** Its place in the order in which questions are decided. */
  readonly index: number;
  readonly end: Role;
  readonly attribute: Attribute;
  /** Undefined is the absence of a label or name. The first value is one that no policy names. */
  readonly values: readonly (string | undefined)[];
};

export type Universe = {
  readonly kinds: readonly Kind[];
  readonly variables: readonly Variable[];
  readonly variable: (end: Role, attribute: Attribute) => Variable | undefined;
  /** Another address that policies tell from none of the same part; undefined if the part has no other. */
  readonly another: (address: string) => string | undefined;
  /** A variable for what cannot be known, made when it is first asked for. */
  readonly unknown: (end: Role, key: string, unknown: Unknown) => Variable;
};

/** What a universe has to tell apart besides what the policies do. */
export type Mentioned = {
  readonly requirements: readonly Requirement[];
  readonly prefixes: readonly Prefix[];
  readonly names: readonly string[];
};

/** Values of `port-name` variables. */
export const portNameValues = [undefined, "exact", "below"] as const;

/** What policies and sets name, and the values that each of it can have. */
export type Domains = {
  readonly kinds: readonly Kind[];
  readonly prefixes: readonly Prefix[];
  readonly all: readonly Domain[];
};

/**
 * @param networks one or two, compiled without endpoints
 * @returns undefined if names overlap in too many ways
 */
export function domainsOf(networks: readonly Network[], mentioned: Mentioned): Domains | undefined {
  const words = vocabularyOf(networks, mentioned);
  const names = representativeNames(words.names);
  if (names === undefined) return undefined;
  return { kinds: kindsOf(networks), prefixes: words.prefixes, all: allDomains(words, names, networks) };
}

/** @param subject the end whose variables are decided last */
export function universeOf({ kinds, prefixes, all: domains }: Domains, subject: Role): Universe {
  const peer: Role = subject === "source" ? "destination" : "source";
  const variables: Variable[] = [];
  const byId = new Map<string, Variable>();
  const add = (end: Role, attribute: Attribute, values: Variable["values"]): Variable => {
    const variable = { index: variables.length, end, attribute, values };
    variables.push(variable);
    byId.set(idOf(end, attribute), variable);
    return variable;
  };
  const isShared = ({ attribute }: Domain): boolean => attribute.kind === "cluster" || attribute.kind === "namespace";
  for (const { attribute, values } of domains.filter(isShared)) {
    for (const end of [subject, peer]) add(end, attribute, values);
  }
  for (const end of [peer, subject]) {
    for (const { attribute, values } of domains.filter((domain) => !isShared(domain))) {
      if (attribute.kind !== "port-name" || end === "destination") add(end, attribute, values);
    }
  }
  return {
    kinds,
    variables,
    variable: (end, attribute) => byId.get(idOf(end, attribute)),
    another: (address) => anotherAddress(address, prefixes),
    unknown: (end, key, unknown) => {
      const attribute: Attribute = { kind: "unknown", key, unknown };
      return byId.get(idOf(end, attribute)) ?? add(end, attribute, ["no", "yes"]);
    },
  };
}

const idOf = (end: Role, attribute: Attribute): string => {
  switch (attribute.kind) {
    case "cluster":
    case "namespace":
    case "service-account":
    case "address":
    case "name":
      return `${end} ${attribute.kind}`;
    case "namespace-label":
    case "label":
    case "node-label":
    case "unknown":
      return `${end} ${attribute.kind} ${attribute.key}`;
    case "port-name":
      return `${end} ${attribute.kind} ${attribute.name}`;
  }
};

const entities = peerEntities.filter((entity) => entity !== "world");

/** Whether a kind is a node, whatever is known of it. */
export const isNode = (kind: Kind): boolean =>
  kind.kind === "node" || (kind.kind === "entity" && nodeEntities.has(kind.entity));

/** The entity that a node is. */
export function nodeEntity({ near, controlPlane }: Kind & { readonly kind: "node" }): PeerEntity {
  if (near) return controlPlane ? "control-plane-host" : "host";
  return controlPlane ? "kube-apiserver" : "remote-node";
}

function kindsOf(networks: readonly Network[]): Kind[] {
  const nodesDiffer = networks.some(({ configuration }) => tellsNodesApart(configuration));
  const both = [false, true];
  return [
    { name: "pod", kind: "pod" },
    { name: "foreign-pod", kind: "foreign-pod" },
    // A node whose labels and address can be named is one of these below.
    ...entities
      .filter((entity) => !nodesDiffer || !nodeEntities.has(entity))
      .map((entity): Kind => ({ name: entity, kind: "entity", entity })),
    { name: "outside", kind: "outside", apiServer: false },
    { name: "outside, API server", kind: "outside", apiServer: true },
    ...(nodesDiffer
      ? both.flatMap((near) =>
          both.map((controlPlane): Kind => {
            const name = `${near ? "own" : "another"}${controlPlane ? " control-plane" : ""} node`;
            return { name, kind: "node", near, controlPlane };
          }),
        )
      : []),
  ];
}

/** What a key of a pod's label is about. */
export function podAttribute(key: string): Attribute {
  if (key === podNamespaceLabel || key === namespaceNameLabel) return { kind: "namespace" };
  if (key === clusterLabel) return { kind: "cluster" };
  if (key === serviceAccountLabel) return { kind: "service-account" };
  if (key.startsWith(namespaceLabelsPrefix)) {
    return { kind: "namespace-label", key: key.slice(namespaceLabelsPrefix.length) };
  }
  return { kind: "label", key };
}

type Vocabulary = {
  /** By `kind key`: the attribute, and how often each of its values is named. */
  readonly attributes: Map<string, { readonly attribute: Attribute; readonly values: Set<string>; times: number }>;
  readonly prefixes: Prefix[];
  readonly names: FqdnSelector[];
  readonly portNames: Set<string>;
};

function vocabularyOf(networks: readonly Network[], mentioned: Mentioned): Vocabulary {
  const words: Vocabulary = {
    attributes: new Map(),
    prefixes: [...mentioned.prefixes],
    names: mentioned.names.map((matchName) => ({ matchName })),
    portNames: new Set(),
  };
  const seen = new Set<unknown>();
  const once = (requirements: readonly Requirement[], attributesOf: readonly ((key: string) => Attribute)[]): void => {
    if (seen.has(requirements)) return;
    seen.add(requirements);
    for (const requirement of requirements)
      for (const of of attributesOf) note(words, of(requirement.key), requirement);
  };
  once(mentioned.requirements, [podAttribute]);
  for (const { rules } of networks) {
    for (const rule of rules) {
      once(rule.subject, [rule.selectsNodes ? nodeAttribute : podAttribute]);
      notePeers(rule, words, once);
      for (const { ports } of rule.ports) if ("name" in ports) words.portNames.add(ports.name);
    }
  }
  return words;
}

const nodeAttribute = (key: string): Attribute => ({ kind: "node-label", key });

function notePeers(
  rule: CompiledRule,
  words: Vocabulary,
  once: (requirements: readonly Requirement[], attributesOf: readonly ((key: string) => Attribute)[]) => void,
): void {
  for (const { selector } of rule.peers) {
    const { condition } = selector;
    switch (condition.kind) {
      case "labels":
        once(condition.requirements, [podAttribute, nodeAttribute]);
        break;
      case "cidr":
        words.prefixes.push(condition.prefix, ...condition.except);
        break;
      case "cidr-groups":
        words.prefixes.push(...condition.groups.prefixes, ...condition.except);
        break;
      case "fqdn":
        words.names.push(
          condition.name.includes("*") ? { matchPattern: condition.name } : { matchName: condition.name },
        );
        break;
      case "everything":
      case "world":
      case "unknown":
        break;
    }
  }
}

function note({ attributes }: Vocabulary, attribute: Attribute, requirement: Requirement): void {
  const id = idOf("source", attribute);
  const known = attributes.get(id) ?? { attribute, values: new Set<string>(), times: 0 };
  attributes.set(id, known);
  known.times++;
  if (requirement.operator === "In" || requirement.operator === "NotIn") {
    for (const value of requirement.values) known.values.add(value);
  }
}

/** A variable at either end. */
export type Domain = { readonly attribute: Attribute; readonly values: Variable["values"] };

/** Cluster and namespace first; then what is named most often, which divides most. */
function allDomains(words: Vocabulary, names: readonly string[], networks: readonly Network[]): Domain[] {
  const own = new Set(networks.map(({ inventory }) => inventory.cluster));
  const named = (kind: Attribute["kind"]) =>
    [...words.attributes.values()].filter(({ attribute }) => attribute.kind === kind).sort((a, b) => b.times - a.times);
  const [clusters, namespaces, accounts] = (["cluster", "namespace", "service-account"] as const).map((kind) =>
    named(kind).flatMap(({ values }) => [...values]),
  );
  return [
    {
      attribute: { kind: "cluster" },
      values: withOther(
        "another-cluster",
        (clusters ?? []).filter((name) => !own.has(name)),
        own,
      ),
    },
    { attribute: { kind: "namespace" }, values: withOther("elsewhere", namespaces ?? []) },
    { attribute: { kind: "service-account" }, values: withOther("default", accounts ?? []) },
    ...(["namespace-label", "label", "node-label"] as const).flatMap((kind) =>
      named(kind).map(({ attribute, values }) => ({
        attribute,
        values: [undefined, ...withOther("other", [...values])],
      })),
    ),
    { attribute: { kind: "address" }, values: addressesOf(words.prefixes, networks) },
    { attribute: { kind: "name" }, values: [undefined, ...names] },
    ...[...words.portNames].map((name): Domain => ({ attribute: { kind: "port-name", name }, values: portNameValues })),
  ];
}

/** A value that is none of those named, then these. */
function withOther(plain: string, named: readonly string[], taken: ReadonlySet<string> = new Set()): string[] {
  let other = plain;
  for (let i = 2; named.includes(other) || taken.has(other); i++) other = `${plain}-${i}`;
  return [other, ...new Set(named)];
}

/** An address for each part that the prefixes cut the address space into; first of all one in no prefix, if there is one. */
function addressesOf(written: readonly Prefix[], networks: readonly Network[]): string[] {
  const prefixes = [...new Map(written.map((prefix) => [formatPrefix(prefix), prefix])).values()];
  const isOn = (family: "ipv4" | "ipv6"): boolean =>
    networks.some(({ configuration }) => configuration[family]) ||
    (networks.every(({ inventory }) => inventory.configuration === undefined) &&
      prefixes.some(({ address }) => address.kind() === family));
  const families = (["ipv4", "ipv6"] as const).filter(isOn);
  const rest = families.flatMap((family) => {
    const own = prefixes.filter(({ address, bits }) => address.kind() === family && bits > 0);
    const isFree = (address: Prefix): boolean => !own.some((prefix) => containsPrefix(prefix, address));
    const [all, ...nice] = familiar[family].map(addressOf);
    return nice.find(isFree) ?? (all && addressOutside(all, own)) ?? [];
  });
  const parts = prefixes
    .filter(({ address, bits }) => bits > 0 && families.some((family) => family === address.kind()))
    .flatMap((prefix) => addressOutside(prefix, prefixes) ?? []);
  return [...new Set([...rest, ...parts].map(formatPrefix))];
}

/** All of a family, and where an address in no prefix is looked for first: in what documentation uses. */
const familiar = {
  ipv4: ["0.0.0.0/0", "203.0.113.1", "198.51.100.1", "192.0.2.1"],
  ipv6: ["::/0", "2001:db8::1"],
} as const;

/** Another address that lies in the same prefixes. */
function anotherAddress(text: string, prefixes: readonly Prefix[]): string | undefined {
  const address = addressOf(text);
  const holding = prefixes.filter((prefix) => containsPrefix(prefix, address)).sort((a, b) => b.bits - a.bits);
  const [all] = familiar[address.address.kind()].map(addressOf);
  const part = holding[0] ?? all;
  const other =
    part &&
    addressOutside(
      part,
      prefixes.filter(({ bits }) => bits > part.bits),
      new Set([text]),
    );
  return other && formatPrefix(other);
}

/** Reads what is known to be an address or a prefix. */
export function addressOf(text: string): Prefix {
  const address = parseAddressOrPrefix(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return address;
}
