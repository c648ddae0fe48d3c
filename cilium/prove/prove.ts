/**
 * What holds for every pod that could exist: whether two sets of policies mean the same, whether one allows nothing that
 * another does not, and whether connections between two sets of ends are allowed or denied without exception.
 */
import { readConfiguration } from "../reach/compile/configuration.ts";
import type { FlowProtocol } from "../reach/compile/inventory.ts";
import type { Network } from "../reach/compile/network.ts";
import type { Direction } from "../reach/compile/rules.ts";
import { surroundingsOf } from "../reach/compile/surroundings.ts";
import type { Verdict } from "../reach/decide/verdict.ts";
import type { Side } from "../reach/report/diff.ts";
import { apartOf } from "./apart.ts";
import { compareOutcomes, outcomeOfVerdict, type Property } from "./compare.ts";
import { isolation, type Judged } from "./confirm.ts";
import { conflictDoubts, conflictDoubtsAt } from "./conflicts.ts";
import { isolationDifference } from "./isolation.ts";
import { look, type Sight, type Wish } from "./look.ts";
import { atomAt } from "./ports.ts";
import { nothing, type Problem, pairsOf, problemOf, tooManyNames, unreadableReasons } from "./problem.ts";
import type { Budget } from "./search.ts";
import { type EndSet, mentionedBy, regionsOf } from "./sets.ts";
import { directions, networksOf } from "./side.ts";
import { domainsOf } from "./universe.ts";
import type { Witness } from "./witness.ts";

export type { Property } from "./compare.ts";
export type { EndSet } from "./sets.ts";
export type { Witness } from "./witness.ts";
export { witnessObjects, witnessParties } from "./witness.ts";

export type Options = {
  /** Whether only both ends of a connection together count, or each of them. */
  readonly connections: boolean;
  /** Whether default deny counts only where it changes a verdict. */
  readonly effective?: boolean;
  /** How rules that differ are looked at: one by one or all at once; by their number if it is left out. */
  readonly method?: Wish["method"];
};

export type Proof<Example = Counterexample> =
  | { readonly kind: "proved"; readonly over: Extent }
  | { readonly kind: "refuted"; readonly counterexample: Example }
  /** With what keeps it from being decided, each reason once. */
  | { readonly kind: "undecided"; readonly reasons: readonly string[] };

/** What a proof is about. */
export type Extent = {
  /** The kinds of ends. */
  readonly kinds: readonly string[];
  /** The labels, namespaces, prefixes, names, … of both ends that tell them apart. */
  readonly variables: number;
  /** Sets of ports that all rules treat alike. */
  readonly ports: number;
};

/** A cluster, a question about it, and the verdicts on both sides. */
export type Counterexample = {
  readonly witness: Witness;
  /** The end at which the sides differ; undefined where the connection as a whole does. */
  readonly end: Direction | undefined;
  /** What differs: the verdict, what a proxy lets through, or only whether the end is in default deny. */
  readonly differs: "verdict" | "limits" | "default-deny";
  readonly before: Verdict;
  readonly after: Verdict;
  readonly isolated?: Isolation;
  /** Where the limits of proxies differ: something that only one side lets through. */
  readonly only?: { readonly side: "before" | "after"; readonly letsThrough: string };
};

/** An end that is in default deny on one side only. */
export type Isolation = {
  readonly before: boolean;
  readonly after: boolean;
  /** Whether it is proved besides that no verdict and no limit differs anywhere: default deny alone does. */
  readonly sameVerdicts: boolean;
};

/** The same verdict at each end, the same limits of proxies and the same default deny, for everything that could exist. */
export const equal = (before: Side, after: Side, options: Options): Proof => prove("equal", before, after, options);

/** The second allows nothing that the first does not. */
export const implies = (before: Side, after: Side, options: Options): Proof => prove("implies", before, after, options);

function prove(property: Property, before: Side, after: Side, options: Options): Proof {
  const sides = [before, after];
  const networks = networksOf(sides);
  const unreadable = unreadableReasons(networks);
  if (unreadable.length > 0) return { kind: "undecided", reasons: unreadable };
  const domains = domainsOf(networks, nothing);
  if (domains === undefined) return { kind: "undecided", reasons: [tooManyNames] };
  const apart = apartOf(networks);
  const problems = {
    egress: problemOf(networks, apart, domains, "source"),
    ingress: problemOf(networks, apart, domains, "destination"),
  };
  const isolations = directions.map((direction) => {
    const sight = isolationDifference(direction, sides, networks, problems[direction]);
    if (sight.found === undefined && sight.doubts.size === 0) {
      for (const problem of Object.values(problems)) problem.sameIsolation.add(direction);
    }
    return { direction, ...sight };
  });
  const wish = (own: readonly Direction[], together: boolean): Wish =>
    wishOf(property, sides, networks, own, together, options.method);
  const connection = (budget?: Budget): Sight => look(problems.egress, wish(directions, true), budget);
  const doubts = new Set<string>();
  const note = (sight: Sight): void => {
    for (const doubt of sight.doubts) doubts.add(doubt);
  };
  if (options.connections) {
    const sight = connection();
    if (sight.found !== undefined) return refuted(sight.found, undefined);
    note(sight);
  } else {
    for (const direction of directions) {
      const sight = look(problems[direction], wish([direction], false));
      if (sight.found !== undefined) {
        // A connection that as a whole differs says more than one of its ends.
        const whole = connection({ left: fewer }).found;
        return whole === undefined ? refuted(sight.found, direction) : refuted(whole, undefined);
      }
      note(sight);
    }
  }
  const { sides: read, universe } = problems.egress;
  for (const doubt of conflictDoubts(read, apart, universe.kinds)) doubts.add(doubt);
  const isStrict = property === "equal" && !options.connections && !options.effective;
  for (const { direction, found, doubts: unsure } of isStrict ? isolations : []) {
    if (found !== undefined) return refuted(found, direction, isolationOf(found, direction, doubts.size === 0));
    for (const doubt of unsure) doubts.add(doubt);
  }
  return doubts.size > 0
    ? { kind: "undecided", reasons: [...doubts] }
    : { kind: "proved", over: extentOf(problems.egress) };
}

