/**
 * Verdicts held against those that Hubble recorded, end by end: where all agree, the verdicts of these policies are those
 * of the cluster that the record is from.
 */
import type { Policy } from "../policy/schema.ts";
import { type Direction, ruleText } from "../reach/compile/rules.ts";
import { type EndVerdict, undecidableText } from "../reach/decide/verdict.ts";
import { attribute, type Cause, causeText } from "./cause.ts";
import { type ComparedEnd, compareEnds } from "./compared.ts";
import type { Decision } from "./decision.ts";
import { deniedByText } from "./groups.ts";
import { judge, type Surroundings } from "./judge.ts";
import type { NameEnds } from "./naming.ts";
import type { Connection, Example, FlowRecord } from "./record.ts";
import { type Times, widen } from "./times.ts";

export type Calibration = {
  /** Connections with an end at which a decision was recorded and is judged. */
  readonly compared: number;
  /** Those of them where every such end agrees in verdict, proxy and deciding policies, as far as they were recorded. */
  readonly agreeing: number;
  /** Ends of which the record tells what decided. */
  readonly deciders: number;
  readonly disagreements: readonly Disagreement[];
  /** Connections that are not compared, by reason. */
  readonly notCompared: ReadonlyMap<string, number>;
};

/** Connections of the same ends on the same port that disagree in the same way. */
export type Disagreement = Times & {
  readonly source: string;
  readonly destination: string;
  readonly port: string;
  readonly direction: Direction;
  /** `allowed by CiliumNetworkPolicy shop/web` */
  readonly recorded: string;
  readonly here: string;
  /** Whatever may be the cause, as far as the record tells. */
  readonly causes: readonly Cause[];
  connections: number;
  readonly example: Example;
};

/** @param broken policies that cannot be judged as they are written, by `CiliumNetworkPolicy shop/web`, and why */
export function calibrate(
  record: FlowRecord,
  policies: readonly Policy[],
  surroundings: Surroundings,
  name: NameEnds,
  broken: ReadonlyMap<string, string>,
): Calibration {
  const judged = judge(record, policies, surroundings);
  const ends = compareEnds(judged);
  const differing = ends.filter((end) => end.state === "differs");
  const causes = attribute(record, policies, surroundings, judged.network, ends, broken);
  const compared = new Set(ends.flatMap((end) => (end.state === "open" ? [] : [end.connection])));
  const disagreeing = new Set(differing.map(({ connection }) => connection));
  return {
    compared: compared.size,
    agreeing: compared.size - disagreeing.size,
    deciders: ends.filter(({ state, recorded }) => state !== "open" && recorded.some(({ by }) => by)).length,
    disagreements: grouped(differing, causes, name),
    notCompared: notCompared(record, ends, compared),
  };
}

function grouped(
  differing: readonly Extract<ComparedEnd, { state: "differs" }>[],
  causes: ReadonlyMap<ComparedEnd, readonly Cause[]>,
  name: NameEnds,
): Disagreement[] {
  const groups = new Map<string, Disagreement>();
  for (const end of differing) {
    const { connection, direction } = end;
    const ends = name(connection);
    const port = `${connection.port}/${connection.protocol}`;
    const [recorded, here] = [decisionText(end.differing), endText(end.here)];
    const because = causes.get(end) ?? [];
    const key = JSON.stringify([ends, port, direction, recorded, here, because.map(causeText)]);
    const { first, last, example } = connection;
    const group = groups.get(key) ?? {
      ...{ ...ends, port, direction, recorded, here, causes: because, connections: 0, first, last, example },
    };
    groups.set(key, group);
    group.connections++;
    widen(group, { first, last });
  }
  return [...groups.values()].sort((a, b) => b.connections - a.connections);
}

function decisionText({ outcome, by, isRedirected }: Decision): string {
  const what = isRedirected ? "redirected to a proxy" : outcome;
  switch (by?.kind) {
    case undefined:
      return what;
    case "policies":
      return `${what} by ${by.policies.join(", ")}`;
    case "rule":
      return `${what} by a rule`;
    case "no-rule":
      return outcome === "allowed" ? `${what}, by no rule of a policy` : `${what} by default deny`;
  }
}

function endText(end: EndVerdict): string {
  switch (end.verdict) {
    case "undecidable":
      return undecidableText(end.reason);
    case "denied":
      return `denied by ${deniedByText(end.by)}`;
    case "allowed":
      return `${end.redirect === undefined ? "allowed" : `redirected to ${end.redirect.parser}`}${allowedByText(end.by)}`;
  }
}

type AllowedBy = Extract<EndVerdict, { verdict: "allowed" }>["by"];

function allowedByText(by: AllowedBy): string {
  switch (by.kind) {
    case "rules":
      return ` by ${by.rules.map(ruleText).join(", ")}`;
    case "no-default-deny":
      return ", under no policy";
    case "allow-localhost":
      return ", as its own node";
    case "not-enforced":
      return ", no policy is enforced";
    case "audit-mode":
      return ` by the audit mode, denied by ${deniedByText(by.denied)}`;
  }
}

function notCompared(
  { connections }: FlowRecord,
  ends: readonly ComparedEnd[],
  compared: ReadonlySet<Connection>,
): Map<string, number> {
  const open = new Map(ends.flatMap((end) => (end.state === "open" ? [[end.connection, end.reason] as const] : [])));
  const reasons = new Map<string, number>();
  for (const connection of connections) {
    if (compared.has(connection)) continue;
    const reason = open.get(connection) ?? "at neither end a pod of this cluster with a recorded decision";
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return reasons;
}
