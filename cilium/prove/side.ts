/** One side of a proof: what its rules say of every two ends, and what decides besides them. */

import type { Policy } from "../policy/schema.ts";
import { compile, type Network, type NetworkRule } from "../reach/compile/network.ts";
import type { PortMatch } from "../reach/compile/ports.ts";
import { protocolBit } from "../reach/compile/ports.ts";
import { type CompiledRule, compilePolicy, type Direction } from "../reach/compile/rules.ts";
import { protocolKey } from "../reach/decide/decide.ts";
import type { Side } from "../reach/report/diff.ts";
import type { Apart } from "./apart.ts";
import { type Cube, meet, type Reading, readingOf } from "./cubes.ts";
import type { Item, Items, SideIndex, Tail } from "./items.ts";
import { intersection, isNone } from "./mask.ts";
import type { Circumstances, Content } from "./outcome.ts";
import { type Atom, type Coverage, coverage, type MatchedPorts, mayBeAbout } from "./ports.ts";
import type { Region } from "./search.ts";
import { isNode, type Kind, type Role, type Universe } from "./universe.ts";

/** The kinds of both ends of a connection. */
export type Pair = { readonly source: Kind; readonly destination: Kind };

/** Each side's policies as the agent takes them in any cluster with its configuration; one that both have is compiled once. */
export function networksOf(sides: readonly Side[]): Network[] {
  const worlds = new Set(
    sides.map(({ inventory: { cluster, configuration, cidrGroups, services, isExcerpt } }) =>
      JSON.stringify([cluster, configuration, cidrGroups, services, isExcerpt]),
    ),
  );
  const known = new Map<Policy, CompiledRule[]>();
  const rulesOf: typeof compilePolicy = (policy, world) => {
    const rules = known.get(policy) ?? compilePolicy(policy, world);
    known.set(policy, rules);
    return rules;
  };
  return sides.map(({ policies, inventory }) =>
    compile(
      policies,
      { ...inventory, endpoints: [], nodes: [], names: [], isPartial: true },
      worlds.size === 1 ? rulesOf : compilePolicy,
    ),
  );
}

export type ReadSide = {
  readonly network: Network;
  readonly reading: Reading;
  readonly circumstances: (direction: Direction, pair: Pair, atom: Atom) => Circumstances;
  /** Its rules that are not the other side's too, about two kinds of ends. */
  readonly apart: (direction: Direction, pair: Pair) => ApartIn;
  readonly covers: (direction: Direction, match: PortMatch, atom: Atom) => boolean;
  /** All of its rules about two kinds of ends and a set of ports; those that may match in a region, and perhaps others. */
  readonly items: (direction: Direction, pair: Pair, atom: Atom, region?: Region) => readonly Item[];
  /** The rules that are about some of these ports, or may be by a name for one of them, and may match in a region. */
  readonly about: (direction: Direction, pair: Pair, ports: MatchedPorts, region: Region) => readonly Item[];
  /** The rules that put an end of a kind into default deny. */
  readonly isolating: (direction: Direction, pair: Pair) => readonly Item[];
};

export type ApartIn = {
  /** By what tells a rule from others, the ports that it is about. */
  readonly matches: ReadonlyMap<string, PortMatch | "all ports">;
  readonly items: (atom: Atom) => readonly Item[];
};

/** A rule about two kinds of ends and a set of ports. */
type Prepared = {
  readonly content: Content;
  readonly match: PortMatch;
  readonly matchKey: string;
  readonly cubes: readonly Cube[];
  readonly tails: readonly (Tail | undefined)[];
  /** By its tails, made when they are first asked for. */
  items?: readonly Item[];
};

/** Rules about two kinds of ends, for which each is prepared once. */
type About = {
  readonly all: () => readonly Prepared[];
  /** Those whose subjects may be in a region. */
  readonly within: (region: Region) => readonly Prepared[];
};

/** The directions in which the sides are known to isolate the same ends, and the side whose rules stand for both. */
export type SameIsolation = { readonly directions: ReadonlySet<Direction>; readonly by: ReadSide | undefined };