/** How long a better counterexample is looked for. */
const fewer = 200_000;

function wishOf(
  property: Property,
  sides: readonly Side[],
  networks: readonly Network[],
  own: readonly Direction[],
  together: boolean,
  method: Options["method"],
): Wish {
  return {
    sides,
    networks,
    directions: own,
    together,
    compare: ([before = [], after = []]) => compareOutcomes(before, after, property, together),
    agrees: ({ verdicts }) => {
      const [before = [], after = []] = verdicts.map((verdict) =>
        own.map((direction) => outcomeOfVerdict(verdict[direction])),
      );
      return compareOutcomes(before, after, property, together).differs === true;
    },
    ...(method !== undefined && { method }),
  };
}

function isolationOf(found: Judged, direction: Direction, sameVerdicts: boolean): Isolation {
  const [before = false, after = false] = isolation(found, direction);
  return { before, after, sameVerdicts };
}

function refuted({ witness, verdicts }: Judged, end: Direction | undefined, isolated?: Isolation): Proof {
  const [before, after] = verdicts;
  if (before === undefined || after === undefined) throw new Error("two sides have two verdicts");
  const allowed = [before, after].map((verdict) =>
    (end === undefined ? directions : [end]).every((direction) => verdict[direction].verdict === "allowed"),
  );
  const differs = isolated !== undefined ? "default-deny" : allowed[0] === allowed[1] ? "limits" : "verdict";
  const only = differs === "limits" ? letThroughOnce(before, after, end) : undefined;
  return {
    kind: "refuted",
    counterexample: {
      ...{ witness, end, differs, before, after },
      ...(isolated !== undefined && { isolated }),
      ...(only !== undefined && { only }),
    },
  };
}

/** What a connection may carry on one side only. */
function letThroughOnce(before: Verdict, after: Verdict, end: Direction | undefined): Counterexample["only"] {
  const [earlier = [], later = []] = [before, after].map((verdict) =>
    (end === undefined ? directions : [end]).map((direction) => outcomeOfVerdict(verdict[direction])),
  );
  const sides = [
    ["after", compareOutcomes(earlier, later, "implies", true)],
    ["before", compareOutcomes(later, earlier, "implies", true)],
  ] as const;
  for (const [side, compared] of sides) {
    if (compared.differs === true && compared.example !== undefined) return { side, letsThrough: compared.example };
  }
  return undefined;
}

const extentOf = ({ universe, atoms }: Problem): Extent => ({
  kinds: universe.kinds.map(({ name }) => name),
  variables: universe.variables.length,
  ports: atoms.length,
});

/** What is said of all connections from one set of ends to another. */
export type Guarantee = {
  readonly source: EndSet;
  readonly destination: EndSet;
  readonly protocol: FlowProtocol;
  readonly port: number;
  readonly expect: "allowed" | "denied";
};

/** A cluster, a question about it, and the verdict that is not as it should be. */
export type Exception = { readonly witness: Witness; readonly verdict: Verdict };

const nobody = "there can be no connection between the two sets, of which nothing would be said";

/** All connections that a guarantee is about have the verdict that it says. */
export function always(side: Side, guarantee: Guarantee): Proof<Exception> {
  const networks = networksOf([side]);
  const unreadable = unreadableReasons(networks);
  if (unreadable.length > 0) return { kind: "undecided", reasons: unreadable };
  const domains = domainsOf(networks, mentionedBy([guarantee.source, guarantee.destination]));
  if (domains === undefined) return { kind: "undecided", reasons: [tooManyNames] };
  const problem = problemOf(networks, [], domains, "source");
  const { configuration } = readConfiguration(side.inventory.configuration);
  const { apiServer } = surroundingsOf(side.inventory, configuration);
  const asked = { ...guarantee, apiServerOutside: apiServer.isManaged };
  const places = pairsOf(problem.universe).flatMap((pair) =>
    regionsOf(asked, pair, problem.universe).map((region) => ({ pair, region })),
  );
  if (places.length === 0) return { kind: "undecided", reasons: [nobody] };
  const isOtherwise = (allowed: boolean): boolean => allowed !== (guarantee.expect === "allowed");
  const { found, doubts: unsure } = look(problem, {
    sides: [side],
    networks,
    directions,
    together: true,
    compare: ([outcomes = []]) => ({ differs: isOtherwise(outcomes.every(({ allowed }) => allowed)) }),
    agrees: ({ verdicts }) => verdicts.every(({ outcome }) => isOtherwise(outcome !== "denied")),
    regions: (pair) => regionsOf(asked, pair, problem.universe),
    atoms: [atomAt(guarantee.protocol, guarantee.port)],
  });
  const [verdict] = found?.verdicts ?? [];
  if (found !== undefined && verdict !== undefined) {
    return { kind: "refuted", counterexample: { witness: found.witness, verdict } };
  }
  const [read] = problem.sides;
  const doubts = new Set([...unsure, ...(read === undefined ? [] : conflictDoubtsAt(read, places))]);
  return doubts.size > 0 ? { kind: "undecided", reasons: [...doubts] } : { kind: "proved", over: extentOf(problem) };
}
