/** A record of flows replayed against policies: what they would drop, and where record and program differ. */
import type { ConfiguredCluster } from "../model/cluster.ts";
import type { Policy } from "../policy/schema.ts";
import { policyAt } from "../reach/compile/network.ts";
import { ruleText } from "../reach/compile/rules.ts";
import type { EndVerdict } from "../reach/decide/decide.ts";
import { ByEnds } from "./between.ts";
import { podClusters } from "./cluster.ts";
import { compareWithFlows, type UnseenFlow } from "./declared.ts";
import type { End } from "./end.ts";
import { type Group, groupJudgements } from "./groups.ts";
import { type Judged, type Judgement, judge, type Surroundings } from "./judge.ts";
import type { Lookup } from "./lookups.ts";
import { refusalJudge, type UnusedNames, unlistedLookups, unusedNames } from "./names.ts";
import { endNames, type NameEnds } from "./naming.ts";
import { type Connection, type FlowRecord, recordedEnds } from "./record.ts";
import { letsThrough, type Request } from "./requests.ts";
import { type Times, widen } from "./times.ts";
import { endName, type FindWorkload } from "./workload.ts";

export type Replay = {
  /** Let through when recorded, and dropped by the policies. */
  readonly dropped: readonly Group[];
  /** Dropped when recorded, and let through by the policies. */
  readonly newlyAllowed: readonly Group[];
  /** Dropped when recorded, and by the policies too. */
  readonly stillDropped: readonly Group[];
  /** Allowed, in a namespace of the program, and stated by no flow. Empty without a program. */
  readonly undeclared: readonly Group[];
  /** Requests that were let through, and that the HTTP proxy would refuse though it takes the connection. */
  readonly refusedRequests: readonly RequestGroup[];
  /** Requests that the HTTP proxy refused, and would let through. */
  readonly newlyAllowedRequests: readonly RequestGroup[];
  /** Names that were answered, and that the DNS proxy would refuse to look up. */
  readonly refused: readonly LookedUp[];
  /** Names that the DNS proxy refused, and would let through. */
  readonly newlyResolved: readonly LookedUp[];
  /** Names that were looked up, and that no list of names covers. */
  readonly unlisted: readonly LookedUp[];
  /** Flows of the program that nothing used. */
  readonly unseen: readonly UnseenFlow[];
  /** Allow rules that nothing used: `argocd/server egress[1].toPorts[0]`. Empty with a program, which has flows. */
  readonly unusedRules: readonly string[];
  readonly unusedNames: readonly UnusedNames[];
  /** How many flows are allowed, and by what. */
  readonly allowed: number;
  readonly allowedBy: AllowedBy;
  /** How many flows are not judged, by reason. */
  readonly notJudged: ReadonlyMap<string, number>;
  /** The names of clusters in the record that the policies are not judged for. */
  readonly otherClusters: readonly string[];
  /** Whether a policy governs anybody in the record. */
  readonly isConcerned: boolean;
};

/** Flows by what allows them. */
export type AllowedBy = {
  /** A rule at one end at least. */
  readonly rule: number;
  /** No policy governs either end. */
  readonly noPolicy: number;
  /** A rule that hands the connection to a proxy with a list, and the record does not say what was asked for. */
  readonly notCompared: number;
};

export type LookedUp = Times & { readonly workload: string; readonly name: string; count: number };

export type RequestGroup = Times & {
  readonly source: string;
  readonly destination: string;
  readonly port: string;
  readonly method: string;
  readonly path: string;
  count: number;
};

/**
 * Replays a record. `program` is given when the policies are its own: then flows are compared too.
 * @param find which workload of the program a pod is
 */
export function replay(
  record: FlowRecord,
  policies: readonly Policy[],
  surroundings: Surroundings,
  find: FindWorkload,
  program: ConfiguredCluster | undefined,
): Replay {
  return replayJudged(record, policies, surroundings, find, program, judge(record, policies, surroundings));
}