export function readSide(
  network: Network,
  side: SideIndex,
  universe: Universe,
  items: Items,
  own: Apart,
  same: SameIsolation,
): ReadSide {
  const reading = readingOf(network, universe);
  const contents = new Map<PortMatch, Content>();
  const selecting = new Map<string, ReadonlySet<NetworkRule>>();
  const selected = new Map<string, readonly NetworkRule[]>();
  const parts = new Map<string, readonly NetworkRule[]>();
  const abouts = new Map<string, About>();
  const prospects = new Map<string, ReadonlyMap<string, readonly Prepared[]>>();
  const apart = new Map<string, ApartIn>();
  const covering = new Map<string, ReadonlyMap<string, Exclude<Coverage, "no">>>();
  const subjects = new Map<string, readonly Item[]>();
  const once = <T>(cache: Map<string, T>, key: string, make: () => T): T => {
    const found = cache.get(key) ?? make();
    cache.set(key, found);
    return found;
  };
  /** The rules that select some ends of a kind. */
  const rulesFor = (direction: Direction, pair: Pair): ReadonlySet<NetworkRule> => {
    const end = subjectOf(direction);
    const onNodes = enforcementAt(pair[end]) === "node";
    return once(
      selecting,
      `${direction} ${pair[end].name}`,
      () =>
        new Set(
          network.rules.filter(
            (rule) =>
              rule.direction === direction &&
              rule.selectsNodes === onNodes &&
              reading.subject(rule.subject, end, pair[end]).length > 0,
          ),
        ),
    );
  };
  /** The rules of which a peer selects some ends of a kind. */
  const rulesWith = (direction: Direction, pair: Pair): readonly NetworkRule[] => {
    const end = peerOf(direction);
    return once(selected, `${direction} ${pair[end].name}`, () =>
      network.rules.filter((rule) => rule.direction === direction && selectsPeer(rule, end, pair[end], reading)),
    );
  };
  /** Of what the other side does not say, that of which a peer selects some ends of a kind. */
  const partsFor = (direction: Direction, pair: Pair): readonly NetworkRule[] => {
    const end = peerOf(direction);
    return once(parts, `${direction} ${pair[end].name}`, () =>
      own.parts.filter((rule) => rule.direction === direction && selectsPeer(rule, end, pair[end], reading)),
    );
  };
  const aboutOf = (direction: Direction, pair: Pair): About =>
    once(abouts, placeOf(direction, pair), () => {
      const own = rulesFor(direction, pair);
      const rules = own.size === 0 ? [] : rulesWith(direction, pair).filter((rule) => own.has(rule));
      return aboutRules(rules, direction, pair, reading, universe, (rule) =>
        prepare(rule, direction, pair, reading, items, contents),
      );
    });
  /** By their ports. */
  const prospectsOf = (direction: Direction, pair: Pair): ReadonlyMap<string, readonly Prepared[]> =>
    once(prospects, placeOf(direction, pair), () =>
      Map.groupBy(aboutOf(direction, pair).all(), ({ matchKey }) => matchKey),
    );
  const matches = new Map(
    [...Map.groupBy(network.rules, ({ direction }) => direction)].map(([direction, rules]) => [
      direction,
      new Map(rules.flatMap(({ ports }) => ports.map((match) => [matchKeyOf(match), match] as const))),
    ]),
  );
  /** What the ports of rules that cover an atom say about it. */
  const coveringOf = (direction: Direction, atom: Atom): ReadonlyMap<string, Exclude<Coverage, "no">> =>
    once(
      covering,
      `${direction} ${atom.protocol} ${atom.port}`,
      () =>
        new Map(
          [...(matches.get(direction) ?? [])].flatMap(([matchKey, match]) => {
            const covers = coverageOf(direction, match, atom);
            return covers === "no" ? [] : [[matchKey, covers] as const];
          }),
        ),
    );
  const itemsOf = (
    one: Prepared,
    covers: Exclude<Coverage, "no">,
    direction: Direction,
    pair: Pair,
  ): readonly Item[] => {
    const { content, cubes } = one;
    if (covers === "yes") {
      one.items ??= one.tails.map((tail) => items.item(side, direction, content, tail));
      return one.items;
    }
    const variable = universe.variable("destination", { kind: "port-name", name: covers.name });
    if (variable === undefined || !hasPorts(pair.destination)) return [];
    return cubes.flatMap((cube) => {
      const named = meet(cube, [{ variable, mask: covers.mask }]);
      return named === undefined ? [] : [items.item(side, direction, content, items.tail(named))];
    });
  };
  const isolating = (direction: Direction, pair: Pair): readonly Item[] => {
    const kind = pair[subjectOf(direction)].name;
    if (same.by !== undefined && same.directions.has(direction)) {
      const theirs = same.by.isolating(direction, pair);
      return once(subjects, `${direction} ${kind} as the other side`, () =>
        theirs.map((item) => items.item(side, direction, item.content, item.tail)),
      );
    }
    return once(subjects, `${direction} ${kind} default deny`, () =>
      subjectItems(
        [...rulesFor(direction, pair)].filter(({ defaultDeny }) => defaultDeny),
        { kind: "default-deny" },
        { direction, pair, reading, items, side },
      ),
    );
  };
  const selectedBy = (direction: Direction, pair: Pair): readonly Item[] =>
    once(subjects, `${direction} ${pair[subjectOf(direction)].name}`, () =>
      subjectItems([...rulesFor(direction, pair)], { kind: "selected" }, { direction, pair, reading, items, side }),
    );
  const coverageOf = (direction: Direction, match: PortMatch, atom: Atom): ReturnType<typeof coverage> =>
    coverage(match, direction, atom, network);
  const circumstances = (direction: Direction, pair: Pair, { protocol }: Atom): Circumstances =>
    circumstancesOf(network, direction, pair, protocolBit[protocol]);
  return {
    network,
    reading,
    circumstances,
    isolating,
    covers: (direction, match, atom) => coverageOf(direction, match, atom) !== "no",
    apart: (direction, pair) => once(apart, placeOf(direction, pair), () => apartAt(direction, pair)),
    items: (direction, pair, atom, region) => {
      const { isEnforced, isIsolated, admitsPeer } = circumstances(direction, pair, atom);
      if (!isEnforced) return [];
      const covers = coveringOf(direction, atom);
      const about = (one: Prepared): readonly Item[] => {
        const covered = covers.get(one.matchKey);
        return covered === undefined ? [] : itemsOf(one, covered, direction, pair);
      };
      const rules =
        region === undefined || region.size === 0
          ? [...covers.keys()].flatMap((key) => (prospectsOf(direction, pair).get(key) ?? []).flatMap(about))
          : aboutOf(direction, pair).within(region).flatMap(about);
      const selecting = admitsPeer ? selectedBy(direction, pair) : [];
      return [...new Set([...rules, ...(isIsolated ? selecting : isolating(direction, pair))])];
    },
    about: (direction, pair, ports, region) =>
      aboutOf(direction, pair)
        .within(region)
        .filter(({ match }) => mayBeAbout(match, ports))
        .flatMap((one) => itemsOf(one, "yes", direction, pair)),
  };

  function apartAt(direction: Direction, pair: Pair): ApartIn {
    const end = subjectOf(direction);
    const onNodes = enforcementAt(pair[end]) === "node";
    const place = { direction, pair, reading, items, side };
    const subjectsOf = (rules: readonly NetworkRule[], content: Content): readonly Item[] =>
      once(subjects, `${direction} ${pair[end].name} ${content.kind} apart`, () =>
        subjectItems(
          rules.filter((rule) => rule.direction === direction && rule.selectsNodes === onNodes),
          content,
          place,
        ),
      );
    const isolated = same.directions.has(direction) ? [] : subjectsOf(own.isolating, { kind: "default-deny" });
    const chosen = subjectsOf(own.selecting, { kind: "selected" });
    const prepared = partsFor(direction, pair)
      .filter(({ selectsNodes }) => selectsNodes === onNodes)
      .flatMap((part) => prepare(part, direction, pair, reading, items, contents));
    return {
      matches: new Map<string, PortMatch | "all ports">([
        ...[...isolated, ...chosen].map(({ common }) => [`${common}`, "all ports"] as const),
        ...prepared.flatMap(({ content, match, matchKey, tails }) =>
          tails.map((tail) => [`${matchKey} ${items.item(side, direction, content, tail).common}`, match] as const),
        ),
      ]),
      items: (atom) => {
        const { isEnforced, isIsolated, admitsPeer } = circumstances(direction, pair, atom);
        if (!isEnforced) return [];
        const covers = coveringOf(direction, atom);
        const rules = prepared.flatMap((one) => {
          const covered = covers.get(one.matchKey);
          return covered === undefined ? [] : itemsOf(one, covered, direction, pair);
        });
        return [...rules, ...(isIsolated ? (admitsPeer ? chosen : []) : isolated)];
      },
    };
  }
}

