/** A difference in plain words: `monitoring/grafana can no longer reach database/shared-pg:5432`. */
import { portsText } from "./diff-ports.ts";
import { directionsOf, remarks, told } from "./diff-told.ts";
import type { Difference, FlowChange, IsolationChange } from "./difference.ts";

export type Topic = "workloads" | "default deny" | "closed" | "opened" | "changed" | "not decidable";

export type Sentence = { readonly topic: Topic; readonly text: string };

export type DifferenceText = {
  /** `1 flow closed, 2 flows opened, 1 pod enters default deny`, or `no difference`. */
  readonly summary: string;
  readonly sentences: readonly Sentence[];
};

/** How a name is set off from the text around it, for example as code. */
export type SetOff = (name: string) => string;

export function describe(difference: Difference, setOff: SetOff = (name) => name): DifferenceText {
  const { added, removed, isolated, exposed } = difference;
  const { closedByDefault, openedByDefault, ...flows } = told(difference);
  const tell = (topic: Topic, sentences: readonly Together[], verb: string): Sentence[] =>
    sentences.map((one) => ({
      topic,
      text: [list(one.from.map(setOff)), verb, destinations(one, setOff), one.remark].filter(Boolean).join(" "),
    }));
  return {
    summary: summaryOf([
      counted(added.length, "workload added", "workloads added"),
      counted(removed.length, "workload removed", "workloads removed"),
      ...isolationCounts(isolated, "enters", "enter"),
      ...isolationCounts(exposed, "leaves", "leave"),
      counted(flows.closed.length + closedByDefault, "flow closed", "flows closed"),
      counted(flows.opened.length + openedByDefault, "flow opened", "flows opened"),
      counted(flows.changed.length, "flow with other conditions", "flows with other conditions"),
      counted(flows.undecidable.length, "flow not decidable", "flows not decidable"),
    ]),
    sentences: [
      ...workloads(added, "added", setOff),
      ...workloads(removed, "removed", setOff),
      ...isolation(isolated, ["enters", "enter"], "what no rule allows is refused", setOff),
      ...following(closedByDefault, "closes"),
      ...isolation(exposed, ["leaves", "leave"], "what no rule denies is allowed", setOff),
      ...following(openedByDefault, "opens"),
      ...tell("closed", together(flows.closed, remarks.reach), "can no longer reach"),
      ...tell("opened", together(flows.opened, remarks.reach), "can now reach"),
      ...tell("changed", together(flows.changed, remarks.changed), "→"),
      ...tell("not decidable", together(flows.undecidable, remarks.undecidable), "→"),
    ],
  };
}

function isolationCounts(changes: readonly IsolationChange[], one: string, several: string): string[] {
  const [nodes, workloads] = [true, false].map(
    (areNodes) => directionsOf(changes.filter(({ kind }) => (kind === "node") === areNodes)).size,
  );
  return [
    counted(workloads ?? 0, `workload ${one} default deny`, `workloads ${several} default deny`),
    counted(nodes ?? 0, `node ${one} default deny`, `nodes ${several} default deny`),
  ];
}

/** Flows that one sentence tells: they have their sources in common, or their only destination. */
type Together = {
  readonly from: readonly string[];
  readonly to: readonly { readonly names: readonly string[]; readonly ports: string }[];
  readonly remark: string;
};

type Phrase = { readonly from: string; readonly to: string; readonly ports: string; readonly remark: string };

/** Flows that agree in one end are told together. */
function together<F extends FlowChange>(flows: readonly F[], remark: (flow: F) => string): Together[] {
  const phrases = flows.map(
    (flow): Phrase => ({ from: flow.from.name, to: flow.to.name, ports: portsText(flow.ports), remark: remark(flow) }),
  );
  const groups = [...Map.groupBy(phrases, ({ to, ports, remark }) => JSON.stringify([to, ports, remark])).values()];
  const single = groups.filter(({ length }) => length === 1).flat();
  return [
    ...groups.filter(({ length }) => length > 1).flatMap((group) => sentence(group, group.slice(0, 1))),
    ...[...Map.groupBy(single, ({ from, remark }) => JSON.stringify([from, remark])).values()].flatMap((group) =>
      sentence(group.slice(0, 1), group),
    ),
  ];
}

const sentence = (sources: readonly Phrase[], destinations: readonly Phrase[]): Together[] =>
  sources.slice(0, 1).map(({ remark }) => ({
    from: sources.map(({ from }) => from),
    to: [...Map.groupBy(destinations, ({ ports }) => ports)].map(([ports, alike]) => ({
      names: alike.map(({ to }) => to),
      ports,
    })),
    remark,
  }));

const following = (flows: number, verb: string): Sentence[] =>
  flows === 0 ? [] : [{ topic: "default deny", text: `that alone ${verb} ${flows} flows on every port or nearly so` }];

/** Ends with their ports. What is attached to a name (`:5432`) belongs to it; ` on every port` is told once for all. */
function destinations({ from, to }: Together, setOff: SetOff): string {
  const itself = (name: string) => (from.length === 1 && from[0] === name ? "itself" : name);
  return list(
    to.flatMap(({ names, ports }) => {
      const [attached = ""] = /^:\S*/.exec(ports) ?? [];
      const written = names.map((name) => setOff(itself(name) + attached));
      return attached === ""
        ? [`${list(written)}${ports}`]
        : written.map((name) => name + ports.slice(attached.length));
    }),
  );
}

const workloads = (names: readonly string[], what: string, setOff: SetOff): Sentence[] =>
  names.length === 0
    ? []
    : [{ topic: "workloads", text: `${list(names.map(setOff))} ${names.length === 1 ? "is" : "are"} ${what}` }];

function isolation(
  changes: readonly IsolationChange[],
  [one, several]: readonly [string, string],
  meaning: string,
  setOff: SetOff,
): Sentence[] {
  const byDirection = Map.groupBy([...directionsOf(changes)], ([, directions]) => directions);
  return [...byDirection].map(([directions, endpoints]) => ({
    topic: "default deny",
    text: `${list(endpoints.map(([name]) => setOff(name)))} ${endpoints.length === 1 ? one : several} default deny ${directions}: ${meaning}`,
  }));
}

/** How many items are named before the rest is counted. */
const named = 8;

/** `a`, `a and b`, `a, b and 12 others`. */
function list(items: readonly string[]): string {
  const shown = items.length <= named + 1 ? items : [...items.slice(0, named), `${items.length - named} others`];
  return shown.length === 1 ? shown.join() : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

const counted = (count: number, one: string, several: string): string =>
  count === 0 ? "" : `${count} ${count === 1 ? one : several}`;

const summaryOf = (parts: readonly string[]): string => parts.filter(Boolean).join(", ") || "no difference";