/** Like `replay`, for those who have more questions to the same judgements. */
export function replayJudged(
  record: FlowRecord,
  policies: readonly Policy[],
  { cluster }: Surroundings,
  find: FindWorkload,
  program: ConfiguredCluster | undefined,
  judged: Judged,
): Replay {
  const { judgements } = judged;
  const denied = judgements.filter(({ outcome }) => outcome === "denied");
  const allowed = judgements.filter((judgement) => judgement.outcome === "allowed");
  const name = endNames(record, find, cluster);
  const flows = program && compareWithFlows(record, program, find, judged);
  const own = new Set(program?.namespaces.map((namespace) => namespace.name));
  const unstated = allowed.filter(
    ({ connection }) => flows?.undeclared.has(connection) && isAbout(connection, own) && !isFromOwnNode(connection),
  );
  const requests = judgeRequests(record.requests, judged);
  const group = (list: readonly Judgement[], counts: (connection: Connection) => boolean) =>
    groupJudgements(
      list.filter(({ connection }) => counts(connection)),
      name,
    );
  const requestGroups = (list: readonly Request[], count: "passed" | "refused") => groupRequests(list, count, name);
  const isRefused = refusalJudge(judged);
  const lookups = Map.groupBy(record.lookups, isRefused);
  const lookupGroups = (list: readonly Lookup[] | undefined, count: "count" | "refused" = "count") =>
    groupLookups(list ?? [], count, find, cluster);
  const refusedRequests = requestGroups(requests.refused, "passed");
  const refusedCount = refusedRequests.reduce((sum, { count }) => sum + count, 0);
  return {
    dropped: group(denied, ({ passed }) => passed > 0),
    newlyAllowed: group(allowed, ({ dropped }) => dropped > 0),
    stillDropped: group(denied, ({ passed }) => passed === 0),
    undeclared: group(unstated, () => true),
    refusedRequests,
    newlyAllowedRequests: requestGroups(requests.let, "refused"),
    refused: lookupGroups(lookups.get(true)),
    newlyResolved: lookupGroups(lookups.get(false), "refused"),
    unlisted: lookupGroups(unlistedLookups(record, judged)),
    unseen: flows?.unseen ?? [],
    unusedRules: program === undefined ? unusedRules(judged) : [],
    unusedNames: unusedNames(record, policies, judged),
    allowed: allowed.reduce((sum, { connection }) => sum + flowCount(connection), 0) - refusedCount,
    allowedBy: allowedBy(allowed, record, requests.refused),
    notJudged: notJudged(record, judgements),
    otherClusters: podClusters(record).filter((name) => name !== cluster),
    isConcerned: [...recordedEnds(record)].some((end) => isGoverned(end, judged)),
  };
}

const flowCount = ({ passed, dropped }: Connection): number => passed + dropped;

const isAbout = ({ source, destination }: Connection, namespaces: ReadonlySet<string>): boolean =>
  [source, destination].some((end) => end.kind === "pod" && namespaces.has(end.namespace));

/** A pod's own node may always reach it, for its probes; that needs no flow. */
const isFromOwnNode = ({ source, destination }: Connection): boolean =>
  source.kind === "entity" &&
  (source.entity === "host" || source.entity === "control-plane-host") &&
  destination.kind === "pod";

/** Whether a policy governs an end of the record. */
function isGoverned(end: End, { network, partyOf }: Judged): boolean {
  if (end.kind === "outside") return false;
  const policy = policyAt(network, partyOf(end));
  return (
    policy !== undefined &&
    [policy.ingress, policy.egress].some(
      ({ rules, defaultDeny, unknownSubject }) => rules.length > 0 || defaultDeny || unknownSubject !== undefined,
    )
  );
}

type JudgedRequests = { readonly refused: readonly Request[]; readonly let: readonly Request[] };

/** The requests on connections that are allowed, held against the lists of the rules that take them to the HTTP proxy. */
function judgeRequests(requests: readonly Request[], { verdictOf }: Judged): JudgedRequests {
  const judged = requests.map((request) => {
    const { egress, ingress } = verdictOf(request.source, request.destination, "TCP", request.port);
    return { request, ends: [egress, ingress].map((end) => lets(end, request)) };
  });
  return {
    refused: judged.flatMap(({ request, ends }) => (ends.includes("no") && !ends.includes("denied") ? [request] : [])),
    let: judged.flatMap(({ request, ends }) => (ends.every((end) => end === "yes") ? [request] : [])),
  };
}