/** Rules with what each says, those of a region found by the namespace of their subjects. */
function aboutRules(
  rules: readonly NetworkRule[],
  direction: Direction,
  pair: Pair,
  reading: Reading,
  universe: Universe,
  prepareOne: (rule: NetworkRule) => readonly Prepared[],
): About {
  const end = subjectOf(direction);
  const namespace = universe.variable(end, { kind: "namespace" });
  const prepared = new Map<NetworkRule, readonly Prepared[]>();
  const preparedOf = (rule: NetworkRule): readonly Prepared[] => {
    const known = prepared.get(rule) ?? prepareOne(rule);
    prepared.set(rule, known);
    return known;
  };
  const subjects = (rule: NetworkRule): readonly Cube[] => reading.subject(rule.subject, end, pair[end]);
  const namespacesOf = (rule: NetworkRule): readonly number[] | undefined => {
    const masks = subjects(rule).map((cube) => cube.find(({ variable }) => variable === namespace)?.mask);
    return masks.every((mask) => mask !== undefined && !mask.negated)
      ? masks.flatMap((mask) => mask?.values ?? [])
      : undefined;
  };
  const index = lazily(() => {
    const placed = new Map<number | undefined, NetworkRule[]>();
    for (const rule of rules) {
      for (const key of new Set(namespacesOf(rule) ?? [undefined])) {
        const known = placed.get(key);
        if (known === undefined) placed.set(key, [rule]);
        else known.push(rule);
      }
    }
    return placed;
  });
  return {
    all: () => rules.flatMap(preparedOf),
    within: (region) => {
      const mask = namespace && region.get(namespace);
      const near =
        mask === undefined || mask.negated
          ? rules
          : [...new Set([undefined, ...mask.values].flatMap((key) => index().get(key) ?? []))];
      return near.filter((rule) => subjects(rule).some((cube) => mayMeet(cube, region))).flatMap(preparedOf);
    },
  };
}

