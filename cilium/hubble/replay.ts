/** A record of flows replayed against policies: what they would drop, and where record and program differ. */
import type { ConfiguredCluster } from "../model/cluster.ts";
import type { Policy } from "../policy/schema.ts";
import { ruleText } from "../reach/compile/rules.ts";
import { compareWithFlows, type UnseenFlow } from "./declared.ts";
import { type Group, groupJudgements, type NameConnection } from "./groups.ts";
import { type Judged, type Judgement, judge, type Surroundings } from "./judge.ts";
import { refusedLookups, type UnusedNames, unlistedLookups, unusedNames } from "./names.ts";
import { type Connection, extend, type FlowRecord, type Lookup, type Times } from "./record.ts";
import { endName, type FindWorkload } from "./workload.ts";

export type Replay = {
  /** Let through when recorded, and dropped by the policies. */
  readonly dropped: readonly Group[];
  /** Dropped when recorded, and by the policies too. */
  readonly stillDropped: readonly Group[];
  /** Allowed, in a namespace of the program, and stated by no flow. Empty without a program. */
  readonly undeclared: readonly Group[];
  /** Names that were answered, and that the DNS proxy would refuse to look up. */
  readonly refused: readonly LookedUp[];
  /** Names that were looked up, and that no list of names covers. */
  readonly unlisted: readonly LookedUp[];
  /** Flows of the program that nothing used. */
  readonly unseen: readonly UnseenFlow[];
  /** Allow rules that nothing used: `argocd/server egress[1].toPorts[0]`. Empty with a program, which has flows. */
  readonly unusedRules: readonly string[];
  readonly unusedNames: readonly UnusedNames[];
  /** How many flows are allowed, and how many are not judged, by reason. */
  readonly allowed: number;
  readonly notJudged: ReadonlyMap<string, number>;
  /** The names of clusters in the record that the policies are not judged for. */
  readonly otherClusters: readonly string[];
};

export type LookedUp = Times & { readonly workload: string; readonly name: string; count: number };

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
  const judged = judge(record, policies, surroundings);
  const { judgements } = judged;
  const denied = judgements.filter(({ outcome }) => outcome === "denied");
  const allowed = judgements.filter(({ outcome }) => outcome === "allowed");
  const namesOf = destinationNames(record);
  const name: NameConnection = (connection) => ({
    source: connection.source.kind === "outside" ? "outside" : endName(connection.source, find, []),
    destination: endName(connection.destination, find, namesOf(connection)),
  });
  const flows = program && compareWithFlows(record, program, find, judged);
  const own = new Set(program?.namespaces.map((namespace) => namespace.name));
  const unstated = allowed.filter(
    ({ connection }) => flows?.undeclared.has(connection) && isAbout(connection, own) && !isFromOwnNode(connection),
  );
  return {
    dropped: groupJudgements(
      denied.filter(({ connection }) => connection.passed > 0),
      name,
    ),
    stillDropped: groupJudgements(
      denied.filter(({ connection }) => connection.passed === 0),
      name,
    ),
    undeclared: groupJudgements(unstated, name),
    refused: groupLookups(refusedLookups(record, judged), find),
    unlisted: groupLookups(unlistedLookups(record, judged), find),
    unseen: flows?.unseen ?? [],
    unusedRules: program === undefined ? unusedRules(judged) : [],
    unusedNames: unusedNames(record, policies, judged),
    allowed: allowed.reduce((sum, { connection }) => sum + flowCount(connection), 0),
    notJudged: notJudged(record, judgements),
    otherClusters: otherClusters(record, surroundings.cluster),
  };
}

/**
 * The names of the address that a connection goes to, if it is outside the cluster: those that its pod looked up, if the
 * record has such lookups, else all that are known.
 */
export function destinationNames({ names, lookups }: FlowRecord): (connection: Connection) => readonly string[] {
  const lookedUp = new Map<string, string[]>();
  for (const { pod, name, inCluster, addresses } of lookups) {
    if (inCluster) continue;
    for (const address of addresses) {
      const key = `${pod.key} ${address}`;
      lookedUp.set(key, [...(lookedUp.get(key) ?? []), name]);
    }
  }
  return ({ source, destination }) => {
    if (destination.kind !== "outside") return [];
    const own = lookedUp.get(`${source.key} ${destination.key}`);
    return (own ?? [...(names.get(destination.address) ?? [])]).toSorted();
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

function groupLookups(lookups: readonly Lookup[], find: FindWorkload): LookedUp[] {
  const groups = new Map<string, LookedUp>();
  for (const { pod, name, count, first, last } of lookups) {
    const workload = endName(pod, find, []);
    const group = groups.get(`${workload} ${name}`) ?? { workload, name, count: 0, first, last };
    groups.set(`${workload} ${name}`, group);
    group.count += count;
    extend(group, first);
    extend(group, last);
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

function otherClusters({ connections }: FlowRecord, own: string): string[] {
  const names = connections.flatMap(({ source, destination }) =>
    [source, destination].flatMap((end) => (end.kind === "pod" && end.cluster !== undefined ? [end.cluster] : [])),
  );
  return [...new Set(names)].filter((name) => name !== own);
}
