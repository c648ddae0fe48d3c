/**
 * What changes from one set of policies to another for pods that could exist, beside what changes for those that do: the rules
 * that one side alone has are followed to the sets of ends for which they open or close something.
 */
import type { Question } from "../reach/compile/inventory.ts";
import { conditionsOf as asked } from "../reach/report/conditions.ts";
import type { Side } from "../reach/report/diff.ts";
import {
  type Difference,
  type FlowChange,
  type FlowEnd,
  joined,
  noDifference,
  type PortSpan,
} from "../reach/report/difference.ts";
import { apartOf } from "./apart.ts";
import { compareOutcomes, outcomeOfVerdict } from "./compare.ts";
import { confirmed, type Judged } from "./confirm.ts";
import { type Condition, type Cube, without } from "./cubes.ts";
import { type Field, fieldOf, type Place, placesOf, regionsOfRules } from "./field.ts";
import { everywhere, few, tooMany } from "./look.ts";
import { isIn, only } from "./mask.ts";
import type { Outcome } from "./outcome.ts";
import { portsOf } from "./ports.ts";
import { nothing, type Problem, problemOf, tooManyNames, unreadableReasons } from "./problem.ts";
import { type Assignment, type Budget, conditionsOf, type Region, regionOf } from "./search.ts";
import { isWithin } from "./sets.ts";
import { directions, networksOf } from "./side.ts";
import { domainsOf, type Kind, type Role, roles, type Universe } from "./universe.ts";
import { endsInWords } from "./words.ts";

export type Possible = {
  /** What opens, closes and changes for all ends of sets. */
  readonly difference: Difference;
  /** A connection that opens, closes or changes, where that is not so for all of a set that can be named. */
  readonly example: Question | undefined;
  /** Whether there is more of it, which is left out. */
  readonly isMore: boolean;
  /** Why there may be changes that are not found, each once. */
  readonly undecided: readonly string[];
};

type What = "opened" | "closed" | "changed";

/** Something that changes for some connections of two kinds of ends. */
type Change = {
  readonly what: What;
  readonly place: Place;
  readonly region: Region;
  /** Whether for all in the region. */
  readonly isForAll: boolean;
  readonly assignment: Assignment;
};

/** How many states are looked at for all, and to see whether something changes for all ends of a set. */
const patience = 300_000;
const patienceForAll = 3_000;

/**
 * @param shown what changes for the endpoints of the sides, which is left out
 * @param most how many changes are looked for
 */
export function possibleChanges(before: Side, after: Side, shown: Difference, most = 12): Possible {
  const sides = [before, after];
  const networks = networksOf(sides);
  const unreadable = unreadableReasons(networks);
  if (unreadable.length > 0) return undecidedBy(unreadable);
  const domains = domainsOf(networks, nothing);
  if (domains === undefined) return undecidedBy([tooManyNames]);
  const problem = problemOf(networks, apartOf(networks), domains, "source");
  const found = new Map<string, Told>();
  const doubts = new Set<string>();
  const budget: Budget = { left: patience };
  let example: Question | undefined;
  const answer = (isMore: boolean): Possible => ({
    difference: told([...found.values()]),
    example,
    isMore,
    undecided: [...doubts],
  });
  for (const change of changesIn(problem, shownIn(shown, sides), budget, doubts)) {
    if (!change.isForAll && example !== undefined) continue;
    const [sources, destinations] = endsOf(change);
    const key = JSON.stringify([change.what, sources, destinations]);
    const { atom } = change.place;
    const known = change.isForAll ? found.get(key) : undefined;
    if (known !== undefined) {
      known.spans.push(...atom.spans);
      continue;
    }
    const point = { ...change.place.pair, question: atom, assignment: change.assignment };
    const judged = confirmed(point, problem.universe, sides, networks, directions, ({ verdicts }) => {
      const outcomes = verdicts.map((verdict) => directions.map((direction) => outcomeOfVerdict(verdict[direction])));
      return changeOf(outcomes, new Set()) === change.what;
    });
    if (typeof judged === "string") doubts.add(judged);
    // Two proxies of which the same is said are no news.
    else if (change.what === "changed" && isSaidAlike(judged)) continue;
    else if (!change.isForAll) example = judged.witness.question;
    else if (found.size === most) return answer(true);
    else found.set(key, { what: change.what, sources, destinations, spans: [...atom.spans], judged });
  }
  if (budget.left <= 0) doubts.add(tooMany);
  return answer(false);
}

