/** What is told of a difference, in words and on the map: the flows that are news, as few as say it all. */
import { concise } from "./diff-concise.ts";
import { portsText } from "./diff-ports.ts";
import type {
  ConditionChange,
  Difference,
  FlowChange,
  IsolationChange,
  ReachChange,
  UndecidableChange,
} from "./difference.ts";

export type Told = {
  readonly closed: readonly ReachChange[];
  readonly opened: readonly ReachChange[];
  readonly changed: readonly ConditionChange[];
  readonly undecidable: readonly UndecidableChange[];
  /** How many flows on all ports close and open only since many endpoints enter and leave default deny: those are not told. */
  readonly closedByDefault: number;
  readonly openedByDefault: number;
};

export function told(difference: Difference): Told {
  const closing = folded(difference.closed.filter(isNews(difference)), difference.isolated);
  const opening = folded(difference.opened.filter(isNews(difference)), difference.exposed);
  return {
    closed: concise(closing.told, remarks.reach),
    opened: concise(opening.told, remarks.reach),
    changed: concise(difference.changed, remarks.changed),
    undecidable: concise(difference.undecidable, remarks.undecidable),
    closedByDefault: closing.followers,
    openedByDefault: opening.followers,
  };
}

/** What there is to say about a flow besides its ends and ports. */
export const remarks = {
  reach: ({ conditions }: ReachChange): string => (conditions.length === 0 ? "" : `(${conditions.join("; ")})`),
  changed: ({ before, after }: ConditionChange): string => {
    if (before.length === 0) return `now passes ${after.join(" and ")}`;
    if (after.length === 0) return `no longer passes ${before.join(" and ")}`;
    return `passes ${after.join(" and ")} instead of ${before.join(" and ")}`;
  },
  undecidable: ({ reasons }: UndecidableChange): string => `not decidable: ${reasons.join("; ")}`,
};

/** An endpoint's own node always reaches it: that comes and goes with the endpoint. */
const isNews =
  ({ added, removed }: Difference) =>
  ({ from, to }: FlowChange): boolean =>
    from.kind !== "entity" || !/^(control-plane-)?host$/.test(from.name) || ![...added, ...removed].includes(to.name);

/** Up to how many endpoints whose default deny changes have what follows from it told flow by flow. */
const few = 3;

/** Leaves out, where many endpoints enter or leave default deny, the flows on all ports that follow from that. */
function folded(
  flows: readonly ReachChange[],
  changes: readonly IsolationChange[],
): { told: readonly ReachChange[]; followers: number } {
  if (directionsOf(changes).size <= few) return { told: flows, followers: 0 };
  const changed = new Set(changes.map(({ endpoint, direction }) => `${direction} ${endpoint}`));
  const told = flows.filter(
    ({ from, to, ports }) =>
      !portsText(ports).startsWith(" on every port") ||
      !(changed.has(`egress ${from.name}`) || changed.has(`ingress ${to.name}`)),
  );
  return { told, followers: flows.length - told.length };
}

/** Endpoints with the directions in which their default deny changes: `in both directions`, `for ingress`. */
export function directionsOf(changes: readonly IsolationChange[]): Map<string, string> {
  const byEndpoint = Map.groupBy(changes, ({ endpoint }) => endpoint);
  return new Map(
    [...byEndpoint].map(([endpoint, own]) => [
      endpoint,
      own.length > 1 ? "in both directions" : `for ${own.map(({ direction }) => direction).join()}`,
    ]),
  );
}
