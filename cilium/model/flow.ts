/** A flow, stated once by the side that opens the connection; the policies of both ends follow from it. */
import { Faults } from "./faults.ts";
import type { UnknownPort } from "./peers/named-ports.ts";
import type { Direction } from "./peers/workload.ts";
import { type Destination, type EntityPeer, isApiServer, type Peer, peerName, type Source } from "./peers.ts";
import { callerOf, type Place, placeText } from "./place.ts";
import type { Port } from "./ports.ts";

/** What a namespace's file says in one line: each of the sources may connect to each of the destinations. */
export interface Statement {
  readonly sources: readonly Source[];
  readonly destinations: readonly Destination[];
  /** Why, in the words of whoever runs the cluster. */
  readonly purpose: string | undefined;
  /** Whether the connections go through Envoy as HTTP, which gives Hubble its HTTP metrics. */
  readonly inspectHttp: boolean;
  /** Which policies alone say so: the sources' for `egress`, the destinations' for `ingress`; undefined for both. */
  readonly only: Direction | undefined;
}

/** One source, one peer, all the ports that one statement opens between them. */
export interface Flow {
  readonly from: Source;
  readonly to: Peer;
  readonly ports: readonly Port[];
  readonly purpose: string | undefined;
  readonly inspectHttp: boolean;
  readonly only: Direction | undefined;
}

/** The statement's flows, each pair of ends once. `apiServerPort` is where pods reach the API server. */
export function flowsOf(statement: Statement, apiServerPort: Port): Flow[] {
  const portsByPeer = new Map<string, { to: Peer; ports: Port[] }>();
  for (const { peer, ports } of statement.destinations) {
    const reached = portsByPeer.get(peerName(peer)) ?? { to: peer, ports: [] };
    reached.ports.push(...(ports.length === 0 && isApiServer(peer) ? [apiServerPort] : ports));
    portsByPeer.set(peerName(peer), reached);
  }
  const { purpose, inspectHttp, only } = statement;
  return statement.sources.flatMap((source) =>
    [...portsByPeer.values()].map(({ to, ports }) => ({ from: source, to, ports, purpose, inspectHttp, only })),
  );
}

/** What may stand in `to`: only the API server may be without ports, since the config knows its port. */
type To = Destination | UnknownPort | EntityPeer;

/** A statement as a file makes it, before anybody has read whether it is one. */
export interface StatedFlow {
  readonly kind: "flow";
  readonly at: Place;
  readonly sources: readonly Source[];
  readonly destinations: readonly To[];
  readonly purpose: string | undefined;
  readonly inspectHttp: boolean;
  readonly end: Direction | undefined;
  /** The same flows with their purpose. */
  for(purpose: string): StatedFlow;
  /** The same flows, parsed as HTTP by Envoy at the server's end. Plaintext HTTP ports only. */
  throughHttpProxy(): StatedFlow;
  /**
   * Only the egress of the sources or the ingress of the destinations says so: the policies at the other end stay as they are,
   * and refuse it if they do.
   */
  only(end: Direction): StatedFlow;
}

/** A flow without its destinations, which is none yet. */
export interface BegunFlow {
  readonly kind: "begun-flow";
  readonly at: Place;
  to(...destinations: To[]): StatedFlow;
}

/** The places of the flows that the running function of a namespace has begun. */
let begun: Place[] | undefined;

/** `from(server).to(repoServer.grpc, kubeApiserver)`: every source may connect to every destination. */
export function from(...sources: Source[]): BegunFlow {
  const at = callerOf(from);
  if (begun === undefined) {
    throw new Faults([`${placeText(at)}: a flow outside of flows(() => [ … ]); write it in the list of its namespace`]);
  }
  begun.push(at);
  return {
    kind: "begun-flow",
    at,
    to: (...destinations) =>
      stated({ kind: "flow", at, sources, destinations, purpose: undefined, inspectHttp: false, end: undefined }),
  };
}

const stated = (flow: Omit<StatedFlow, "for" | "throughHttpProxy" | "only">): StatedFlow => ({
  ...flow,
  for: (purpose) => stated({ ...flow, purpose }),
  throughHttpProxy: () => stated({ ...flow, inspectHttp: true }),
  only: (end) => stated({ ...flow, end }),
});

/** What a namespace's function gives, and the places of all flows that it began. */
export interface Stated {
  readonly given: readonly StatedFlow[];
  readonly begun: readonly Place[];
}

/** Runs a namespace's function. */
export function collect(state: () => readonly StatedFlow[]): Stated {
  const outer = begun;
  const own: Place[] = [];
  begun = own;
  try {
    return { given: state(), begun: own };
  } finally {
    begun = outer;
  }
}
