/**
 * What would have to be written for connections of a record to be allowed: exactly what was seen, no wildcard, no wider
 * range, nothing from or to the world at large.
 */
import type { ConfiguredCluster } from "../model/cluster.ts";
import type { Statement } from "../model/flow.ts";
import type { Peer } from "../reach/compile/inventory.ts";
import type { Addition } from "../write/addition.ts";
import type { SourceFile } from "../write/file.ts";
import { gathered } from "../write/gathered.ts";
import { type Proposal, statementOf, undeclared } from "../write/statement.ts";
import { write } from "../write/write.ts";
import type { End } from "./end.ts";
import type { Group } from "./groups.ts";
import type { Connection } from "./record.ts";
import type { FindWorkload } from "./workload.ts";

/** A group that no line is suggested for, and why. */
export type Unsuggested = { readonly group: Group; readonly reason: string };

export type Suggestions = { readonly additions: readonly Addition[]; readonly without: readonly Unsuggested[] };

export function suggest(
  groups: readonly Group[],
  cluster: ConfiguredCluster,
  files: readonly SourceFile[],
  find: FindWorkload,
  namesOf: (connection: Connection) => readonly string[],
): Suggestions {
  const statements: Statement[] = [];
  const without: Unsuggested[] = [];
  for (const group of groups) {
    if (group.byDenyRule) {
      without.push({ group, reason: "a deny rule refuses it, and wins over every flow" });
      continue;
    }
    const stated = group.connections.flatMap((one) => statedAs(one, cluster, files, find, namesOf(one)));
    statements.push(...stated.flatMap((one) => (one.kind === "statement" ? one.statement : [])));
    const refused = stated.find((one) => one.kind === "none");
    if (refused !== undefined) without.push({ group, reason: refused.reason });
  }
  return { additions: write(gathered(statements), files), without };
}

/** The statement for a connection, or one for each name of its destination. */
export function statedAs(
  { source, destination, protocol, port }: Connection,
  cluster: ConfiguredCluster,
  files: readonly SourceFile[],
  find: FindWorkload,
  names: readonly string[],
): Proposal[] {
  for (const end of [source, destination]) {
    if (end.kind === "pod" && find(end) === undefined) return [{ kind: "none", reason: undeclared(end, files) }];
  }
  if (source.kind === "outside" && !source.isApiServer) {
    const reason = "it comes from outside the cluster; say in the program who may, a record does not tell";
    return [{ kind: "none", reason }];
  }
  if (destination.kind === "outside" && destination.standsForMore) {
    return [{ kind: "none", reason: "it goes to more addresses than are told apart; narrow the record down" }];
  }
  const named = destination.kind === "outside" ? names.map((name): Peer => ({ kind: "fqdn", name })) : [];
  const destinations = named.length > 0 ? named : [peerOf(destination, find)];
  return destinations.map((to) =>
    statementOf({ source: peerOf(source, find), destination: to, protocol, port }, cluster, files),
  );
}

function peerOf(end: End, find: FindWorkload): Peer {
  switch (end.kind) {
    case "pod": {
      const { namespace, name } = find(end) ?? end;
      return { kind: "endpoint", namespace, name };
    }
    case "entity":
      return { kind: "entity", entity: end.entity };
    case "outside":
      return end.isApiServer ? { kind: "entity", entity: "kube-apiserver" } : { kind: "address", address: end.address };
  }
}
