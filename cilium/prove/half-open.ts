/**
 * Connections that a rule opens at one end and the other end refuses: to some of the pods that could exist, for lack of a rule
 * about them, or to all of them.
 */
import { isDeepStrictEqual } from "node:util";
import type { Direction } from "../policy/parts.ts";
import type { CiliumPolicy } from "../policy/schema.ts";
import type { Requirement } from "../policy/selector.ts";
import { flowProtocols } from "../reach/compile/inventory.ts";
import type { Network } from "../reach/compile/network.ts";
import { maySelectPods } from "../reach/compile/peers.ts";
import { isEveryPort, type PortMatch, protocolBit } from "../reach/compile/ports.ts";
import type { RuleReference } from "../reach/compile/rules.ts";
import { type DeniedBy, protocolKey } from "../reach/decide/decide.ts";
import type { Side } from "../reach/report/diff.ts";
import { confirmed, type Judged } from "./confirm.ts";
import { type Condition, type Cube, meet, without } from "./cubes.ts";
import { fieldOf } from "./field.ts";
import type { Item } from "./items.ts";
import { enough } from "./look.ts";
import { isIn, only } from "./mask.ts";
import type { Outcome } from "./outcome.ts";
import { smaller } from "./points.ts";
import { type Atom, atomAt, type MatchedPorts } from "./ports.ts";
import { nothing, type Problem, problemOf } from "./problem.ts";
import type { Group } from "./reduce.ts";
import { type Assignment, conditionsOf, type Region, regionOf, search, type Task } from "./search.ts";
import { directions, networksOf, type Pair, type ReadSide } from "./side.ts";
import {
  type Attribute,
  domainsOf,
  podAttribute,
  portNameValues,
  type Role,
  roles,
  type Variable,
} from "./universe.ts";
import type { Witness } from "./witness.ts";
import { endsInWords } from "./words.ts";

/** What an allow rule opens on some of its ports, between pods that satisfy all of some requirements. */
export type Opening = {
  readonly rule: RuleReference;
  readonly direction: Direction;
  readonly match: PortMatch;
  readonly source: readonly Requirement[];
  readonly destination: readonly Requirement[];
};

/** That the end which a rule does not open refuses the connection. */
export type Refusal = {
  /** Two of the pods, and a connection between them. */
  readonly witness: Witness;
  /** Pods between which all of it is refused, in words: at the ends where they are not all that the opening is about. */
  readonly between: Readonly<Partial<Record<Role, string>>>;
};

/**
 * What is refused of openings between pods of a cluster that has some policies, under Cilium's defaults: to some of the pods for
 * lack of a rule about them, or to all of them, whatever by. Pods with a label that an opening does not ask for are no exception:
 * by such a label somebody has decided to deny, to leave out or to isolate. What may be open counts as open: a port that pods
 * may call as a rule does, and a peer of which it is not decidable whom it selects.
 *
 * A port without protocol is meant for any of them, and a rule about every port for any port, so that one which is open will do;
 * of a range all have to be.
 * @param cluster Cilium's name of the cluster
 */