const selectsPeer = (rule: NetworkRule, end: Role, kind: Kind, reading: Reading): boolean =>
  rule.peers.some(
    ({ selector }) => reading.peer(selector, end, kind).length > 0 || reading.itself(selector, end, kind).length > 0,
  );

/** Whether some ends of a cube may be in a region. */
export const mayMeet = (cube: Cube, region: Region): boolean =>
  cube.every(({ variable, mask }) => {
    const limit = region.get(variable);
    return limit === undefined || !isNone(intersection(mask, limit), variable.values.length);
  });

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

export const directions = ["egress", "ingress"] as const satisfies readonly Direction[];

export const subjectOf = (direction: Direction): Role => (direction === "egress" ? "source" : "destination");

export const peerOf = (direction: Direction): Role => (direction === "egress" ? "destination" : "source");

/** Whether a kind is the other end's own node. */
export const isNear = (kind: Kind): boolean =>
  kind.kind === "node"
    ? kind.near
    : kind.kind === "entity" && (kind.entity === "host" || kind.entity === "control-plane-host");

/** Whether a node can be an end's own. */
export const runsOnNode = (kind: Kind): boolean => !isNode(kind) && enforcementAt(kind) === "endpoint";

const hasPorts = ({ kind }: Kind): boolean => kind === "pod" || kind === "foreign-pod";

