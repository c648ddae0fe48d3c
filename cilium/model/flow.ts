/** A flow, stated once by the side that opens the connection; the policies of both ends follow from it. */
import type { Carried, Limit } from "./carried.ts";
import { Faults } from "./faults.ts";
import type { UnknownPort } from "./peers/named-ports.ts";
import type { Direction } from "./peers/workload.ts";
import { type Destination, type EntityPeer, isApiServer, type Peer, peerName, type Source } from "./peers.ts";
import { callerOf, type Place, placeText } from "./place.ts";
import type { Port } from "./ports.ts";

/** What a namespace's file says in one line: each of the sources may connect to each of the destinations, or must not. */
export interface Statement extends Terms {
  readonly sources: readonly Source[];
  readonly destinations: readonly Destination[];
}

/** What is said of connections besides their ends. */
export interface Terms {
  /** Whether they are refused, whatever is allowed elsewhere. */
  readonly isDenied: boolean;
  /** What alone they may carry; undefined for anything. */
  readonly carried: Carried | undefined;
  /** Whether both ends have to prove who they are (mutual authentication). */
  readonly isAuthenticated: boolean;
  /** Which policies alone say so: the sources' for `egress`, the destinations' for `ingress`; undefined for both. */
  readonly only: Direction | undefined;
  /** Why, in the words of whoever runs the cluster. */
  readonly purpose: string | undefined;
}

/** Connections that are allowed at both ends, whatever they carry. */
export const plainTerms: Terms = {
  isDenied: false,
  carried: undefined,
  isAuthenticated: false,
  only: undefined,
  purpose: undefined,
};

/** One source, one peer, all the ports that one statement is about between them. */
export interface Flow extends Terms {
  readonly from: Source;
  readonly to: Peer;
  readonly ports: readonly Port[];
}

/** The statement's flows, each pair of ends once. `apiServerPort` is where pods reach the API server. */
export function flowsOf({ sources, destinations, ...terms }: Statement, apiServerPort: Port): Flow[] {
  const portsByPeer = new Map<string, { to: Peer; ports: Port[] }>();
  for (const { peer, ports } of destinations) {
    const reached = portsByPeer.get(peerName(peer)) ?? { to: peer, ports: [] };
    reached.ports.push(...(ports.length === 0 && isApiServer(peer) ? [apiServerPort] : ports));
    portsByPeer.set(peerName(peer), reached);
  }
  return sources.flatMap((from) => [...portsByPeer.values()].map((reached) => ({ from, ...reached, ...terms })));
}

/** What may stand in `to`: only the API server may be without ports, since the config knows its port. */
type To = Destination | UnknownPort | EntityPeer;

/** A statement as a file makes it, before anybody has read whether it is one. */
export interface StatedFlow {
  readonly kind: "flow";
  readonly at: Place;
  readonly sources: readonly Source[];
  readonly destinations: readonly To[];
  readonly isDenied: boolean;
  readonly limits: readonly Limit[];
  readonly inspectHttp: boolean;
  readonly isAuthenticated: boolean;
  readonly end: Direction | undefined;
  readonly purpose: string | undefined;
  /** The same flows with their purpose. */
  for(purpose: string): StatedFlow;
  /** The same flows, of which each connection carries one of these: HTTP requests, TLS to a server's name, or look-ups of names. */
  carrying(...limits: Limit[]): StatedFlow;
  /** The same flows, parsed as HTTP by Envoy at the server's end. Plaintext HTTP ports only. */
  throughHttpProxy(): StatedFlow;
  /** The same flows between ends that prove who they are. */
  authenticated(): StatedFlow;
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
export const from = (...sources: Source[]): BegunFlow => begin(callerOf(from), sources, false);

/** `deny(web).to(metadata.on(80))`: no source may connect to any destination, whatever else is stated. */
export const deny = (...sources: Source[]): BegunFlow => begin(callerOf(deny), sources, true);

function begin(at: Place, sources: readonly Source[], isDenied: boolean): BegunFlow {
  if (begun === undefined) {
    throw new Faults([`${placeText(at)}: a flow outside of flows(() => [ … ]); write it in the list of its namespace`]);
  }
  begun.push(at);
  const terms = {
    isDenied,
    limits: [],
    inspectHttp: false,
    isAuthenticated: false,
    end: undefined,
    purpose: undefined,
  };
  return {
    kind: "begun-flow",
    at,
    to: (...destinations) => stated({ kind: "flow", at, sources, destinations, ...terms }),
  };
}

type Words = "for" | "carrying" | "throughHttpProxy" | "authenticated" | "only";

const stated = (flow: Omit<StatedFlow, Words>): StatedFlow => ({
  ...flow,
  for: (purpose) => stated({ ...flow, purpose }),
  carrying: (...limits) => stated({ ...flow, limits: [...flow.limits, ...limits] }),
  throughHttpProxy: () => stated({ ...flow, inspectHttp: true }),
  authenticated: () => stated({ ...flow, isAuthenticated: true }),
  only: (end) => stated({ ...flow, end }),
});

/** What a namespace's function gives, and the places of all flows that it began. */
export interface Collected {
  readonly given: readonly StatedFlow[];
  readonly begun: readonly Place[];
}

/** Runs a namespace's function. */
export function collect(state: () => readonly StatedFlow[]): Collected {
  const outer = begun;
  const own: Place[] = [];
  begun = own;
  try {
    return { given: state(), begun: own };
  } finally {
    begun = outer;
  }
}
