/**
 * The semantic difference of two sets of policies: not what their YAML says, but which connections open and close, found by
 * asking the engine about both. Names of policies, the order and the grouping of rules make no difference.
 */

import { isHost } from "../compile/identity.ts";
import { flowProtocols } from "../compile/inventory.ts";
import type { Network } from "../compile/network.ts";
import type { Party } from "../compile/party.ts";
import type { Direction } from "../compile/rules.ts";
import { deniesByDefault, ruleSelects } from "../decide/decide.ts";
import type { AllowedSpan } from "../decide/spans.ts";
import { undecidableText, type Verdict } from "../decide/verdict.ts";
import { conditionsOf } from "./conditions.ts";
import { answers } from "./connections.ts";
import { type ComparedEnd, type ComparedSides, compileSides, enforcedAt, type Side } from "./diff-sides.ts";
import { type Difference, type FlowEnd, type IsolationChange, joined, type PortSpan } from "./difference.ts";

export type { Side } from "./diff-sides.ts";

/** What changes from one set of policies to another, over the endpoints of both. */
export function diff(before: Side, after: Side): Difference {
  const sides = compileSides(before, after);
  const endpoints = sides.ends.filter(({ kind }) => kind === "endpoint");
  const changesOf = pairChanges(sides);
  const changes = sides.ends.flatMap((from) =>
    sides.ends
      .filter((to) => mayDiffer(from, to))
      .flatMap((to) =>
        changesOf(from, to).map(({ ports, change }) => ({ flow: { from: named(from), to: named(to), ports }, change })),
      ),
  );
  return {
    added: endpoints.filter(({ before }) => before === undefined).map(({ name }) => name),
    removed: endpoints.filter(({ after }) => after === undefined).map(({ name }) => name),
    opened: changes.flatMap(({ flow, change }) =>
      change.kind === "opened" ? [{ ...flow, conditions: change.conditions }] : [],
    ),
    closed: changes.flatMap(({ flow, change }) =>
      change.kind === "closed" ? [{ ...flow, conditions: change.conditions }] : [],
    ),
    changed: changes.flatMap(({ flow, change }) =>
      change.kind === "changed" ? [{ ...flow, before: change.before, after: change.after }] : [],
    ),
    undecidable: changes.flatMap(({ flow, change }) =>
      change.kind === "undecidable" ? [{ ...flow, reasons: change.reasons }] : [],
    ),
    isolated: isolationChanges(sides, (before, after) => !before && after),
    exposed: isolationChanges(sides, (before, after) => before && !after),
  };
}

type VerdictChange =
  | { readonly kind: "opened" | "closed"; readonly conditions: readonly string[] }
  | { readonly kind: "changed"; readonly before: readonly string[]; readonly after: readonly string[] }
  | { readonly kind: "undecidable"; readonly reasons: readonly string[] };

type ChangedPorts = { readonly ports: readonly PortSpan[]; readonly change: VerdictChange };

const named = ({ kind, name, addresses }: FlowEnd): FlowEnd => ({
  ...{ kind, name },
  ...(addresses !== undefined && { addresses }),
});

/** Where neither the source's egress nor the destination's ingress differs, no connection can. */
const mayDiffer = (from: ComparedEnd, to: ComparedEnd): boolean =>
  (from.egressDiffers || to.ingressDiffers) &&
  // A name is looked up to connect to it; nothing connects from one.
  from.kind !== "fqdn";

/** What changes between two ends. Pairs that the same rules decide on both sides share their answer. */
function pairChanges(sides: ComparedSides): (from: ComparedEnd, to: ComparedEnd) => readonly ChangedPorts[] {
  const before = spansIn(sides.before);
  const after = spansIn(sides.after);
  const known = new Map<Spans, Map<Spans, readonly ChangedPorts[]>>();
  return (from, to) => {
    const [earlier, later] = [before(from.before, to.before), after(from.after, to.after)];
    if (earlier === later) return [];
    // Rules on addresses may allow any name, which is not news: they are judged with the addresses themselves.
    if (to.kind === "fqdn") return changesBetween(earlier.filter(isDecidable), later.filter(isDecidable));
    const found = known.get(earlier)?.get(later) ?? changesBetween(earlier, later);
    known.set(earlier, (known.get(earlier) ?? new Map()).set(later, found));
    return found;
  };
}

type Spans = readonly AllowedSpan[];

const isDecidable = ({ verdict }: AllowedSpan): boolean => verdict.outcome !== "undecidable";

