/** Sets of ends as people mean them: any pod, the pods with some labels, everything outside the cluster, all but some. */
import { containsPrefix, type Prefix } from "../policy/cidr.ts";
import { podNamespaceLabel, type Requirement } from "../policy/selector.ts";
import { canonicalAddress } from "../reach/compile/addresses.ts";
import type { Endpoint, FlowProtocol, PeerEntity } from "../reach/compile/inventory.ts";
import { type Condition, type Cube, meet, satisfying, without } from "./cubes.ts";
import { isIn, maskOf, only } from "./mask.ts";
import { type Region, regionOf } from "./search.ts";
import { type Pair, runsOnNode } from "./side.ts";
import {
  type Attribute,
  addressOf,
  type Kind,
  nodeEntity,
  podAttribute,
  type Role,
  type Universe,
  type Variable,
} from "./universe.ts";

/** Everything that is in one of its parts, but for what is in one of those that are left out. */
export type EndSet = { readonly parts: readonly Part[]; readonly but: readonly Part[] };

export type Part =
  | { readonly kind: "anything" }
  /** Pods of the cluster itself, by their labels and those that Cilium gives them. */
  | { readonly kind: "pods"; readonly requirements: readonly Requirement[] }
  /** One pod. */
  | { readonly kind: "pod"; readonly endpoint: Endpoint }
  | { readonly kind: "entity"; readonly entity: Exclude<PeerEntity, "world"> }
  /** What is outside the cluster: all of it, or in a prefix, or by a name. */
  | { readonly kind: "outside"; readonly prefix?: Prefix; readonly name?: string };

/** What is asked about two sets, and whether the API server is known to run on no node. */
export type Asked = {
  readonly source: EndSet;
  readonly destination: EndSet;
  readonly protocol: FlowProtocol;
  readonly port: number;
  readonly apiServerOutside: boolean;
};

const partsOf = ({ parts, but }: EndSet): readonly Part[] => [...parts, ...but];

/** What a universe has to tell apart for sets. */
export const mentionedBy = (sets: readonly EndSet[]) => {
  const parts = sets.flatMap(partsOf);
  return {
    requirements: parts.flatMap((part) => {
      if (part.kind === "pods") return part.requirements;
      return part.kind === "pod" ? identifying(part.endpoint) : [];
    }),
    prefixes: parts.flatMap((part) => {
      if (part.kind === "pod") return (part.endpoint.addresses ?? []).slice(0, 1).map(addressOf);
      return part.kind === "outside" && part.prefix !== undefined ? [part.prefix] : [];
    }),
    names: parts.flatMap((part) => (part.kind === "outside" && part.name !== undefined ? [part.name] : [])),
  };
};

/** Requirements that a pod satisfies, and every pod of its namespace that has all of its labels. */
const identifying = ({ namespace, labels }: Endpoint): Requirement[] =>
  Object.entries({ ...labels, [podNamespaceLabel]: namespace }).map(([key, value]) => ({
    source: "k8s",
    key,
    operator: "In",
    values: [value],
  }));

/** Where ends of two kinds are in the sets of a question. */
export function regionsOf(asked: Asked, { source, destination }: Pair, universe: Universe): readonly Region[] {
  const sources = cubesOf(asked.source, { end: "source", kind: source, other: destination, asked, universe });
  const destinations = cubesOf(asked.destination, {
    end: "destination",
    kind: destination,
    other: source,
    asked,
    universe,
  });
  return sources.flatMap((own) =>
    destinations.flatMap((other) => {
      const both = meet(own, other);
      return both === undefined ? [] : [regionOf(both)];
    }),
  );
}

/** An end of a kind that a set is asked about. */
type Place = {
  readonly end: Role;
  readonly kind: Kind;
  readonly other: Kind;
  readonly asked: Asked;
  readonly universe: Universe;
};

const cubesOf = ({ parts, but }: EndSet, place: Place): readonly Cube[] =>
  but.reduce<readonly Cube[]>(
    (cubes, part) => {
      const left = cubeOf(part.kind === "pod" ? likePod(part.endpoint) : part, place);
      return left === undefined ? cubes : cubes.flatMap((cube) => without(cube, left));
    },
    parts.flatMap((part) => {
      const cube = cubeOf(part, place);
      return cube === undefined ? [] : [cube];
    }),
  );

const likePod = (endpoint: Endpoint): Part => ({ kind: "pods", requirements: identifying(endpoint) });