const isSaidAlike = ({ verdicts }: Judged): boolean =>
  new Set(verdicts.map((one) => JSON.stringify(asked(one)))).size < 2;

const undecidedBy = (undecided: readonly string[]): Possible => ({
  difference: noDifference,
  example: undefined,
  isMore: false,
  undecided,
});

function* changesIn(
  problem: Problem,
  isShown: (change: Pick<Change, "what" | "place" | "region">) => boolean,
  budget: Budget,
  doubts: Set<string>,
): Generator<Change> {
  for (const place of placesOf(problem, directions, true)) {
    if (!isAboutPods(place, problem.universe)) continue;
    const field = fieldOf(problem, place, true);
    if (place.alike && field.differing.length === 0) continue;
    const whatOf = (outcomes: readonly (readonly Outcome[])[]): What | undefined => changeOf(outcomes, doubts);
    const isAny = (outcomes: readonly (readonly Outcome[])[]): boolean => whatOf(outcomes) !== undefined;
    const isMany = field.differing.length > few;
    if (isMany && field.find(new Map(), isAny, () => true, budget) !== "found") continue;
    for (const region of place.alike ? regionsOfRules(field.differing) : everywhere) {
      const news = whats.filter((what) => !isShown({ what, place, region }));
      if (news.length === 0) continue;
      for (const what of news) {
        const change = changeIn(region, what);
        if (change === undefined) continue;
        yield* change.isForAll ? [change] : (inParts(change, field, changeIn) ?? [change]);
        if (change.isForAll) break;
      }
      if (budget.left <= 0) return;
    }

    function changeIn(region: Region, what: What): Change | undefined {
      let assignment: Assignment | undefined;
      const accept = (found: Assignment): boolean => {
        assignment = found;
        return true;
      };
      field.find(region, (outcomes) => whatOf(outcomes) === what, accept, budget);
      return assignment && { what, place, region, assignment, isForAll: isForAll(field, region, what) };
    }
  }
}

const whats = ["opened", "closed", "changed"] as const satisfies readonly What[];

/** Into so many parts a set is taken apart at most. */
const mostParts = 6;

/** A change as changes for all of some sets: of all but those whom a rule of the other side allows too; undefined if it is none. */
function inParts(
  { region, what }: Change,
  { rulesIn }: Field,
  changeIn: (region: Region, what: What) => Change | undefined,
): Change[] | undefined {
  const other = what === "opened" ? 0 : 1;
  let parts: Cube[] = [[...region].map(([variable, mask]) => ({ variable, mask }))];
  for (const { side, content, tail } of rulesIn(region)) {
    if (side !== other || content.kind !== "rule" || content.effect !== "allow") continue;
    parts = parts.flatMap((part) => without(part, conditionsOf(tail)));
    if (parts.length > mostParts) return undefined;
  }
  const changes = parts.flatMap((part) => changeIn(regionOf(part), what) ?? []);
  return changes.length > 0 && changes.every(({ isForAll }) => isForAll) ? changes : undefined;
}

const isForAll = (field: Field, region: Region, what: What): boolean =>
  field.findException(region, (outcomes) => changeOf(outcomes, new Set()) !== what, { left: patienceForAll }) ===
  "none";

/**
 * All else has been asked about in full; an API server outside is an address, or goes by its name. Pods of other clusters are news
 * where policies name a cluster.
 */
function isAboutPods({ pair: { source, destination } }: Place, { variable }: Universe): boolean {
  const own = [source, destination];
  const clusters = variable("source", { kind: "cluster" })?.values.length ?? 0;
  if (own.some((end) => end.kind === "outside" && end.apiServer)) return false;
  if (own.some(({ kind }) => kind === "foreign-pod") && clusters < 2) return false;
  return own.some(({ kind }) => kind === "pod");
}

/** What happens to a connection of whose ends the outcomes are given. */
function changeOf([before = [], after = []]: readonly (readonly Outcome[])[], doubts: Set<string>): What | undefined {
  const [earlier, later] = [before, after].map((outcomes) => outcomes.every(({ allowed }) => allowed));
  if (earlier !== later) return later ? "opened" : "closed";
  const compared = compareOutcomes(before, after, "equal", true);
  if (compared.differs === "unclear") doubts.add(compared.why);
  return compared.differs === true ? "changed" : undefined;
}

