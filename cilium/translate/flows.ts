/** The rules of policies as flows between what is declared: both ends where both say so, or only one of them. */

import { plainTerms, type Statement, type Terms } from "../model/flow.ts";
import { camelCase } from "../model/names.ts";
import type { Direction } from "../model/peers/workload.ts";
import { includes, isApiServer, type Peer, peerName, type Source, type Subject } from "../model/peers.ts";
import { isByName, type Port, portNames, portText } from "../model/ports.ts";
import type { Policy } from "../policy/schema.ts";
import { homeOf } from "../write/write.ts";
import type { Other } from "./other-end.ts";
import type { Said } from "./said.ts";
import type { DeclaredSubject } from "./subjects.ts";

/** A statement, and the policies that it is made of. */
export interface SaidFlow {
  readonly statement: Statement;
  readonly said: readonly Said[];
}

/** What a rule of a policy is for, by its place; undefined where nobody says. */
export type PurposeOf = (policy: Policy, place: string) => string | undefined;

/** A peer that a policy names as it is declared, or the peer itself. */
export type Resolve = (peer: Peer, policy: Policy) => Peer;

/** One port between two ends, as one rule has it. */
interface Item extends Terms {
  readonly from: Peer;
  readonly to: Peer;
  readonly port: Port;
  /** At which end the rule stands. */
  readonly at: Direction;
  /** Whether policies of the program are about the other end. */
  readonly isMet: boolean;
  /** Whether these allow it plainly, or there are none. */
  readonly isOpen: boolean;
  readonly said: readonly Said[];
}

/**
 * @param other what the policies of the other end say of a connection today
 */
export function flowsOf(
  all: readonly DeclaredSubject[],
  resolve: Resolve,
  other: Other,
  {
    apiServerPort,
    purposeOf,
    byName,
  }: {
    readonly apiServerPort: number;
    readonly purposeOf: PurposeOf;
    /** Whether ports that policies name keep their names, whatever number pods give them. */
    readonly byName: boolean;
  },
): SaidFlow[] {
  const subjects = all.map(({ subject }) => subject);
  const among = new Map<string, Subject[]>();
  const subjectsAmong = (peer: Peer): Subject[] => {
    const found = among.get(peerName(peer)) ?? subjects.filter((one) => includes(peer, one));
    among.set(peerName(peer), found);
    return found;
  };
  const items = all.flatMap((declared) =>
    declared.said.flatMap((said) =>
      said.rules.flatMap(({ direction: at, isDenied, isAuthenticated, peers, ports, place }) =>
        peers
          .map((peer) => resolve(peer, said.policy))
          .flatMap((peer) =>
            ports.flatMap(({ ports, carried }) =>
              ports.map((written): Item => {
                const [from, to] = at === "ingress" ? [peer, declared.subject] : [declared.subject, peer];
                const port = byName ? written : byNumber(written, to);
                const met = subjectsAmong(peer);
                const isOpen = met.every((one) => other.allows(declared, at, one, port));
                const terms = {
                  ...plainTerms,
                  isDenied,
                  isAuthenticated,
                  carried,
                  purpose: purposeOf(said.policy, place),
                };
                return { ...terms, from, to, port, at, isMet: met.length > 0, isOpen, said: [said] };
              }),
            ),
          ),
      ),
    ),
  );
  return together([...Map.groupBy(items, ends).values()].flatMap(stated), apiServerPort);
}

/** A port by its name as the one that a workload declares under it. */
function byNumber(port: Port, to: Peer): Port {
  if (!isByName(port) || to.kind !== "workload") return port;
  const declared = to.ports[camelCase(port.name.toLowerCase())];
  const isServed =
    declared !== undefined && port.transports.every((transport) => declared.transports.includes(transport));
  return isServed ? { ...declared, transports: port.transports } : port;
}

const ends = ({ from, to, port }: Item): string => JSON.stringify([peerName(from), peerName(to), portNames(port)]);

