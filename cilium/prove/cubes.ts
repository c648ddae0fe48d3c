/** What selectors select of a universe: for each kind of end, conditions on its variables. */
import { clusterLabel, type Label, matches, podIdentity, type Requirement } from "../policy/selector.ts";
import {
  endpointIdentity,
  entityIdentity,
  type Identity,
  managedApiServerIdentity,
  nodeEntities,
  nodeIdentity,
  nodeSubject,
  outsideIdentity,
} from "../reach/compile/identity.ts";
import type { ClusterNode } from "../reach/compile/inventory.ts";
import type { Network } from "../reach/compile/network.ts";
import type { PeerSelector } from "../reach/compile/peers.ts";
import { isDerived, selects, selectsByOwnLabels } from "../reach/compile/selection.ts";
import type { Unknown } from "../reach/compile/unknown.ts";
import { learntNames } from "./learnt.ts";
import { allBut, everyValue, intersection, isEvery, isNone, type Mask, maskOf, only } from "./mask.ts";
import {
  type Attribute,
  addressOf,
  type Kind,
  podAttribute,
  type Role,
  type Universe,
  type Variable,
} from "./universe.ts";

/** A condition on one variable. */
export type Condition = { readonly variable: Variable; readonly mask: Mask };

/** All of its conditions hold; ascending by variable, each at most once, and none that always or never holds. */
export type Cube = readonly Condition[];

/** Both cubes together; undefined if nothing is in both. */
export function meet(a: Cube, b: Cube): Cube | undefined {
  const masks = new Map<Variable, Mask>();
  for (const { variable, mask } of [...a, ...b]) {
    const known = masks.get(variable);
    const both = known === undefined ? mask : intersection(known, mask);
    if (isNone(both, variable.values.length)) return undefined;
    masks.set(variable, both);
  }
  return [...masks]
    .map(([variable, mask]) => ({ variable, mask }))
    .filter(({ mask }) => !isEvery(mask))
    .sort((a, b) => a.variable.index - b.variable.index);
}

/** A cube without what is in another, as cubes. */
export function without(cube: Cube, left: Cube): Cube[] {
  if (meet(cube, left) === undefined) return [cube];
  let rest: Cube | undefined = cube;
  return left.flatMap(({ variable, mask }) => {
    const apart = rest && meet(rest, [{ variable, mask: { ...mask, negated: !mask.negated } }]);
    rest = rest && meet(rest, [{ variable, mask }]);
    return apart === undefined ? [] : [apart];
  });
}

/** How the selectors of one network read a universe. */
export type Reading = {
  /** Whom a peer of a rule selects; an end is selected by any of the cubes. */
  readonly peer: (selector: PeerSelector, end: Role, kind: Kind) => readonly Cube[];
  /** Whom it selects itself, not by the class that Cilium counts them to. */
  readonly itself: (selector: PeerSelector, end: Role, kind: Kind) => readonly Cube[];
  /** Whom the subject of a rule selects. */
  readonly subject: (requirements: readonly Requirement[], end: Role, kind: Kind) => readonly Cube[];
};

/** What was read of one kind of end. */
type Cache = {
  readonly peers: Map<string, readonly Cube[]>;
  readonly themselves: Map<string, readonly Cube[]>;
  readonly subjects: Map<readonly Requirement[], readonly Cube[]>;
};

const emptyCache = (): Cache => ({ peers: new Map(), themselves: new Map(), subjects: new Map() });

