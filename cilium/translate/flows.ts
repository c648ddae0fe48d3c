/** The rules of policies as flows between what is declared: both ends where both say so, or only one of them. */

import type { Statement } from "../model/flow.ts";
import type { Direction } from "../model/peers/workload.ts";
import { includes, isApiServer, type Peer, peerName, type Source } from "../model/peers.ts";
import { type Port, portNames, portText } from "../model/ports.ts";
import { homeOf } from "../write/write.ts";
import type { Other } from "./other-end.ts";
import type { Said } from "./said.ts";
import type { Subject } from "./subjects.ts";

/** A statement, and the policies that it is made of. */
export interface Flow {
  readonly statement: Statement;
  readonly said: readonly Said[];
}

/** One port between two ends, as one rule has it. */
interface Item {
  readonly from: Peer;
  readonly to: Peer;
  readonly port: Port;
  readonly inspectHttp: boolean;
  readonly only: Direction | undefined;
  readonly said: readonly Said[];
}

/**
 * @param resolve a peer as it is declared, or the peer itself
 * @param other what the policies of the other end say of a connection today
 */
export function flowsOf(
  subjects: readonly Subject[],
  resolve: (peer: Peer) => Peer,
  other: Other,
  apiServerPort: number,
): Flow[] {
  const declared = subjects.map(({ workload }) => workload);
  const items = subjects.flatMap((subject) =>
    subject.said.flatMap((said) =>
      said.rules.flatMap(({ direction, peers, ports }) =>
        peers.map(resolve).flatMap((peer) =>
          ports.flatMap(({ ports, inspectHttp }) =>
            ports.map((port): Item => {
              const [from, to] = direction === "ingress" ? [peer, subject.workload] : [subject.workload, peer];
              const closed = declared.some(
                (one) => includes(peer, one) && !other.allows(subject, direction, one, port),
              );
              return { from, to, port, inspectHttp, only: closed ? direction : undefined, said: [said] };
            }),
          ),
        ),
      ),
    ),
  );
  return together(withoutRepetition(items), apiServerPort);
}

const ends = ({ from, to, port }: Item): string => JSON.stringify([peerName(from), peerName(to), portNames(port)]);

/** A flow that both ends have is stated once, with what it is parsed as at one of them. */
function withoutRepetition(items: readonly Item[]): Item[] {
  return [...Map.groupBy(items, ends).values()].flatMap((alike) => {
    const whole = alike.filter(({ only }) => only === undefined);
    const said = [...new Set(whole.flatMap(({ said }) => said))];
    const [first] = whole.toSorted((a, b) => Number(b.inspectHttp) - Number(a.inspectHttp));
    const parts = first === undefined ? [] : [{ ...first, said }];
    const single = (["ingress", "egress"] as const).flatMap((direction) =>
      alike.filter(({ only }) => only === direction).slice(0, first === undefined ? 1 : 0),
    );
    return [...parts, ...single];
  });
}

/** First all ports between two ends in one statement, then all ends that agree in the rest. */
function together(items: readonly Item[], apiServerPort: number): Flow[] {
  const rest = ({ inspectHttp, only }: Pick<Item, "inspectHttp" | "only">) => [inspectHttp, only];
  const pairs = [
    ...Map.groupBy(items, (item) => JSON.stringify([peerName(item.from), peerName(item.to), rest(item)])).values(),
  ].flatMap((alike) =>
    alike
      .slice(0, 1)
      .map((first) => ({ ...first, ports: alike.map(({ port }) => port), said: alike.flatMap(({ said }) => said) })),
  );
  const statements = pairs.map(
    ({ from, to, ports, inspectHttp, only, said }): Flow => ({
      statement: {
        sources: [from as Source],
        destinations: [{ kind: "ports", peer: to, ports: isUsual(to, ports, apiServerPort) ? [] : ports }],
        purpose: undefined,
        inspectHttp,
        only,
      },
      said,
    }),
  );
  const destinationKey = ({ destinations, ...more }: Statement) =>
    JSON.stringify([destinations.map(({ peer, ports }) => [peerName(peer), ports.map(portNames)]), rest(more)]);
  return [
    ...Map.groupBy(statements, ({ statement }) => `${homeOf(statement)} ${destinationKey(statement)}`).values(),
  ].flatMap((alike) =>
    alike.slice(0, 1).map(({ statement }) => ({
      statement: { ...statement, sources: alike.flatMap(({ statement }) => statement.sources) },
      said: [...new Set(alike.flatMap(({ said }) => said))],
    })),
  );
}

/** The API server on its own port, which goes without saying. */
function isUsual(peer: Peer, ports: readonly Port[], apiServerPort: number): boolean {
  const [only, ...more] = ports;
  return isApiServer(peer) && more.length === 0 && only !== undefined && portText(only) === String(apiServerPort);
}