/** What rules say of one port between two ends: stated whole where that changes nothing at the other end. */
function stated(alike: readonly Item[]): Item[] {
  const distinct = [...Map.groupBy(alike, (item) => JSON.stringify([item.at, termsOf(item)])).values()].flatMap(
    (same) => same.slice(0, 1).map((item) => ({ ...item, said: same.flatMap(({ said }) => said) })),
  );
  const marked = distinct.map((item) => (isWhole(item, distinct) ? item : { ...item, only: item.at }));
  const whole = marked.filter(({ only }) => only === undefined);
  const others = marked.filter(({ only }) => only !== undefined);
  const said = [...new Set(distinct.flatMap(({ said }) => said))];
  // What both ends say is stated once, and what one of them says plainly goes without saying where the other one limits it.
  const once = [...Map.groupBy(whole, (item) => JSON.stringify(termsOf(item))).values()].flatMap((same) =>
    same.slice(0, 1),
  );
  const limited = once.filter(({ carried, at }) => carried !== undefined && at === "ingress");
  const told = limited.length > 0 ? once.filter((item) => item.at === "ingress" || !isPlain(item)) : once;
  const left = told.some(({ isDenied }) => !isDenied) ? others.filter((item) => !isPlain(item)) : others;
  const purpose = distinct.map((item) => item.purpose).find((one) => one !== undefined);
  return [...told, ...left].map((item) => ({ ...item, said, purpose: item.purpose ?? purpose }));
}

const termsOf = ({ isDenied, isAuthenticated, carried }: Item) => [isDenied, isAuthenticated, carried];

const isPlain = ({ isDenied, isAuthenticated, carried }: Item): boolean =>
  !isDenied && !isAuthenticated && carried === undefined;

/** Whether the policies of both ends may say it: those of the other one do, or refuse nothing by it. */
function isWhole(item: Item, distinct: readonly Item[]): boolean {
  const { at, isMet, isOpen, isDenied, isAuthenticated, carried } = item;
  if (!isMet) return true;
  if (isDenied || isAuthenticated) {
    return distinct.some((one) => one.at !== at && JSON.stringify(termsOf(one)) === JSON.stringify(termsOf(item)));
  }
  // Requests are limited where they arrive, look-ups where they leave.
  const isHere = carried === undefined || (carried.kind === "dns") === (at === "egress");
  return isOpen && isHere;
}

/** First all ports between two ends in one statement, then all ends that agree in the rest. */
function together(items: readonly Item[], apiServerPort: number): SaidFlow[] {
  const key = (item: Item) =>
    JSON.stringify([peerName(item.from), peerName(item.to), termsOf(item), item.only, item.purpose]);
  const statements = [...Map.groupBy(items, key).values()].flatMap((alike) =>
    alike.slice(0, 1).flatMap(({ from, to, isDenied, isAuthenticated, carried, only, purpose }): SaidFlow[] => {
      if (!isSource(from)) return [];
      const ports = [...new Map(alike.map(({ port }) => [portNames(port).join(), port])).values()];
      const terms = { isDenied, isAuthenticated, carried, only, purpose };
      const destination = { kind: "ports", peer: to, ports: isUsual(to, ports, apiServerPort) ? [] : ports } as const;
      return [
        {
          statement: { sources: [from], destinations: [destination], ...terms },
          said: alike.flatMap(({ said }) => said),
        },
      ];
    }),
  );
  const rest = ({ sources, destinations, ...terms }: Statement) =>
    JSON.stringify([destinations.map(({ peer, ports }) => [peerName(peer), ports.map(portNames)]), terms]);
  return [...Map.groupBy(statements, ({ statement }) => `${homeOf(statement)} ${rest(statement)}`).values()].flatMap(
    (alike) =>
      alike.slice(0, 1).map(({ statement }) => ({
        statement: { ...statement, sources: alike.flatMap(({ statement }) => statement.sources) },
        said: [...new Set(alike.flatMap(({ said }) => said))],
      })),
  );
}

const isSource = (peer: Peer): peer is Source => peer.kind !== "fqdns" && peer.kind !== "service";

/** The API server on its own port, which goes without saying. */
function isUsual(peer: Peer, ports: readonly Port[], apiServerPort: number): boolean {
  const [only, ...more] = ports;
  return isApiServer(peer) && more.length === 0 && only !== undefined && portText(only) === String(apiServerPort);
}
