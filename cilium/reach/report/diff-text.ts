/** A difference in plain words: `monitoring/grafana can no longer reach database/shared-pg:5432`. */
import { type Line, lines } from "./diff-concise.ts";
import { portsText } from "./diff-ports.ts";
import type { Difference, FlowChange, IsolationChange, ReachChange } from "./difference.ts";

export type Topic = "workloads" | "default deny" | "closed" | "opened" | "changed" | "undecided";

export type Sentence = { readonly topic: Topic; readonly text: string };

export type Report = {
  /** `1 flow closed, 2 flows opened, 1 pod enters default deny`, or `no difference`. */
  readonly summary: string;
  readonly sentences: readonly Sentence[];
};

/** How a name is set off from the text around it, for example as code. */
export type Mark = (name: string) => string;

export function describe(difference: Difference, mark: Mark = (name) => name): Report {
  const { added, removed, isolated, exposed } = difference;
  const closing = folded(difference.closed.filter(isNews(difference)), isolated);
  const opening = folded(difference.opened.filter(isNews(difference)), exposed);
  const closed = lines(closing.told, conditionText);
  const opened = lines(opening.told, conditionText);
  const changed = lines(difference.changed, ({ before, after }) => passing(before, after));
  const undecided = lines(difference.undecided, ({ reasons }) => `may change: ${reasons.join("; ")}`);
  const tell = (topic: Topic, told: readonly Line[], verb: string): Sentence[] =>
    told.map((line) => ({
      topic,
      text: [list(line.from.map(mark)), verb, destinations(line, mark), line.remark].filter(Boolean).join(" "),
    }));
  return {
    summary: summaryOf([
      counted(added.length, "workload added", "workloads added"),
      counted(removed.length, "workload removed", "workloads removed"),
      counted(endpointsOf(isolated).size, "workload enters default deny", "workloads enter default deny"),
      counted(endpointsOf(exposed).size, "workload leaves default deny", "workloads leave default deny"),
      counted(pairs(closed) + closing.followers, "flow closed", "flows closed"),
      counted(pairs(opened) + opening.followers, "flow opened", "flows opened"),
      counted(pairs(changed), "flow with other conditions", "flows with other conditions"),
      counted(pairs(undecided), "flow undecided", "flows undecided"),
    ]),
    sentences: [
      ...workloads(added, "added", mark),
      ...workloads(removed, "removed", mark),
      ...isolation(isolated, ["enters", "enter"], "what no rule allows is refused", mark),
      ...following(closing.followers, "closes"),
      ...isolation(exposed, ["leaves", "leave"], "what no rule denies is allowed", mark),
      ...following(opening.followers, "opens"),
      ...tell("closed", closed, "can no longer reach"),
      ...tell("opened", opened, "can now reach"),
      ...tell("changed", changed, "→"),
      ...tell("undecided", undecided, "→"),
    ],
  };
}

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
  if (endpointsOf(changes).size <= few) return { told: flows, followers: 0 };
  const changed = new Set(changes.map(({ endpoint, direction }) => `${direction} ${endpoint}`));
  const told = flows.filter(
    ({ from, to, ports }) =>
      !portsText(ports).startsWith(" on every port") ||
      !(changed.has(`egress ${from.name}`) || changed.has(`ingress ${to.name}`)),
  );
  return { told, followers: flows.length - told.length };
}

const following = (flows: number, verb: string): Sentence[] =>
  flows === 0 ? [] : [{ topic: "default deny", text: `that alone ${verb} ${flows} flows on every port or nearly so` }];

const conditionText = ({ conditions }: ReachChange): string =>
  conditions.length === 0 ? "" : `(${conditions.join("; ")})`;

function passing(before: readonly string[], after: readonly string[]): string {
  if (before.length === 0) return `now passes ${after.join(" and ")}`;
  if (after.length === 0) return `no longer passes ${before.join(" and ")}`;
  return `passes ${after.join(" and ")} instead of ${before.join(" and ")}`;
}

/** Ends with their ports. What is attached to a name (`:5432`) belongs to it; ` on every port` is told once for all. */
function destinations({ from, to }: Line, mark: Mark): string {
  const itself = (name: string) => (from.length === 1 && from[0] === name ? "itself" : name);
  return list(
    to.flatMap(({ names, ports }) => {
      const [attached = ""] = /^:\S*/.exec(ports) ?? [];
      const marked = names.map((name) => mark(itself(name) + attached));
      return attached === "" ? [`${list(marked)}${ports}`] : marked.map((name) => name + ports.slice(attached.length));
    }),
  );
}

const workloads = (names: readonly string[], what: string, mark: Mark): Sentence[] =>
  names.length === 0
    ? []
    : [{ topic: "workloads", text: `${list(names.map(mark))} ${names.length === 1 ? "is" : "are"} ${what}` }];

/** Endpoints with the directions in which they change. */
function endpointsOf(changes: readonly IsolationChange[]): Map<string, string> {
  const byEndpoint = Map.groupBy(changes, ({ endpoint }) => endpoint);
  return new Map(
    [...byEndpoint].map(([endpoint, own]) => [
      endpoint,
      own.length > 1 ? "in both directions" : `for ${own.map(({ direction }) => direction).join()}`,
    ]),
  );
}

function isolation(
  changes: readonly IsolationChange[],
  [one, several]: readonly [string, string],
  meaning: string,
  mark: Mark,
): Sentence[] {
  const byDirection = Map.groupBy([...endpointsOf(changes)], ([, directions]) => directions);
  return [...byDirection].map(([directions, endpoints]) => ({
    topic: "default deny",
    text: `${list(endpoints.map(([name]) => mark(name)))} ${endpoints.length === 1 ? one : several} default deny ${directions}: ${meaning}`,
  }));
}

/** How many items are named before the rest is counted. */
const named = 8;

/** `a`, `a and b`, `a, b and 12 others`. */
function list(items: readonly string[]): string {
  const shown = items.length <= named + 1 ? items : [...items.slice(0, named), `${items.length - named} others`];
  return shown.length === 1 ? shown.join() : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

const pairs = (told: readonly Line[]): number =>
  told.reduce((sum, { from, to }) => sum + from.length * to.flatMap(({ names }) => names).length, 0);

const counted = (count: number, one: string, several: string): string =>
  count === 0 ? "" : `${count} ${count === 1 ? one : several}`;

const summaryOf = (parts: readonly string[]): string => parts.filter(Boolean).join(", ") || "no difference";
