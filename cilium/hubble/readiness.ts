/** Whether namespaces are ready to be enforced, by what was recorded of them. */
import { namespaceOf } from "../policy/parts.ts";
import type { Policy } from "../policy/schema.ts";
import { policyAt } from "../reach/compile/network.ts";
import type { UnseenFlow } from "./declared.ts";
import type { End } from "./end.ts";
import type { Group } from "./groups.ts";
import type { Judged } from "./judge.ts";
import type { FlowRecord } from "./record.ts";
import type { LookedUp, Replay, RequestGroup } from "./replay.ts";
import type { Run } from "./runs.ts";
import { type Times, widen } from "./times.ts";

export type Readiness = {
  readonly namespaces: readonly NamespaceReadiness[];
  /** The days within the record of which there is nothing, as `2026-11-24`. */
  readonly gaps: readonly string[];
};

/** What was recorded of a namespace. */
export type NamespaceReadiness = Times & {
  readonly namespace: string;
  /** Why it is not yet ready; none if it is. */
  readonly reasons: readonly string[];
  /** Of how many days there is something. */
  readonly days: number;
  readonly flows: number;
  /** Flows that are not judged, of those whose ends are known. */
  readonly notJudged: number;
  /** Let through when recorded, and refused at its end. */
  readonly dropped: readonly Group[];
  readonly refusedRequests: readonly RequestGroup[];
  readonly refusedLookups: readonly LookedUp[];
  /** Allowed, and stated by no flow. */
  readonly undeclared: readonly Group[];
  /** Declared, and never seen. */
  readonly unseen: readonly UnseenFlow[];
  readonly runs: readonly Run[];
};

export type Demands = {
  /** Of how many days there has to be a record. */
  readonly days: number;
  /** How many percent of a namespace's flows have to be judged, and of all events recorded. */
  readonly atLeast: number;
};

/**
 * The namespaces of the policies, and those of recorded pods that policies isolate.
 * @param namespaces those that are asked about besides
 */
export function readiness(
  record: FlowRecord,
  policies: readonly Policy[],
  namespaces: readonly string[],
  judged: Judged,
  replay: Replay,
  runs: readonly Run[],
  demands: Demands,
): Readiness {
  const own = [...policies.flatMap((policy) => namespaceOf(policy) ?? []), ...isolatedNamespaces(judged)];
  const gaps = missingDays(record);
  const common = reasonsOfRecord(record, gaps, demands);
  return {
    gaps,
    namespaces: [...new Set([...namespaces, ...own])].sort().map((namespace) => {
      const seen = seenOf(namespace, judged);
      const of = findingsOf(namespace, replay, runs);
      const days = record.days.get(namespace)?.size ?? 0;
      const reasons = seen.flows === 0 ? [nothing] : [...common, ...reasonsOf({ ...seen, ...of, days }, demands)];
      return { namespace, days, ...seen, ...of, reasons };
    }),
  };
}

function isolatedNamespaces({ judgements, network, partyOf }: Judged): string[] {
  const ends = new Set(judgements.flatMap(({ connection: { source, destination } }) => [source, destination]));
  return [...ends].flatMap((end) => {
    const policy = end.kind === "pod" ? policyAt(network, partyOf(end)) : undefined;
    const isIsolated = policy !== undefined && (policy.ingress.defaultDeny || policy.egress.defaultDeny);
    return end.kind === "pod" && isIsolated ? [end.namespace] : [];
  });
}

const nothing = "nothing of it is in the record";

type Findings = ReturnType<typeof findingsOf>;

function findingsOf(namespace: string, replay: Replay, runs: readonly Run[]) {
  const isIts = (end: string): boolean => end.startsWith(`${namespace}/`);
  const isAtItsEnd = ({ source, destination, refusedAt }: Group): boolean =>
    (refusedAt.includes("egress") && isIts(source)) || (refusedAt.includes("ingress") && isIts(destination));
  const isFlowOf = ({ flow: { from, to } }: UnseenFlow): boolean =>
    [from, to].some((peer) => peer.kind === "workload" && peer.namespace === namespace);
  return {
    dropped: replay.dropped.filter(isAtItsEnd),
    refusedRequests: replay.refusedRequests.filter((group) => isIts(group.source) || isIts(group.destination)),
    refusedLookups: replay.refused.filter(({ workload }) => isIts(workload)),
    undeclared: replay.undeclared.filter(({ source, destination }) => isIts(source) || isIts(destination)),
    unseen: replay.unseen.filter(isFlowOf),
    runs: runs.filter((run) => run.namespace === namespace),
  };
}