export function readingOf(network: Network, universe: Universe): Reading {
  const { surroundings } = network;
  const caches = new Map<Kind, Record<Role, Cache>>();
  const cachesAt = (end: Role, kind: Kind): Cache => {
    const known = caches.get(kind) ?? { source: emptyCache(), destination: emptyCache() };
    caches.set(kind, known);
    return known[end];
  };
  const cached = <Key>(known: Map<Key, readonly Cube[]>, key: Key, make: () => readonly Cube[]): readonly Cube[] => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = make();
    known.set(key, made);
    return made;
  };
  const ownCluster = carriedLabels(network).filter(({ key }) => key === clusterLabel);
  let learns: ((name: string) => boolean) | undefined;
  const carried = new Map<string, boolean>();
  const isCarriedHere = (key: string): boolean => {
    const known = carried.get(key) ?? isCarried(network, key);
    carried.set(key, known);
    return known;
  };
  const unknown = (end: Role, key: string, about: Unknown): Cube => [
    { variable: universe.unknown(end, key, about), mask: only(1) },
  ];
  const variable = (end: Role, attribute: Attribute): Variable => {
    const found = universe.variable(end, attribute);
    if (found === undefined) throw new Error(`no policy names ${JSON.stringify(attribute)}`);
    return found;
  };

  const identities = new Map<string, readonly Identity[]>();

  /**
   * A cube for what certainly is selected, and one for what may be.
   * @param kind tells apart whose addresses they are
   */
  const byAddress = (
    selector: PeerSelector,
    end: Role,
    kind: Kind,
    itself: boolean,
    identityAt: (address: string) => Identity,
  ): readonly Cube[] => {
    const { key } = selector;
    const of = variable(end, { kind: "address" });
    const own = identities.get(`${kind.name} ${end}`) ?? of.values.map((value) => identityAt(value ?? ""));
    identities.set(`${kind.name} ${end}`, own);
    const answers = own.map((identity) => selects(selector, withClass(identity, itself)));
    const sure = maskOf(answers.length, (i) => answers[i] === "yes");
    const maybe = maskOf(answers.length, (i) => typeof answers[i] === "object");
    const doubt = answers.find((answer) => typeof answer === "object");
    return [
      ...cubesWhere(of, sure),
      ...(typeof doubt === "object"
        ? cubesWhere(of, maybe).flatMap((cube) => {
            const both = meet(cube, unknown(end, key, doubt.maybe));
            return both === undefined ? [] : [both];
          })
        : []),
    ];
  };

  const bySelection = ({ key }: PeerSelector, end: Role, selection: ReturnType<typeof selects>): readonly Cube[] => {
    if (selection === "yes") return [[]];
    return selection === "no" ? [] : [unknown(end, key, selection.maybe)];
  };

  /** @param fixed the labels of the identity that are always the same */
  const byLabels = (
    requirements: readonly Requirement[],
    fixed: readonly Label[],
    attributeOf: (requirement: Requirement) => Variable | undefined,
  ): readonly Cube[] => {
    let cube: Cube | undefined = [];
    for (const requirement of requirements) {
      const of = hasLabel(requirement, fixed) ? undefined : attributeOf(requirement);
      if (of === undefined) {
        if (!matches([requirement], fixed)) return [];
        continue;
      }
      cube = meet(cube, [{ variable: of, mask: satisfying(requirement, of) }]);
      if (cube === undefined) return [];
    }
    return [cube];
  };

  const podLabels = (requirements: readonly Requirement[], end: Role, kind: "pod" | "foreign-pod") => {
    const cluster = kind === "pod" ? ownCluster : [];
    return byLabels(requirements, cluster, ({ source, key }) =>
      (source === "k8s" || source === "any") && isCarriedHere(key) ? variable(end, podAttribute(key)) : undefined,
    );
  };

  const select = (selector: PeerSelector, end: Role, kind: Kind, itself: boolean): readonly Cube[] => {
    const { condition } = selector;
    if (condition.kind === "everything") return [[]];
    if (condition.kind === "unknown") return [unknown(end, selector.key, condition.unknown)];
    switch (kind.kind) {
      case "entity": {
        const identity = entityIdentity(kind.entity, surroundings);
        return bySelection(selector, end, selects(selector, withClass(identity, itself)));
      }
      case "outside": {
        if (condition.kind === "world") return [[]];
        if (condition.kind === "fqdn") {
          if (!network.configuration.l7Proxy || end !== "destination") return [];
          const name = variable(end, { kind: "name" });
          learns ??= learntNames(network, reading, universe.kinds);
          const isSelected = (i: number): boolean => {
            const value = name.values[i];
            return value !== undefined && condition.matches(value) && learns?.(value) === true;
          };
          return cubesWhere(name, maskOf(name.values.length, isSelected));
        }
        const identityAt = kind.apiServer ? managedApiServerIdentity : outsideIdentity;
        return byAddress(selector, end, kind, itself, (address) => identityAt(addressOf(address), [], surroundings));
      }
      case "pod":
      case "foreign-pod": {
        const sample = endpointIdentity(
          { namespace: "", name: "", labels: {}, namespaceLabels: {}, ...(kind.kind === "foreign-pod" && foreign) },
          surroundings,
        );
        if (condition.kind === "labels") {
          if (condition.requirements.some(isDerived) && sample.inside !== undefined) {
            return bySelection(selector, end, selects(selector, sample));
          }
          if (!itself && sample.aggregate && matches(condition.requirements, sample.aggregate.labels)) return [[]];
          return podLabels(condition.requirements, end, kind.kind);
        }
        if (sample.inside === undefined || kind.kind === "foreign-pod") {
          return bySelection(selector, end, selects(selector, withClass(sample, itself)));
        }
        return byAddress(selector, end, kind, itself, (address) =>
          endpointIdentity(
            { namespace: "", name: "", labels: {}, namespaceLabels: {}, addresses: [address] },
            surroundings,
          ),
        );
      }
      case "node": {
        const identityAt = (addresses: readonly string[]): Identity =>
          nodeIdentity(sampleNode, addresses, kind.near, kind.controlPlane, surroundings);
        const sample = identityAt([]);
        if (condition.kind !== "labels") {
          return sample.inside === undefined
            ? bySelection(selector, end, selects(selector, withClass(sample, itself)))
            : byAddress(selector, end, kind, itself, (address) => identityAt([address]));
        }
        if (condition.requirements.some(isDerived) && sample.inside !== undefined) {
          return bySelection(selector, end, selects(selector, sample));
        }
        if (!itself && sample.aggregate && matches(condition.requirements, sample.aggregate.labels)) return [[]];
        const { nodeSelectorLabels, keepsNodeLabel } = network.configuration;
        return byLabels(condition.requirements, sample.labels, ({ source, key }) =>
          nodeSelectorLabels &&
          (source === "node" || source === "any") &&
          keepsNodeLabel({ source: "node", key, value: "" })
            ? variable(end, { kind: "node-label", key })
            : undefined,
        );
      }
    }
  };

  const reading: Reading = {
    peer: (selector, end, kind) =>
      cached(cachesAt(end, kind).peers, selector.key, () => select(selector, end, kind, false)),
    itself: (selector, end, kind) =>
      cached(cachesAt(end, kind).themselves, selector.key, () => select(selector, end, kind, true)),
    subject: (requirements, end, kind) =>
      cached(cachesAt(end, kind).subjects, requirements, () => {
        switch (kind.kind) {
          case "pod":
            return podLabels(requirements, end, "pod");
          case "entity": {
            const node = nodeEntities.has(kind.entity);
            const identity = node ? nodeSubject(undefined, surroundings) : entityIdentity(kind.entity, surroundings);
            return selectsByOwnLabels(requirements, { ...identity, unknownLabels: undefined }) === "yes" ? [[]] : [];
          }
          case "node": {
            const { labels } = nodeSubject({ ...sampleNode }, surroundings);
            return byLabels(requirements, labels, ({ source, key }) =>
              (source === "k8s" || source === "any") &&
              network.configuration.keepsLabel({ source: "k8s", key, value: "" })
                ? variable(end, { kind: "node-label", key })
                : undefined,
            );
          }
          case "foreign-pod":
          case "outside":
            return [];
        }
      }),
  };
  return reading;
}

