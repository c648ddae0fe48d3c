/** What a later state of a cluster has that a program does not say yet. */
import { type Cluster, type ConfiguredCluster, subjects } from "../model/cluster.ts";
import { flowsOf, type Statement } from "../model/flow.ts";
import { type Peer, peerName, type Subject } from "../model/peers.ts";
import { type Port, portNames, tcp } from "../model/ports.ts";

export interface News {
  readonly subjects: readonly Subject[];
  /** Of what the program's subjects and these do; the former as the program declares them. */
  readonly statements: readonly Statement[];
}

/** @param later what the policies of the later state are as flows */
export function newsOf(later: Cluster, program: ConfiguredCluster): News {
  const own = new Map(subjects(program).map((subject) => [identityOf(subject), subject]));
  const known = (peer: Peer): Peer => (isSubject(peer) ? (own.get(identityOf(peer)) ?? peer) : peer);
  const port = tcp(program.settings.apiServerPort);
  const said = new Set(
    [...program.flows, ...program.denials].flatMap(({ from, to, ports, ...terms }) =>
      ports.map((port) => keyOf(from, to, port, terms)),
    ),
  );
  const statements = [...later.namespaces, later.clusterwide].flatMap((one) => one.statements);
  return {
    subjects: subjects(later).filter((subject) => !own.has(identityOf(subject))),
    statements: statements.flatMap((statement) =>
      flowsOf(statement, port).flatMap(({ from, to, ports, ...terms }): Statement[] => {
        const [source, destination] = [known(from), known(to)];
        const left = ports.filter((port) => !said.has(keyOf(source, destination, port, terms)));
        if (left.length === 0 || source.kind === "fqdns" || source.kind === "service") return [];
        return [{ ...terms, sources: [source], destinations: [{ kind: "ports", peer: destination, ports: left }] }];
      }),
    ),
  };
}

const isSubject = (peer: Peer): peer is Subject =>
  peer.kind === "workload" || peer.kind === "clusterwide-group" || peer.kind === "node-group";

/** Equal for those that select alike, whatever they are called. */
function identityOf(subject: Subject): string {
  const labels = Object.entries(subject.labels).sort();
  switch (subject.kind) {
    case "workload":
      return JSON.stringify([subject.namespace, labels]);
    case "clusterwide-group":
      return JSON.stringify([subject.kind, subject.namespaces, labels]);
    case "node-group":
      return JSON.stringify([subject.kind, labels]);
  }
}

type Terms = Omit<Statement, "sources" | "destinations">;

const keyOf = (from: Peer, to: Peer, port: Port, { isDenied, isAuthenticated, carried }: Terms): string =>
  JSON.stringify([peerName(from), peerName(to), portNames(port).toSorted(), isDenied, isAuthenticated, carried]);