function lets(end: EndVerdict, request: Request): "yes" | "no" | "unknown" | "denied" {
  if (end.verdict === "denied") return "denied";
  if (end.verdict === "undecidable") return "unknown";
  if (end.redirect === undefined) return "yes";
  if (end.redirect.parser !== "http") return "unknown";
  if (end.redirect.lets === "everything") return "yes";
  const passes = letsThrough(end.redirect.lets, request);
  return passes === undefined ? "unknown" : passes ? "yes" : "no";
}

function allowedBy(
  allowed: readonly Extract<Judgement, { outcome: "allowed" }>[],
  { requests, lookups }: FlowRecord,
  refused: readonly Request[],
): AllowedBy {
  const told = new ByEnds<End, true>();
  for (const { source, destination, port } of requests) told.set({ source, destination, ...viaProxy, port }, true);
  for (const { pod, servers } of lookups) {
    for (const { end, port } of servers) told.set({ source: pod, destination: end, ...viaProxy, port }, true);
  }
  const counts = { rule: 0, noPolicy: 0, notCompared: 0 };
  for (const { connection, verdict } of allowed) {
    const ends = [verdict.egress, verdict.ingress];
    const { source, destination, port } = connection;
    const isTold = told.get({ source, destination, ...viaProxy, port }) === true;
    const kind = ends.some((end) => !isTold && isListed(end)) ? "notCompared" : ends.some(byRule) ? "rule" : "noPolicy";
    counts[kind] += flowCount(connection);
  }
  return { ...counts, rule: counts.rule - refused.reduce((sum, { passed }) => sum + passed, 0) };
}

/** What is asked for over either protocol is told. */
const viaProxy = { protocol: "TCP" } as const;

const byRule = (end: EndVerdict): boolean => end.verdict === "allowed" && end.by.kind === "rules";

/** Whether a proxy lets only some of what is asked for through. */
const isListed = (end: EndVerdict): boolean =>
  end.verdict === "allowed" &&
  end.redirect !== undefined &&
  !("lets" in end.redirect && end.redirect.lets === "everything");

function groupRequests(requests: readonly Request[], count: "passed" | "refused", name: NameEnds): RequestGroup[] {
  const groups = new Map<string, RequestGroup>();
  for (const request of requests) {
    if (request[count] === 0) continue;
    const { method, first, last } = request;
    const ends = name(request);
    // A query says little about what is asked for, and is different each time.
    const path = request.path.replace(/\?.*/, "");
    const port = `${request.port}/TCP`;
    const key = JSON.stringify([ends, port, method, path]);
    const group = groups.get(key) ?? { ...ends, port, method, path, count: 0, first, last };
    groups.set(key, group);
    group.count += request[count];
    widen(group, { first, last });
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
}

function groupLookups(
  lookups: readonly Lookup[],
  counted: "count" | "refused",
  find: FindWorkload,
  cluster: string,
): LookedUp[] {
  const groups = new Map<string, LookedUp>();
  for (const lookup of lookups) {
    if (lookup[counted] === 0) continue;
    const { pod, name, first, last } = lookup;
    const workload = endName(pod, find, [], cluster);
    const group = groups.get(`${workload} ${name}`) ?? { workload, name, count: 0, first, last };
    groups.set(`${workload} ${name}`, group);
    group.count += lookup[counted];
    widen(group, { first, last });
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
}

/** Allow rules that no connection of the record used, also of policies that select no pod of it. */
function unusedRules({ network, judgements }: Judged): string[] {
  const ends = judgements.flatMap((judgement) =>
    judgement.outcome === "allowed" ? [judgement.verdict.egress, judgement.verdict.ingress] : [],
  );
  const used = new Set(
    ends.flatMap((end) => (end.verdict === "allowed" && end.by.kind === "rules" ? end.by.rules.map(ruleText) : [])),
  );
  const references = network.rules.flatMap((rule) =>
    rule.effect !== "allow" || rule.peers.length === 0 ? [] : rule.references.map(ruleText),
  );
  return [...new Set(references)].filter((reference) => !used.has(reference));
}

function notJudged(record: FlowRecord, judgements: readonly Judgement[]): Map<string, number> {
  const reasons = new Map(record.notJudged);
  for (const judgement of judgements) {
    if (judgement.outcome !== "undecided") continue;
    reasons.set(judgement.reason, (reasons.get(judgement.reason) ?? 0) + flowCount(judgement.connection));
  }
  return reasons;
}