export function refusals(
  policies: readonly CiliumPolicy[],
  cluster: string,
): (opening: Opening) => Refusal | undefined {
  const side: Side = { policies, inventory: { cluster, endpoints: [], nodes: [], names: [] } };
  const networks = networksOf([side]).map(onlyPods);
  const domains = domainsOf(networks, nothing);
  if (domains === undefined) throw new Error("there are no names without rules about them");
  const problem = problemOf(networks, [], domains, "source");
  const pod = problem.universe.kinds.find(({ kind }) => kind === "pod");
  const [read] = problem.sides;
  if (pod === undefined || read === undefined) throw new Error("a problem has a side, and its universe pods");
  const marks = problem.universe.variables.filter(({ attribute: { kind } }) => isMark(kind));
  const plain = new Map(marks.map((variable) => [variable, only(0)]));
  const world: World = { side, problem, read, pair: { source: pod, destination: pod }, cuts: cutsOf(read), plain };
  return (opening) => {
    const region = regionOfPods(opening, world);
    if (region === undefined) return undefined;
    for (const ports of portsIn(opening.match, world.cuts)) {
      const refusal = lackOn(ports, opening, region, world) ?? closedOn(ports, opening, region, world);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  };
}

/** A network without the peers that are no pods. */
const onlyPods = (network: Network): Network => ({
  ...network,
  rules: network.rules.map((rule) => ({
    ...rule,
    peers: rule.peers.filter(({ selector }) => maySelectPods(selector)),
  })),
});

type World = {
  readonly side: Side;
  readonly problem: Problem;
  readonly read: ReadSide;
  readonly pair: Pair;
  /** Where ranges of ports begin or have ended, ascending. */
  readonly cuts: readonly number[];
  /** Pods that have nothing by which policies select pods. */
  readonly plain: Region;
};

const isMark = (kind: Attribute["kind"]): boolean =>
  kind === "label" || kind === "namespace-label" || kind === "service-account";

const cutsOf = ({ network: { rules } }: ReadSide): number[] => {
  const cuts = rules.flatMap(({ ports }) =>
    ports.flatMap(({ ports }) => ("from" in ports ? [ports.from, ports.to + 1] : [])),
  );
  return [...new Set(cuts)].sort((a, b) => a - b);
};

/** Undefined where there can be no such pods, or no policy that is enforced asks for them. */
function regionOfPods(opening: Opening, { problem: { universe }, read, pair }: World): Region | undefined {
  let cube: Cube | undefined = nameOfPort(opening.match, universe);
  for (const end of roles) {
    const requirements = opening[end];
    if (requirements.some(({ key }) => universe.variable(end, podAttribute(key)) === undefined)) return undefined;
    const [pods] = read.reading.subject(requirements, end, pair[end]);
    cube = cube && pods && meet(cube, pods);
  }
  return cube && regionOf(cube);
}

/** A port that a rule states by its name has that name. */
function nameOfPort({ ports }: MatchedPorts, universe: Problem["universe"]): Cube | undefined {
  if (!("name" in ports)) return [];
  const variable = universe.variable("destination", { kind: "port-name", name: ports.name });
  return variable && [{ variable, mask: only(portNameValues.indexOf("exact")) }];
}

/** The ports that have to be open, each for itself: those of a range that others divide, or all others at once. */
function portsIn({ protocols, ports }: PortMatch, cuts: readonly number[]): MatchedPorts[] {
  if ("name" in ports || isEveryPort(ports)) return [{ protocols, ports }];
  const { from, to } = ports;
  return [from, ...cuts.filter((cut) => from < cut && cut <= to)].map((port) => ({
    protocols,
    ports: { from: port, to: port },
  }));
}

/** To some pods, because no rule is about them, on any of the protocols. */
function lackOn(ports: MatchedPorts, opening: Opening, region: Region, world: World): Refusal | undefined {
  const { problem, read, pair, plain } = world;
  const { universe, items } = problem;
  const [, there] = endsOf(opening);
  const isolating = read.isolating(there, pair);
  const unmarked = withoutMarks(region, plain);
  const rules = [...new Set([...rulesAbout(ports, opening, unmarked, world), ...isolating])];
  const wanted = (groups: readonly Group[]): boolean => {
    const matching = groups.flatMap((group) => group.items);
    return matching.length > 0 && matching.every(({ content }) => content.kind === "default-deny");
  };
  let found: Refusal | undefined;
  const accept = (assignment: Assignment): boolean => {
    const least = smaller(assignment, rules, universe, unmarked, wanted);
    const witness = witnessAt(least, atomsIn(ports, world)[0], opening, world, "default-deny");
    if (witness === undefined) return false;
    const cube = around(least, region, rulesAbout(ports, opening, region, world), isolating);
    found = { witness, between: inWords(cube, region, pair) };
    return true;
  };
  const task: Task = {
    ...{ items: rules, region: unmarked, wanted, accept },
    ...{ shareNamespaces: true, alike: false, together: false, outcome: () => ({ allowed: false }) },
  };
  search(task, universe, items, { left: enough });
  return found;
}

/** Of the pods, those without a label, and in namespaces without one, that nobody asks for at either end. */
function withoutMarks(region: Region, plain: Region): Region {
  const asked = new Set(
    [...region.keys()].flatMap(({ attribute }) => (attribute.kind === "namespace-label" ? [attribute.key] : [])),
  );
  const isAsked = ({ attribute }: Variable): boolean =>
    attribute.kind === "namespace-label" && asked.has(attribute.key);
  return new Map([...[...plain].filter(([variable]) => !isAsked(variable)), ...region]);
}

/** The rules on whose account a connection is not refused for lack of one: what else denies it, and all at the other end. */
function rulesAbout(ports: MatchedPorts, opening: Opening, region: Region, { problem, read, pair }: World): Item[] {
  const { items } = problem;
  const [here, there] = endsOf(opening);
  return [...read.about(here, pair, ports, region).filter(isDeny), ...read.about(there, pair, ports, region)].map(
    (item) => items.withTail(item, items.tail(conditionsOf(item.tail).filter(isDecidable))),
  );
}

/** To all pods, on all of the protocols, whatever refuses it; without rules that deny, that is for lack of others. */
function closedOn(ports: MatchedPorts, opening: Opening, region: Region, world: World): Refusal | undefined {
  const { problem, pair } = world;
  if (!rulesAbout(ports, opening, region, world).some(isDeny)) return undefined;
  const fields = atomsIn(ports, world).map((atom) => ({
    atom,
    field: fieldOf(problem, { pair, atom, own: directions, alike: false }, false),
  }));
  const isOpen = ([outcomes = []]: Outcomes): boolean => outcomes.every(({ allowed }) => allowed);
  const isHalfOpen = ([outcomes = []]: Outcomes): boolean =>
    outcomes.every(({ allowed }, i) => allowed === (directions[i] === opening.direction));
  const isSometimesOpen = fields.some(({ field }) => field.findException(region, isOpen, { left: enough }) !== "none");
  if (isSometimesOpen) return undefined;
  let witness: Witness | undefined;
  for (const { atom, field } of fields) {
    const accept = (assignment: Assignment): boolean => {
      witness = witnessAt(assignment, atom, opening, world);
      return witness !== undefined;
    };
    if (field.find(region, isHalfOpen, accept, { left: enough }) === "found") break;
  }
  return witness && { witness, between: {} };
}

type Outcomes = readonly (readonly Outcome[])[];

const endsOf = ({ direction }: Opening): readonly [here: Direction, there: Direction] =>
  direction === "egress" ? ["egress", "ingress"] : ["ingress", "egress"];

const isDeny = ({ content }: Item): boolean => content.kind === "rule" && content.effect === "deny";

const isDecidable = ({ variable }: Condition): boolean => variable.attribute.kind !== "unknown";

/** The ports as parts that no rule divides, without what the agent drops. */
function atomsIn(ports: MatchedPorts, { problem, read: { network } }: World): Atom[] {
  const own = flowProtocols.filter(
    (name) =>
      (ports.protocols & protocolBit[name]) !== 0 &&
      protocolKey(network.configuration, protocolBit[name]) === undefined,
  );
  if ("from" in ports.ports && !isEveryPort(ports.ports)) {
    const { from } = ports.ports;
    return own.map((protocol) => atomAt(protocol, from));
  }
  return problem.atoms.filter(({ protocol }) => own.includes(protocol));
}

/** Two pods of whom the engine says that one end opens a connection, by a rule, and the other refuses it. */
function witnessAt(
  assignment: Assignment,
  atom: Atom | undefined,
  opening: Opening,
  { side, problem, read, pair }: World,
  refusedBy?: DeniedBy["kind"],
): Witness | undefined {
  if (atom === undefined) return undefined;
  const [here, there] = endsOf(opening);
  const { policy, path } = opening.rule;
  const agrees = ({ verdicts: [verdict] }: Judged): boolean => {
    if (verdict === undefined) return false;
    const [own, other] = [verdict[here], verdict[there]];
    const opens = own.verdict === "allowed" && own.by.kind === "rules" ? own.by.rules : [];
    return (
      opens.some((rule) => rule.policy === policy && rule.path === path) &&
      other.verdict === "denied" &&
      (refusedBy === undefined || other.by.kind === refusedBy)
    );
  };
  const point = { ...pair, question: atom, assignment };
  const judged = confirmed(point, problem.universe, [side], [read.network], directions, agrees);
  return typeof judged === "string" ? undefined : judged.witness;
}

/** All that is refused like a point: in the region, in default deny by a rule for it, and without what other rules are about. */
function around(point: Assignment, region: Region, about: readonly Item[], isolating: readonly Item[]): Cube {
  const isAt = (cube: Cube): boolean => cube.every(({ variable, mask }) => isIn(mask, point.get(variable) ?? 0));
  const whole = [...region].map(([variable, mask]) => ({ variable, mask }));
  const isolated = isolating.map(({ tail }) => conditionsOf(tail)).find(isAt);
  return about.reduce<Cube>(
    (cube, { tail }) => without(cube, conditionsOf(tail)).find(isAt) ?? cube,
    (isolated && meet(whole, isolated)) ?? whole,
  );
}

function inWords(cube: Cube, region: Region, pair: Pair): Refusal["between"] {
  const own = cube
    .filter(({ variable }) => variable.attribute.kind !== "port-name")
    .toSorted((a, b) => Number(region.has(b.variable)) - Number(region.has(a.variable)));
  const isNarrower = ({ variable, mask }: Condition): boolean => !isDeepStrictEqual(mask, region.get(variable));
  return Object.fromEntries(
    roles.flatMap((end) => {
      const conditions = own.filter(({ variable }) => variable.end === end);
      return conditions.some(isNarrower)
        ? [
            [
              end,
              endsInWords(pair[end], conditions)
                .map(({ name }) => name)
                .join(),
            ],
          ]
        : [];
    }),
  );
}