/** Whether policies apply at an end of this kind, as at a pod or as at a node. */
export function enforcementAt(kind: Kind): "endpoint" | "node" | "elsewhere" {
  switch (kind.kind) {
    case "pod":
      return "endpoint";
    case "entity":
      if (isNode(kind)) return "node";
      return kind.entity === "unmanaged" ? "elsewhere" : "endpoint";
    case "node":
      return "node";
    case "foreign-pod":
    case "outside":
      return "elsewhere";
  }
}

function circumstancesOf(
  { configuration }: Network,
  direction: Direction,
  pair: Pair,
  protocol: number,
): Circumstances {
  const subject = pair[subjectOf(direction)];
  const at = enforcementAt(subject);
  const isInitializing = subject.kind === "entity" && subject.entity === "init";
  return {
    isEnforced:
      configuration.enforcement !== "never" && (at === "endpoint" || (at === "node" && configuration.hostFirewall)),
    isOff: at === "endpoint" && protocolKey(configuration, protocol) !== undefined,
    isIsolated: configuration.enforcement === "always" || isInitializing,
    admitsPeer:
      direction === "ingress" && at === "endpoint" && configuration.allowLocalhost && isNear(pair[peerOf(direction)]),
    isAudited: configuration.auditMode,
  };
}

const placeOf = (direction: Direction, { source, destination }: Pair): string =>
  `${direction} ${source.name} ${destination.name}`;

const matchKeys = new WeakMap<PortMatch, string>();

/** Equal for matches of the same ports. */
function matchKeyOf(match: PortMatch): string {
  const known = matchKeys.get(match);
  if (known !== undefined) return known;
  const { protocols, ports } = match;
  const key = `${protocols} ${"name" in ports ? `${ports.name} ${ports.endPort}` : `${ports.from}-${ports.to}`}`;
  matchKeys.set(match, key);
  return key;
}

function prepare(
  rule: NetworkRule,
  direction: Direction,
  pair: Pair,
  reading: Reading,
  items: Items,
  contents: Map<PortMatch, Content>,
): Prepared[] {
  const [subject, peer] = [subjectOf(direction), peerOf(direction)];
  const subjects = reading.subject(rule.subject, subject, pair[subject]);
  if (subjects.length === 0) return [];
  const cubesOf = (itself: boolean): Cube[] =>
    rule.peers.flatMap(({ selector }) =>
      (itself ? reading.itself : reading.peer)(selector, peer, pair[peer]).flatMap((cube) =>
        subjects.flatMap((own) => {
          const both = meet(own, cube);
          return both === undefined ? [] : [both];
        }),
      ),
    );
  const cubes = cubesOf(false);
  const tails = [...new Set(cubes.map(items.tail))];
  const named = rule.ports.some(({ ports }) => "name" in ports);
  // At egress a port's name is looked up at those whom a rule selects themselves.
  const themselves = named && direction === "egress" ? cubesOf(true) : cubes;
  return rule.ports.map((match) => {
    const content = contents.get(match) ?? contentOf(rule, match);
    contents.set(match, content);
    return {
      content,
      match,
      matchKey: matchKeyOf(match),
      cubes: "name" in match.ports ? themselves : cubes,
      tails: "name" in match.ports ? [...new Set(themselves.map(items.tail))] : tails,
    };
  });
}

const contentOf = ({ tier, priority, effect, authentication }: NetworkRule, { l7 }: PortMatch): Content => ({
  kind: "rule",
  tier,
  priority,
  effect,
  l7: effect === "allow" ? l7 : undefined,
  authentication: effect === "allow" ? authentication : undefined,
});

type Subjects = {
  readonly direction: Direction;
  readonly pair: Pair;
  readonly reading: Reading;
  readonly items: Items;
  readonly side: SideIndex;
};

/** The subjects of rules, each once. */
function subjectItems(
  rules: readonly NetworkRule[],
  content: Content,
  { direction, pair, reading, items, side }: Subjects,
): Item[] {
  const end = subjectOf(direction);
  const cubes = [...new Set(rules.map(({ subject }) => subject))].flatMap((subject) =>
    reading.subject(subject, end, pair[end]),
  );
  return [...new Set(cubes.map((cube) => items.item(side, direction, content, items.tail(cube))))];
}