const foreign = { cluster: "\0another" };

const sampleNode: ClusterNode = { name: "", controlPlane: false, labels: {}, addresses: [] };

const withClass = (identity: Identity, itself: boolean): Identity =>
  itself ? { ...identity, aggregate: undefined } : identity;

const cubesWhere = (variable: Variable, mask: Mask): Cube[] => {
  if (isNone(mask, variable.values.length)) return [];
  return isEvery(mask) ? [[]] : [[{ variable, mask }]];
};

const hasLabel = ({ source, key }: Requirement, labels: readonly Label[]): boolean =>
  labels.some((label) => label.key === key && (source === "any" || source === label.source));

/** The values of a variable with which a label satisfies a requirement. */
export function satisfying(requirement: Requirement, { values }: Variable): Mask {
  const absent = values[0] === undefined;
  switch (requirement.operator) {
    case "In":
      return only(...positionsOf(requirement.values, values));
    case "NotIn":
      return allBut(...positionsOf(requirement.values, values));
    case "Exists":
      return absent ? allBut(0) : everyValue;
    case "DoesNotExist":
      return absent ? only(0) : only();
  }
}

const positionsOf = (named: readonly string[], values: Variable["values"]): number[] =>
  named.map((value) => values.indexOf(value)).filter((position) => position >= 0);

/** The labels that Cilium gives every pod, as far as the agent keeps them. */
const carriedLabels = ({ configuration, inventory: { cluster } }: Network): Label[] =>
  podIdentity({ namespace: "", labels: {}, cluster, serviceAccount: "" }, configuration.keepsLabel);

/** Whether an identity of a pod can have a label of this key. */
function isCarried({ configuration, inventory: { cluster } }: Network, key: string): boolean {
  const attribute = podAttribute(key);
  const labels = podIdentity(
    {
      namespace: "",
      cluster,
      serviceAccount: "",
      labels: attribute.kind === "label" ? { [key]: "" } : {},
      namespaceLabels: attribute.kind === "namespace-label" ? { [attribute.key]: "" } : {},
    },
    configuration.keepsLabel,
  );
  return labels.some((label) => label.key === key);
}