/** Both ends of a change, each a set. */
function endsOf({ place: { pair }, region }: Change): [FlowEnd[], FlowEnd[]] {
  const at = (end: Role, kind: Kind): FlowEnd[] => {
    const own = [...region].flatMap(([variable, mask]): Condition[] =>
      variable.end === end ? [{ variable, mask }] : [],
    );
    return endsInWords(kind, own);
  };
  return [at("source", pair.source), at("destination", pair.destination)];
}

type Told = {
  readonly what: What;
  readonly sources: readonly FlowEnd[];
  readonly destinations: readonly FlowEnd[];
  readonly spans: PortSpan[];
  readonly judged: Judged;
};

function told(found: readonly Told[]): Difference {
  const of = (what: What) => found.filter((one) => one.what === what);
  const conditions = ({ judged: { verdicts } }: Told, side: 0 | 1): string[] =>
    verdicts.slice(side, side + 1).flatMap(asked);
  return {
    ...noDifference,
    opened: of("opened").flatMap((one) => flowsOf(one).map((flow) => ({ ...flow, conditions: conditions(one, 1) }))),
    closed: of("closed").flatMap((one) => flowsOf(one).map((flow) => ({ ...flow, conditions: conditions(one, 0) }))),
    changed: of("changed").flatMap((one) =>
      flowsOf(one).map((flow) => ({ ...flow, before: conditions(one, 0), after: conditions(one, 1) })),
    ),
  };
}

function flowsOf({ sources, destinations, spans }: Told): FlowChange[] {
  const ports = portsIn(spans);
  return sources.flatMap((from) => destinations.map((to) => ({ from, to, ports })));
}

/** Each port once; all ports of a protocol are all numbers, as everywhere in a difference. */
const portsIn = (spans: readonly PortSpan[]): PortSpan[] =>
  joined(spans.toSorted((a, b) => a.from - b.from)).map((span) => {
    const [first, last] = portsOf(span.protocol);
    return span.from === first && span.to === last ? { ...span, from: 0, to: 65535 } : span;
  });

/** Whether what changes for existing ends shows a change: for one that stands for all others, or with the labels that it names. */
function shownIn(
  shown: Difference,
  sides: readonly Side[],
): (change: Pick<Change, "what" | "place" | "region">) => boolean {
  const endpoints = new Map(
    sides.flatMap(({ inventory }) => inventory.endpoints.map((one) => [`${one.namespace}/${one.name}`, one])),
  );
  return ({ what, place: { pair, atom }, region }) => {
    const isPinnedAt = (end: Role, name: string): boolean => {
      const endpoint = endpoints.get(name);
      return endpoint !== undefined && isPinned(region, end) && isWithin(endpoint, end, region, atom);
    };
    // What changes with a pod that comes or goes is told by that.
    const moving = [...shown.added, ...shown.removed];
    if (roles.some((end) => moving.some((name) => isPinnedAt(end, name)))) return true;
    const isAt = (end: Role, { kind, name }: FlowEnd): boolean => {
      switch (pair[end].kind) {
        case "pod":
        case "foreign-pod": {
          if (kind === "other-pods") return isWithin(stranger, end, region, atom);
          return kind === "endpoint" && isPinnedAt(end, name);
        }
        case "entity":
          return kind === "entity";
        case "node":
          return kind === "node" || kind === "entity";
        case "outside":
          return kind === "cidr" || kind === "fqdn" || kind === "entity";
      }
    };
    return shown[what].some(
      ({ from, to, ports }) =>
        isAt("source", from) &&
        isAt("destination", to) &&
        ports.some((span) => atom.protocol === span.protocol && span.from <= atom.port && atom.port <= span.to),
    );
  };
}

const stranger = { namespace: "\0", name: "", labels: {}, namespaceLabels: {}, serviceAccount: "\0" };

/** Whether a set is of pods with some label of named values, or of all of named namespaces: those that there are stand for it. */
function isPinned(region: Region, end: Role): boolean {
  const own = [...region].filter(([variable]) => variable.end === end);
  const names = (kind: "namespace" | "label"): boolean =>
    own.some(
      ([{ attribute, values }, mask]) =>
        attribute.kind === kind && !mask.negated && mask.values.every((value) => !isIn(plain(values), value)),
    );
  return names("label") || (names("namespace") && !own.some(([{ attribute }]) => attribute.kind === "label"));
}

/** The values that no policy names. */
const plain = (values: readonly (string | undefined)[]) => (values[0] === undefined ? only(0, 1) : only(0));
