/** Statements of the same source as one, the names on a port together. */
import type { Statement } from "../model/flow.ts";
import { fqdn } from "../model/peers/fqdns.ts";
import { type Destination, peerName } from "../model/peers.ts";
import { portText } from "../model/ports.ts";
import { homeOf } from "./write.ts";

/** One statement for each source, in the file that it belongs to. They have neither purpose nor proxy. */
export function gathered(statements: readonly Statement[]): Statement[] {
  const bySource = Map.groupBy(
    statements,
    (statement) => `${homeOf(statement)} ${statement.sources.map(peerName).join()}`,
  );
  return [...bySource.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const destinations = [first, ...others].flatMap((statement) => statement.destinations);
    return { ...first, destinations: withNamesTogether(destinations) };
  });
}

function withNamesTogether(destinations: readonly Destination[]): Destination[] {
  const named = destinations.flatMap(({ peer, ports }) =>
    peer.kind === "fqdns" ? peer.names.map((name) => ({ name, ports })) : [],
  );
  const byPort = Map.groupBy(named, ({ ports }) => ports.map(portText).join());
  return [
    ...destinations.filter(({ peer }) => peer.kind !== "fqdns"),
    ...[...byPort.values()].map((group) => {
      const names = new Set(group.map(({ name }) => name));
      return fqdn(...[...names].sort()).on(...(group[0]?.ports ?? []));
    }),
  ];
}
