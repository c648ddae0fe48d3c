/** One side of a proof: what its rules say of every two ends, and what decides besides them. */

import { compile, type Network, type NetworkRule } from "../reach/compile/network.ts";
import type { PortMatch } from "../reach/compile/ports.ts";
import { protocolBit } from "../reach/compile/ports.ts";
import type { Direction } from "../reach/compile/rules.ts";
import { protocolKey } from "../reach/decide/decide.ts";
import type { Side } from "../reach/report/diff.ts";
import { type Cube, meet, nodeEntities, type Reading, readingOf } from "./cubes.ts";
import type { Item, Items, SideIndex, Tail } from "./items.ts";
import type { Circumstances, Content } from "./outcome.ts";
import { type Atom, coverage } from "./ports.ts";
import type { End, Kind, Universe } from "./universe.ts";

/** The kinds of both ends of a connection. */
export type Pair = { readonly source: Kind; readonly destination: Kind };

/** A side's policies as the agent takes them in any cluster with its configuration. */
export const networkOf = ({ policies, inventory }: Side): Network =>
  compile(policies, { ...inventory, endpoints: [], nodes: [], names: [] });

/** Equal for rules that say the same about the same, in whatever policies they stand. */
export const ruleKey = ({
  subject,
  direction,
  tier,
  priority,
  effect,
  defaultDeny,
  peers,
  ports,
  ...rule
}: NetworkRule): string =>
  JSON.stringify([
    ...[subject, direction, tier, priority, effect, defaultDeny, rule.selectsNodes, rule.authentication],
    peers.map(({ selector }) => selector.key),
    ports.map(({ path: _path, ...match }) => match),
  ]);

/** The keys of rules that are on both sides and mean the same there. */
export function commonRules([before, after]: readonly Network[]): ReadonlySet<string> {
  if (before === undefined || after === undefined || worldKey(before) !== worldKey(after)) return new Set();
  const keys = new Set(before.rules.map(ruleKey));
  return new Set(after.rules.map(ruleKey).filter((key) => keys.has(key)));
}

/** Equal for networks in which a rule means the same, and the same is decided where there is none. */
export const worldKey = ({ inventory: { cluster, configuration, cidrGroups } }: Network): string =>
  JSON.stringify([cluster, configuration, cidrGroups]);

export type ReadSide = {
  readonly network: Network;
  readonly reading: Reading;
  readonly circumstances: (direction: Direction, pair: Pair, atom: Atom) => Circumstances;
  /** What its rules that are not the other side's too say about two kinds of ends. */
  readonly signature: (direction: Direction, pair: Pair) => ReadonlySet<string>;
  readonly items: (direction: Direction, pair: Pair, atom: Atom) => readonly Item[];
  /** The rules that put an end of a kind into default deny. */
  readonly isolating: (direction: Direction, pair: Pair) => readonly Item[];
};

/** A rule about two kinds of ends and a set of ports. */
type Prepared = {
  readonly content: Content;
  readonly match: PortMatch;
  readonly matchKey: string;
  readonly cubes: readonly Cube[];
  readonly tails: readonly (Tail | undefined)[];
};

