/** Connections of the same two workloads on the same port, added up: what a person reads. */
import { policyText } from "../policy/parts.ts";
import type { Direction } from "../reach/compile/rules.ts";
import { ruleText } from "../reach/compile/rules.ts";
import type { DeniedBy } from "../reach/decide/verdict.ts";
import type { Denial, Judgement } from "./judge.ts";
import type { NameEnds } from "./naming.ts";
import { onceEach } from "./once.ts";
import type { Connection, Example } from "./record.ts";
import { type Times, widen } from "./times.ts";

export type Group = Times & {
  readonly source: string;
  /** `namespace/name`, an entity, DNS names, or an address without one. */
  readonly destination: string;
  /** `5432/TCP`, `8/ICMP` for a type. */
  readonly port: string;
  /** `egress by argocd/server: default deny`; empty for what is allowed. */
  readonly refusals: readonly string[];
  /** The ends that refuse. */
  readonly refusedAt: readonly Direction[];
  /** Whether a deny rule refuses it, which no further flow can lift. */
  readonly byDenyRule: boolean;
  /** How many flows the cluster let through and dropped when they were recorded. */
  passed: number;
  dropped: number;
  readonly example: Example;
  readonly connections: readonly Connection[];
};

/** The judgements in groups, most seen first. */
export function groupJudgements(judgements: readonly Judgement[], name: NameEnds): Group[] {
  const groups = new Map<string, Group & { connections: Connection[] }>();
  const refusalTexts = onceEach((refused: readonly Denial[]) => refused.map(refusalText));
  for (const judgement of judgements) {
    const { connection } = judgement;
    const ends = name(connection);
    const port = `${connection.port}/${connection.protocol}`;
    const refused = judgement.outcome === "denied" ? judgement.refusals : none;
    const refusals = refusalTexts(refused);
    const key = [ends.source, ends.destination, port, ...refusals].join("\n");
    let group = groups.get(key);
    if (group === undefined) {
      const { first, last, example } = connection;
      const byDenyRule = refused.some(({ by }) => by.kind === "rules");
      const refusedAt = refused.map(({ direction }) => direction);
      group = {
        ...ends,
        port,
        refusals,
        refusedAt,
        byDenyRule,
        passed: 0,
        dropped: 0,
        first,
        last,
        example,
        connections: [],
      };
      groups.set(key, group);
    }
    group.passed += connection.passed;
    group.dropped += connection.dropped;
    group.connections.push(connection);
    widen(group, connection);
  }
  return [...groups.values()].sort((a, b) => b.passed + b.dropped - (a.passed + a.dropped));
}

const none: readonly Denial[] = [];

const refusalText = ({ direction, by }: Denial): string => `${direction} by ${deniedByText(by)}`;

export function deniedByText(by: DeniedBy): string {
  switch (by.kind) {
    case "rules":
      return by.rules.map(ruleText).join(", ");
    case "default-deny":
      return by.policies.length === 0 ? "default deny" : `default deny of ${by.policies.map(policyText).join(", ")}`;
    case "unresolvable":
      return `nobody's look-up of ${by.name} through the DNS proxy`;
    case "protocol-off":
      return `the agent, since ${by.key} is not set`;
  }
}
