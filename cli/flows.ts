/** The allowed flows of a source, as the commands print them. */

import { compile } from "../cilium/reach/compile/network.ts";
import type { AllowedSpan } from "../cilium/reach/decide/spans.ts";
import { undecidableText } from "../cilium/reach/decide/verdict.ts";
import { conditionsOf } from "../cilium/reach/report/conditions.ts";
import { type Connection, connections } from "../cilium/reach/report/connections.ts";
import { portsText } from "../cilium/reach/report/diff-ports.ts";
import { peerText } from "../cilium/reach/report/explain.ts";
import type { Source } from "./sources/source.ts";

/** Every connection that policies allow, or that is not decidable, but for a node's to its own pods, which nothing can prevent. */
export const flowsOf = ({ policies, inventory }: Pick<Source, "policies" | "inventory">): Connection[] =>
  connections(compile(policies, inventory)).filter((connection) => !isProbe(connection));

const isProbe = ({ source, spans }: Connection): boolean =>
  source.peer.kind === "entity" &&
  source.peer.entity === "host" &&
  spans.every(({ from, to, verdict: { ingress } }) => from === 0 && to === 65535 && ingress.verdict === "allowed");

/** Whether a policy decides about a connection, at one of its ends at least. */
export const isGoverned = ({ verdict: { egress, ingress } }: AllowedSpan): boolean =>
  [egress, ingress].some((end) => end.verdict !== "allowed" || end.by.kind === "rules");

/** A connection on the ports on which some policy certainly allows it. */
export const certain = (connection: Connection): Connection => ({
  ...connection,
  spans: connection.spans.filter((span) => isDecidable(span) && isGoverned(span)),
});

export const isDecidable = ({ verdict }: AllowedSpan): boolean => verdict.outcome !== "undecidable";

/** `8080`, `53/TCP+UDP` or `every port`. */
export const portList = (spans: readonly AllowedSpan[]): string => portsText(spans).replace(/^(:| on | by )/, "");

/** What a connection on these ports has to satisfy besides. */
export function conditionList({ verdict }: AllowedSpan): string[] {
  const undecided = [verdict.egress, verdict.ingress].flatMap((end) =>
    end.verdict === "undecidable" ? [undecidableText(end.reason)] : [],
  );
  return [
    ...conditionsOf(verdict),
    ...(verdict.outcome === "allowed-once-resolved" ? ["once resolved"] : []),
    ...undecided.map((reason) => `not decidable: ${reason}`),
  ];
}

export interface ListedFlow {
  readonly from: string;
  readonly to: string;
  /** Ports that are alike in their conditions. */
  readonly ports: string;
  readonly spans: readonly AllowedSpan[];
  readonly conditions: readonly string[];
}

/** A connection as one flow for each set of conditions. */
export const listed = ({ source, destination, spans }: Connection): ListedFlow[] =>
  [...Map.groupBy(spans, (span) => conditionList(span).join("; ")).values()].map((alike) => ({
    from: peerText(source.peer),
    to: peerText(destination.peer),
    ports: portList(alike),
    spans: alike,
    conditions: [...new Set(alike.flatMap(conditionList))],
  }));

/** The spans as data. */
export const spanData = (spans: readonly AllowedSpan[]) =>
  spans.map(({ protocol, from, to }) => ({ protocol, from, to }));
