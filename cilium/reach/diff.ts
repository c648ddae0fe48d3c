/**
 * The semantic difference of two sets of policies: not what their YAML says, but which connections open and close, found by
 * asking the engine about both. Names of policies, the order and the grouping of rules make no difference.
 */
import { conditionsOf } from "./conditions.ts";
import { type ComparedEnd, compileSides, enforcedAt, type Side, type Sides } from "./diff-sides.ts";
import { portSpans } from "./diff-spans.ts";
import type { Difference, End, FlowChange, IsolationChange, PortSpan } from "./difference.ts";
import type { Question } from "./inventory.ts";
import type { Network } from "./network.ts";
import type { Direction } from "./rules.ts";
import { type Verdict, verdict } from "./verdict.ts";

export type { Side } from "./diff-sides.ts";

/** What changes from one set of policies to another, over the endpoints of both. */
export function diff(before: Side, after: Side): Difference {
  const sides = compileSides(before, after);
  const endpoints = sides.ends.filter(({ kind }) => kind === "endpoint");
  const changes = sides.ends.flatMap((from) =>
    sides.ends.filter((to) => mayDiffer(from, to)).flatMap((to) => changesBetween(sides, from, to)),
  );
  return {
    added: endpoints.filter((end) => !end.before).map(({ name }) => name),
    removed: endpoints.filter((end) => !end.after).map(({ name }) => name),
    opened: changes.flatMap(({ flow, change }) =>
      change.kind === "opened" ? [{ ...flow, conditions: change.conditions }] : [],
    ),
    closed: changes.flatMap(({ flow, change }) =>
      change.kind === "closed" ? [{ ...flow, conditions: change.conditions }] : [],
    ),
    changed: changes.flatMap(({ flow, change }) =>
      change.kind === "changed" ? [{ ...flow, before: change.before, after: change.after }] : [],
    ),
    undecided: changes.flatMap(({ flow, change }) =>
      change.kind === "undecided" ? [{ ...flow, reason: change.reason }] : [],
    ),
    isolated: isolationChanges(sides, endpoints, (before, after) => !before && after),
    exposed: isolationChanges(sides, endpoints, (before, after) => before && !after),
  };
}

type Change =
  | { readonly kind: "opened" | "closed"; readonly conditions: readonly string[] }
  | { readonly kind: "changed"; readonly before: readonly string[]; readonly after: readonly string[] }
  | { readonly kind: "undecided"; readonly reason: string };

type ChangedFlow = { readonly flow: FlowChange; readonly change: Change };

/** Where neither the source's egress nor the destination's ingress differs, no connection can. */
const mayDiffer = (from: ComparedEnd, to: ComparedEnd): boolean =>
  (from.egressDiffers || to.ingressDiffers) &&
  // A name is looked up to connect to it; no rule allows connections from one.
  from.kind !== "fqdn" &&
  ((from.before && to.before) || (from.after && to.after));

function changesBetween({ before, after }: Sides, from: ComparedEnd, to: ComparedEnd): ChangedFlow[] {
  const ends = { source: from.peer, destination: to.peer };
  const spans = portSpans([before, after], ends).flatMap(({ asked, means }) => {
    const question = { ...ends, protocol: asked.protocol, port: asked.from };
    const change = changeOf(
      possibility({ network: before, exists: from.before && to.before }, question),
      possibility({ network: after, exists: from.after && to.after }, question),
    );
    return change === undefined ? [] : means.map((span) => ({ span, change }));
  });
  const named = ({ kind, name }: ComparedEnd): End => ({ kind, name });
  return [...Map.groupBy(spans, ({ change }) => JSON.stringify(change)).values()].flatMap((alike) =>
    alike.slice(0, 1).map(({ change }) => ({
      flow: { from: named(from), to: named(to), ports: joined(alike.map(({ span }) => span)) },
      change,
    })),
  );
}

/** Whether a connection is possible on one side. */
type Possibility =
  | { readonly kind: "possible"; readonly conditions: readonly string[] }
  | { readonly kind: "impossible" }
  | { readonly kind: "unknown"; readonly reason: string };

function possibility({ network, exists }: { network: Network; exists: boolean }, question: Question): Possibility {
  if (!exists) return { kind: "impossible" };
  const asked = verdict(network, question);
  switch (asked.outcome) {
    case "allowed":
    case "allowed-once-resolved":
      return { kind: "possible", conditions: conditionsOf(asked) };
    case "denied":
      return { kind: "impossible" };
    case "undecidable":
      // A name may have an address that some rule allows; those rules are judged with the addresses themselves.
      return question.destination.kind === "fqdn"
        ? { kind: "impossible" }
        : { kind: "unknown", reason: reasonsOf(asked).join("; ") };
  }
}

const reasonsOf = ({ egress, ingress }: Verdict): string[] =>
  [egress, ingress].flatMap((end) => (end.verdict === "undecidable" ? [end.reason] : []));

function changeOf(before: Possibility, after: Possibility): Change | undefined {
  if (JSON.stringify(before) === JSON.stringify(after)) return undefined;
  for (const side of [after, before]) {
    if (side.kind === "unknown") return { kind: "undecided", reason: side.reason };
  }
  if (before.kind === "possible") {
    return after.kind === "possible"
      ? { kind: "changed", before: before.conditions, after: after.conditions }
      : { kind: "closed", conditions: before.conditions };
  }
  return after.kind === "possible" ? { kind: "opened", conditions: after.conditions } : undefined;
}

/** Adjacent spans of one protocol as one. */
function joined(spans: readonly PortSpan[]): PortSpan[] {
  const result: PortSpan[] = [];
  for (const span of spans) {
    const last = result.at(-1);
    if (last?.protocol === span.protocol && last.to + 1 === span.from) result.splice(-1, 1, { ...last, to: span.to });
    else result.push(span);
  }
  return result;
}

/** The endpoints of both sides whose default deny changes in the given way. */
function isolationChanges(
  { before, after }: Sides,
  endpoints: readonly ComparedEnd[],
  changes: (before: boolean, after: boolean) => boolean,
): IsolationChange[] {
  const isolated = (network: Network, end: ComparedEnd, direction: Direction) =>
    enforcedAt(network, end.peer)?.[direction].defaultDeny ?? false;
  return endpoints
    .filter((end) => end.before && end.after)
    .flatMap((end) =>
      (["ingress", "egress"] as const)
        .filter((direction) => changes(isolated(before, end, direction), isolated(after, end, direction)))
        .map((direction) => ({ endpoint: end.name, direction })),
    );
}
