/** A flow, stated once by the side that opens the connection; the policies of both ends follow from it. */
import { type Destination, type EntityPeer, isApiServer, type Peer, peerName, type Source } from "./peers.ts";
import type { Port } from "./ports.ts";

/** What a namespace's file says in one line: each of the sources may connect to each of the destinations. */
export interface Statement {
  readonly sources: readonly Source[];
  readonly destinations: readonly Destination[];
  /** Why, in the words of whoever runs the cluster. */
  readonly purpose: string | undefined;
  /** Whether the connections go through Envoy as HTTP, which gives Hubble its HTTP metrics. */
  readonly inspectHttp: boolean;
}

export interface StatedFlow extends Statement {
  /** The same flows with their purpose. */
  for(purpose: string): StatedFlow;
  /** The same flows, parsed as HTTP by Envoy at the server's end. Plaintext HTTP ports only. */
  throughHttpProxy(): StatedFlow;
}

/** `from(server).to(repoServer.grpc, kubeApiserver)`: every source may connect to every destination. */
export function from(...sources: Source[]): { to(...destinations: (Destination | EntityPeer)[]): StatedFlow } {
  return {
    to: (...destinations) =>
      stated({
        sources,
        // Only the API server may stand without ports, since the config knows its port.
        destinations: destinations.map((to) =>
          to.kind === "ports" || to.kind === "unknown-port" ? to : { kind: "ports", peer: to, ports: [] },
        ),
        purpose: undefined,
        inspectHttp: false,
      }),
  };
}

function stated(statement: Statement): StatedFlow {
  return {
    ...statement,
    for: (purpose) => stated({ ...statement, purpose }),
    throughHttpProxy: () => stated({ ...statement, inspectHttp: true }),
  };
}

/** One source, one peer, all the ports that one statement opens between them. */
export interface Flow {
  readonly from: Source;
  readonly to: Peer;
  readonly ports: readonly Port[];
  readonly purpose: string | undefined;
  readonly inspectHttp: boolean;
}

/** The statement's flows, each pair of ends once. `apiServerPort` is where pods reach the API server. */
export function flowsOf(statement: Statement, apiServerPort: Port): Flow[] {
  const portsByPeer = new Map<string, { to: Peer; ports: Port[] }>();
  for (const destination of statement.destinations) {
    if (destination.kind === "unknown-port") continue;
    const { peer, ports } = destination;
    const reached = portsByPeer.get(peerName(peer)) ?? { to: peer, ports: [] };
    reached.ports.push(...(ports.length === 0 && isApiServer(peer) ? [apiServerPort] : ports));
    portsByPeer.set(peerName(peer), reached);
  }
  const { purpose, inspectHttp } = statement;
  return statement.sources.flatMap((source) =>
    [...portsByPeer.values()].map(({ to, ports }) => ({ from: source, to, ports, purpose, inspectHttp })),
  );
}