/** @param common the keys of rules that another side has too */
export function readSide(
  network: Network,
  side: SideIndex,
  universe: Universe,
  items: Items,
  common: ReadonlySet<string>,
): ReadSide {
  const reading = readingOf(network, universe);
  const apart = network.rules.filter((rule) => !common.has(ruleKey(rule)));
  const prepared = new Map<string, readonly Prepared[]>();
  const isolated = new Map<string, readonly Item[]>();
  const selected = new Map<string, readonly Item[]>();
  const place = (direction: Direction, { source, destination }: Pair): string =>
    `${direction} ${source.name} ${destination.name}`;
  const once = <T>(cache: Map<string, T>, direction: Direction, pair: Pair, make: () => T): T => {
    const key = place(direction, pair);
    const found = cache.get(key) ?? make();
    cache.set(key, found);
    return found;
  };
  const contents = new Map<PortMatch, Content>();
  const preparedFor = (direction: Direction, pair: Pair): readonly Prepared[] =>
    once(prepared, direction, pair, () =>
      rulesFor(network, direction, pair).flatMap((rule) => prepare(rule, direction, pair, reading, items, contents)),
    );
  const isolating = (direction: Direction, pair: Pair): readonly Item[] =>
    once(isolated, direction, pair, () =>
      subjectItems(
        rulesFor(network, direction, pair).filter(({ defaultDeny }) => defaultDeny),
        { kind: "default-deny" },
        { direction, pair, reading, items, side },
      ),
    );
  const selecting = (direction: Direction, pair: Pair): readonly Item[] =>
    once(selected, direction, pair, () =>
      subjectItems(rulesFor(network, direction, pair), { kind: "selected" }, { direction, pair, reading, items, side }),
    );
  const circumstances = (direction: Direction, pair: Pair, { protocol }: Atom): Circumstances =>
    circumstancesOf(network, direction, pair, protocolBit[protocol]);
  const covered = new Map<string, ReturnType<typeof coverage>>();
  return {
    network,
    reading,
    circumstances,
    isolating,
    signature: (direction, pair) => {
      const own = rulesFor({ rules: apart }, direction, pair);
      if (own.length === 0) return new Set();
      const about = { direction, pair, reading, items, side };
      const isolated = subjectItems(
        own.filter(({ defaultDeny }) => defaultDeny),
        { kind: "default-deny" },
        about,
      );
      return new Set([
        ...[...isolated, ...subjectItems(own, { kind: "selected" }, about)].map((item) => `${item.common}`),
        ...own.flatMap((rule) =>
          prepare(rule, direction, pair, reading, items, contents).flatMap(({ content, matchKey, tails }) =>
            tails.map((tail) => `${matchKey} ${items.item(side, direction, content, tail).common}`),
          ),
        ),
      ]);
    },
    items: (direction, pair, atom) => {
      const { isEnforced, isIsolated, admitsPeer } = circumstances(direction, pair, atom);
      if (!isEnforced) return [];
      const rules = preparedFor(direction, pair).flatMap(({ content, match, matchKey, cubes, tails }) => {
        const key = `${direction} ${matchKey} ${atom.signature}`;
        const covers = covered.get(key) ?? coverage(match, direction, atom, network);
        covered.set(key, covers);
        if (covers === "no") return [];
        if (covers === "yes") return tails.map((tail) => items.item(side, direction, content, tail));
        const variable = universe.variable("destination", { kind: "port-name", name: covers.name });
        if (variable === undefined || !hasPorts(pair.destination)) return [];
        return cubes.flatMap((cube) => {
          const named = meet(cube, [{ variable, mask: covers.mask }]);
          return named === undefined ? [] : [items.item(side, direction, content, items.tail(named))];
        });
      });
      const rest = isIsolated && admitsPeer ? selecting(direction, pair) : [];
      return [...new Set([...rules, ...isolating(direction, pair), ...rest])];
    },
  };
}

export const directions = ["egress", "ingress"] as const satisfies readonly Direction[];

export const subjectOf = (direction: Direction): End => (direction === "egress" ? "source" : "destination");

export const peerOf = (direction: Direction): End => (direction === "egress" ? "destination" : "source");

/** Whether a kind is a node, whatever is known of it. */
export const isNode = (kind: Kind): boolean =>
  kind.kind === "node" || (kind.kind === "entity" && nodeEntities.has(kind.entity));

/** Whether a kind is the other end's own node. */
export const isNear = (kind: Kind): boolean =>
  kind.kind === "node"
    ? kind.near
    : kind.kind === "entity" && (kind.entity === "host" || kind.entity === "control-plane-host");

const hasPorts = ({ kind }: Kind): boolean => kind === "pod" || kind === "foreign-pod";

/** Whether policies apply at an end of this kind, as at a pod or as at a node. */
export function enforcementAt(kind: Kind): "endpoint" | "node" | "elsewhere" {
  switch (kind.kind) {
    case "pod":
      return "endpoint";
    case "entity":
      if (nodeEntities.has(kind.entity)) return "node";
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

function rulesFor({ rules }: Pick<Network, "rules">, direction: Direction, pair: Pair): readonly NetworkRule[] {
  const onNodes = enforcementAt(pair[subjectOf(direction)]) === "node";
  return rules.filter((rule) => rule.direction === direction && rule.selectsNodes === onNodes);
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
      matchKey: JSON.stringify([match.protocols, match.ports]),
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