/** Undefined where no end of the kind is in a part. */
function cubeOf(part: Part, place: Place): Cube | undefined {
  const { kind, asked } = place;
  if (kind.kind === "outside" && kind.apiServer && !asked.apiServerOutside) return undefined;
  switch (part.kind) {
    case "anything":
      return [];
    case "entity":
      return isEntity(part.entity, place) ? [] : undefined;
    case "pods":
      return kind.kind === "pod" ? podsCube(part.requirements, place) : undefined;
    case "pod":
      return kind.kind === (part.endpoint.cluster === undefined ? "pod" : "foreign-pod")
        ? podCube(part.endpoint, place)
        : undefined;
    case "outside":
      return kind.kind === "outside" ? outsideCube(part, place) : undefined;
  }
}

/** Whether all ends of a kind are an entity, whatever else policies tell of them. */
function isEntity(entity: PeerEntity, { kind, other, asked }: Place): boolean {
  if (entity === "kube-apiserver" && asked.apiServerOutside) return kind.kind === "outside" && kind.apiServer;
  switch (kind.kind) {
    case "entity":
      return kind.entity === nodeBeside(entity, other);
    case "node":
      return nodeEntity(kind) === nodeBeside(entity, other);
    case "pod":
    case "foreign-pod":
    case "outside":
      return false;
  }
}

/** What runs on no node has none of its own: beside it a pod's own node is a node like others. */
function nodeBeside(entity: PeerEntity, other: Kind): PeerEntity {
  if (runsOnNode(other)) return entity;
  return entity === "host" ? "remote-node" : entity === "control-plane-host" ? "kube-apiserver" : entity;
}

function podsCube(requirements: readonly Requirement[], { end, universe }: Place): Cube | undefined {
  let cube: Cube | undefined = [];
  for (const requirement of requirements) {
    const variable = universe.variable(end, podAttribute(requirement.key));
    if (variable === undefined) throw new Error(`the universe does not know ${requirement.key}`);
    cube = cube && meet(cube, [{ variable, mask: satisfying(requirement, variable) }]);
  }
  return cube;
}

/** Every variable of a pod that is known. */
const podCube = (endpoint: Endpoint, { end, asked, universe }: Place): Cube | undefined =>
  meet(
    [],
    universe.variables.flatMap((variable): Condition[] => {
      const value = variable.end === end ? valueAt(endpoint, variable.attribute, asked) : unknownValue;
      return value === unknownValue ? [] : [{ variable, mask: only(positionOf(value, variable)) }];
    }),
  );

const unknownValue = Symbol("a value that is not known");

function valueAt(
  { namespace, labels, namespaceLabels, serviceAccount = "default", cluster, ports = [], addresses = [] }: Endpoint,
  attribute: Attribute,
  { protocol, port }: Pick<Asked, "protocol" | "port">,
): string | undefined | typeof unknownValue {
  switch (attribute.kind) {
    case "cluster":
      return cluster ?? unknownValue;
    case "namespace":
      return namespace;
    case "service-account":
      return serviceAccount;
    case "label":
      return labels[attribute.key];
    case "namespace-label":
      return namespaceLabels === undefined ? unknownValue : namespaceLabels[attribute.key];
    case "address":
      return addresses[0] === undefined ? unknownValue : canonicalAddress(addresses[0]);
    case "port-name": {
      const named = ports.find((own) => own.name.toLowerCase() === attribute.name && own.protocol === protocol);
      if (named === undefined || named.port > port) return undefined;
      return named.port === port ? "exact" : "below";
    }
    case "node-label":
    case "name":
    case "unknown":
      return unknownValue;
  }
}

/** Whether a pod may be an end in a region, as far as it is known. */
export const isWithin = (
  endpoint: Endpoint,
  end: Role,
  region: Region,
  question: Pick<Asked, "protocol" | "port">,
): boolean =>
  [...region].every(([variable, mask]) => {
    const value = variable.end === end ? valueAt(endpoint, variable.attribute, question) : unknownValue;
    return value === unknownValue || isIn(mask, positionOf(value, variable));
  });

/** The position of a value, or that of the one that stands for all that nobody names. */
function positionOf(value: string | undefined, { values }: Variable): number {
  const position = values.indexOf(value);
  return position >= 0 ? position : values.indexOf(undefined) + 1;
}

function outsideCube({ prefix, name }: Part & { kind: "outside" }, { end, universe }: Place): Cube | undefined {
  const [address, own] = [universe.variable(end, { kind: "address" }), universe.variable(end, { kind: "name" })];
  if (address === undefined || own === undefined) throw new Error("what is outside has an address");
  const conditions: Condition[] = [];
  if (prefix !== undefined) {
    const isInside = (i: number): boolean => containsPrefix(prefix, addressOf(address.values[i] ?? ""));
    conditions.push({ variable: address, mask: maskOf(address.values.length, isInside) });
  }
  if (name !== undefined) {
    conditions.push({ variable: own, mask: only(own.values.indexOf(name.toLowerCase().replace(/\.$/, ""))) });
  }
  return meet([], conditions);
}