function seenOf(namespace: string, { judgements }: Judged): Times & Pick<NamespaceReadiness, "flows" | "notJudged"> {
  const isIts = (end: End): boolean => end.kind === "pod" && end.namespace === namespace;
  const seen = { first: "", last: "", flows: 0, notJudged: 0 };
  for (const { connection, outcome } of judgements) {
    if (!isIts(connection.source) && !isIts(connection.destination)) continue;
    const flows = connection.passed + connection.dropped;
    seen.flows += flows;
    if (outcome === "undecided") seen.notJudged += flows;
    widen(seen, connection);
  }
  return seen;
}

/** What speaks against every namespace. */
function reasonsOfRecord({ lostEvents, flows, missingNodes }: FlowRecord, gaps: readonly string[], demands: Demands) {
  const share = (100 * flows) / (flows + lostEvents);
  return [
    ...(gaps.length > 0 ? [`nothing was recorded on ${shortened(gaps)}`] : []),
    ...(share < demands.atLeast ? [`Hubble lost ${counted(lostEvents, "event")}`] : []),
    ...(missingNodes.size > 0 ? [`nothing came from ${shortened([...missingNodes])}`] : []),
  ];
}

function reasonsOf(
  seen: Findings & Pick<NamespaceReadiness, "days" | "flows" | "notJudged">,
  { days, atLeast }: Demands,
): string[] {
  const { dropped, refusedRequests, refusedLookups, runs, flows, notJudged } = seen;
  const judgedShare = (100 * (flows - notJudged)) / flows;
  return [
    ...(seen.days < days ? [`recorded on ${seen.days} of ${counted(days, "day")}`] : []),
    ...(dropped.length > 0 ? [`${counted(dropped.length, "connection")} would be dropped`] : []),
    ...(refusedRequests.length > 0 ? [`${counted(refusedRequests.length, "request")} would be refused`] : []),
    ...(refusedLookups.length > 0 ? [`${counted(refusedLookups.length, "lookup")} would be refused`] : []),
    ...(judgedShare < atLeast ? [`${notJudged} of ${counted(flows, "flow")} are not judged`] : []),
    ...runs.filter(({ state }) => !harmless.has(state)).map(runText),
  ];
}

const harmless: ReadonlySet<Run["state"]> = new Set(["recorded", "finished", "suspended"]);

function runText({ kind, name, state, due, next }: Run): string {
  switch (state) {
    case "missing":
      return kind === "Job"
        ? `no run of Job ${name}`
        : `no run of CronJob ${name}, which was due ${counted(due, "time")}`;
    case "not due":
      return `CronJob ${name} was not due${next === undefined ? "" : ` before ${next.slice(0, 16).replace("T", " ")}`}`;
    case "unreadable schedule":
      return `no run of CronJob ${name}, whose schedule cannot be read`;
    case "recorded":
    case "finished":
    case "suspended":
      return "";
  }
}

const dayLength = 24 * 60 * 60 * 1000;

/** The days between the first and the last of a record of which there is nothing. */
function missingDays({ days }: FlowRecord): string[] {
  const known = [...(days.get("") ?? [])].sort();
  return known.flatMap((day, i) => {
    const next = known[i + 1];
    if (next === undefined) return [];
    const between = Math.round((Date.parse(next) - Date.parse(day)) / dayLength) - 1;
    return Array.from({ length: between }, (_, n) =>
      new Date(Date.parse(day) + (n + 1) * dayLength).toISOString().slice(0, day.length),
    );
  });
}

const shown = 3;

const shortened = (items: readonly string[]): string =>
  [...items.slice(0, shown), ...(items.length > shown ? [`${items.length - shown} more`] : [])].join(", ");

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;