function changesBetween(before: Spans, after: Spans): ChangedPorts[] {
  const changes = stretches([...before, ...after]).flatMap((stretch) => {
    const change = changeOf(possibility(before, stretch), possibility(after, stretch));
    return change === undefined ? [] : [{ stretch, change }];
  });
  return [...Map.groupBy(changes, ({ change }) => JSON.stringify(change)).values()].flatMap((alike) =>
    alike.slice(0, 1).map(({ change }) => ({ ports: joined(alike.map(({ stretch }) => stretch)), change })),
  );
}

/** The ports on which connections are possible, or may be; none where an end does not exist. */
function spansIn(network: Network): (source: Party | undefined, destination: Party | undefined) => Spans {
  const answer = answers(network);
  return (source, destination) => {
    if (source === undefined || destination === undefined) return none;
    const refused = refuses(network, "egress", source, destination) || refuses(network, "ingress", destination, source);
    return refused ? none : answer(source, destination);
  };
}

const none: Spans = [];

/** Whether default deny refuses all connections with a peer, which spares the question about each port: most pairs. */
function refuses(network: Network, direction: Direction, subject: Party, peer: Party): boolean {
  const policy = enforcedAt(network, subject);
  if (policy === undefined || !deniesByDefault(network, policy, direction)) return false;
  const { rules, admitsHost } = policy[direction];
  return (
    !(admitsHost && isHost(peer.identity)) &&
    !rules.some((rule) => rule.effect === "allow" && ruleSelects(rule, peer) !== "no")
  );
}

/** The parts that spans cut each other into, ascending within each protocol. */
const stretches = (spans: readonly AllowedSpan[]): PortSpan[] =>
  flowProtocols.flatMap((protocol) => {
    const own = spans.filter((span) => span.protocol === protocol);
    const starts = [...new Set(own.flatMap(({ from, to }) => [from, to + 1]))].sort((a, b) => a - b);
    return starts.slice(0, -1).map((from, i) => ({ protocol, from, to: (starts[i + 1] ?? from) - 1 }));
  });

/** Whether a connection is possible on one side. */
type Possibility =
  | { readonly kind: "possible"; readonly conditions: readonly string[] }
  | { readonly kind: "impossible" }
  | { readonly kind: "undecidable"; readonly reasons: readonly string[] };

function possibility(spans: readonly AllowedSpan[], { protocol, from }: PortSpan): Possibility {
  const span = spans.find((one) => one.protocol === protocol && one.from <= from && from <= one.to);
  if (span === undefined) return { kind: "impossible" };
  const { verdict } = span;
  return verdict.outcome === "undecidable"
    ? { kind: "undecidable", reasons: reasonsOf(verdict) }
    : { kind: "possible", conditions: conditionsOf(verdict) };
}

const reasonsOf = ({ egress, ingress }: Verdict): string[] =>
  [egress, ingress].flatMap((end) => (end.verdict === "undecidable" ? [undecidableText(end.reason)] : []));

function changeOf(before: Possibility, after: Possibility): VerdictChange | undefined {
  if (JSON.stringify(before) === JSON.stringify(after)) return undefined;
  if (before.kind === "undecidable" || after.kind === "undecidable") {
    const reasons = [before, after].flatMap((side) => (side.kind === "undecidable" ? side.reasons : []));
    return { kind: "undecidable", reasons: [...new Set(reasons)].sort() };
  }
  if (before.kind === "possible") {
    return after.kind === "possible"
      ? { kind: "changed", before: before.conditions, after: after.conditions }
      : { kind: "closed", conditions: before.conditions };
  }
  return after.kind === "possible" ? { kind: "opened", conditions: after.conditions } : undefined;
}

/** The pods and nodes of both sides whose default deny changes in the given way. */
function isolationChanges(
  sides: ComparedSides,
  changes: (before: boolean, after: boolean) => boolean,
): IsolationChange[] {
  const isolated = (network: Network, party: Party | undefined, direction: Direction) =>
    enforcedAt(network, party)?.[direction].defaultDeny ?? false;
  return sides.ends
    .flatMap(({ kind, ...end }) =>
      kind === "endpoint" || kind === "other-pods" || kind === "node" ? [{ kind, ...end }] : [],
    )
    .filter(({ before, after }) => before !== undefined && after !== undefined)
    .flatMap(({ kind, name, before, after }) =>
      (["ingress", "egress"] as const)
        .filter((direction) =>
          changes(isolated(sides.before, before, direction), isolated(sides.after, after, direction)),
        )
        .map((direction) => ({ kind, endpoint: name, direction })),
    );
}
