/** The names that a record's pods look up, as the DNS proxy logs each question and each answer. */
import { isReply } from "./connection.ts";
import type { End, ReadEnd, RecordedPod } from "./end.ts";
import type { HubbleFlow } from "./event.ts";
import { type Times, widen } from "./times.ts";

/** A name that a pod looked up. A question and its answer are one look-up. */
export type Lookup = Times & {
  readonly pod: RecordedPod;
  readonly name: string;
  /** Whether it is a name of a Service or pod of the cluster. */
  readonly inCluster: boolean;
  /** Who was asked. A few, as the addresses are: lists of them take a fifth of the memory that sets do. */
  readonly servers: readonly DnsServer[];
  readonly addresses: readonly string[];
  /** How often it was answered with addresses; or asked, where the record holds no answers. */
  readonly count: number;
  /** How often the proxy refused it when it was recorded. */
  readonly refused: number;
};

export type DnsServer = { readonly end: End; readonly protocol: "UDP" | "TCP"; readonly port: number };

/** What was seen of a look-up. */
export type SeenLookup = Times & Counts & Omit<Lookup, "count" | "refused" | "servers" | "addresses"> & Lists;
type Counts = { asked: number; answered: number; failed: number; refused: number };
type Lists = { readonly servers: DnsServer[]; readonly addresses: string[] };

/** Look-ups of which as many are kept before those that failed are forgotten. */
const most = 50_000;

/** Look-ups by pod and name. Names that do not exist are no part of an answer, and programs may ask for ever new ones. */
export function lookupStore(limit = most) {
  const byPod = new Map<RecordedPod, Map<string, SeenLookup>>();
  let size = 0;
  let room = limit;
  const forgetFailed = (): void => {
    for (const byName of byPod.values()) {
      for (const [name, { answered, failed, refused }] of byName) {
        if (failed > 0 && answered + refused === 0) {
          byName.delete(name);
          size--;
        }
      }
    }
    room = Math.max(limit, 2 * size);
  };
  return {
    of: (pod: RecordedPod, name: string, { first, last }: Times): SeenLookup => {
      const byName = byPod.get(pod) ?? new Map<string, SeenLookup>();
      byPod.set(pod, byName);
      const found = byName.get(name);
      if (found !== undefined) return found;
      if (size >= room) forgetFailed();
      const lists = { servers: [], addresses: [] };
      const unseen = {
        pod,
        name,
        inCluster: isClusterName(name),
        ...lists,
        asked: 0,
        answered: 0,
        failed: 0,
        refused: 0,
        first,
        last,
      };
      byName.set(name, unseen);
      size++;
      return unseen;
    },
    all: (): SeenLookup[] => [...byPod.values()].flatMap((byName) => [...byName.values()]),
  };
}

export function addServer({ servers }: SeenLookup, one: DnsServer): void {
  const { end, protocol, port } = one;
  const isKnown = servers.some((known) => known.end === end && known.protocol === protocol && known.port === port);
  if (!isKnown) servers.push(one);
}

function addAddresses({ addresses }: SeenLookup, more: readonly string[]): void {
  for (const address of more) if (!addresses.includes(address)) addresses.push(address);
}

/** Adds what was seen of a look-up elsewhere, but for its servers. */
export function addLookup(to: SeenLookup, { asked, answered, failed, refused, addresses, ...times }: SeenLookup): void {
  to.asked += asked;
  to.answered += answered;
  to.failed += failed;
  to.refused += refused;
  addAddresses(to, addresses);
  widen(to, times);
}

/**
 * Adds up look-ups.
 * @param learn is told of each name outside the cluster with an address that was answered for it
 */
export function lookupReader(
  store: ReturnType<typeof lookupStore>,
  readEnd: ReadEnd,
  learn: (address: string, name: string) => void,
): (flow: HubbleFlow, span: Times, weight: number) => void {
  return (flow, span, weight) => {
    const { l7, l4, source, destination, IP } = flow;
    const dns = l7?.dns;
    if (!dns?.query) return;
    const name = dns.query.replace(/\.$/, "").toLowerCase();
    const isAnswer = isReply(flow) ?? l7?.type === "RESPONSE";
    const addresses = isAnswer && !dns.rcode ? (dns.ips ?? []) : [];
    if (!isClusterName(name)) for (const address of addresses) learn(address, name);
    const ends = [readEnd(source, IP?.source), readEnd(destination, IP?.destination)] as const;
    const [pod, server] = isAnswer ? [ends[1], ends[0]] : ends;
    if (pod.kind !== "pod") return;
    const lookup = store.of(pod, name, span);
    if (flow.verdict === "DROPPED") lookup.refused += weight;
    else if (!isAnswer) lookup.asked += weight;
    else if (addresses.length > 0) lookup.answered += weight;
    else lookup.failed += weight;
    const ports = l4?.UDP ?? l4?.TCP;
    const port = isAnswer ? ports?.source_port : ports?.destination_port;
    if (server.kind !== "unknown" && port) addServer(lookup, { end: server, protocol: l4?.UDP ? "UDP" : "TCP", port });
    addAddresses(lookup, addresses);
    widen(lookup, span);
  };
}

export const lookupsOf = (seen: readonly SeenLookup[]): Lookup[] =>
  seen
    .map(({ asked, answered, failed, ...lookup }) => ({ ...lookup, count: answered || (failed > 0 ? 0 : asked) }))
    .filter(({ count, refused }) => count > 0 || refused > 0);

/** Names of Services and pods; the policies' DNS names are about what is outside. */
const isClusterName = (name: string): boolean => /\.(svc|pod)\.|\.cluster\.local$/.test(name);
