/**
 * The lines that would declare connections of a record, in the language of the program's files: exactly what was seen, no
 * wildcard, no wider range, nothing from or to the world at large.
 */
import { type ConfiguredCluster, workloads } from "../model/cluster.ts";
import type { Workload } from "../model/peers.ts";
import type { Transport } from "../model/ports.ts";
import type { End } from "./end.ts";
import type { Group } from "./groups.ts";
import type { Connection } from "./record.ts";
import type { FindWorkload } from "./workload.ts";

/** One line for a file: `from(grafana).to(sharedPg.postgresql),` */
export type Suggestion = {
  /** Seen from the top of the repository. */
  readonly file: string;
  readonly line: string;
  /** What has to be written besides: imports of workloads of other files, ports that are not declared yet. */
  readonly needs: readonly string[];
};

/** A group that no line is suggested for, and why. */
export type Unsuggested = { readonly group: Group; readonly reason: string };

export type Suggestions = { readonly lines: readonly Suggestion[]; readonly without: readonly Unsuggested[] };

export function suggest(
  groups: readonly Group[],
  cluster: ConfiguredCluster,
  find: FindWorkload,
  namesOf: (connection: Connection) => readonly string[],
): Suggestions {
  const lines = new Map<string, Line>();
  const without: Unsuggested[] = [];
  for (const group of groups) {
    if (group.byDenyRule) {
      without.push({ group, reason: "a deny rule refuses it, and wins over every flow" });
      continue;
    }
    for (const connection of group.connections) {
      const wording = word(connection, cluster, find, namesOf(connection));
      if ("reason" in wording) {
        if (without.at(-1)?.group !== group) without.push({ group, reason: wording.reason });
        continue;
      }
      const { file, from, to } = wording;
      const line = lines.get(`${file} ${from.word}`) ?? { file, from: from.word, to: [], needs: new Set() };
      lines.set(`${file} ${from.word}`, line);
      line.to.push(to);
      for (const need of [...from.needs, ...to.needs]) line.needs.add(need);
    }
  }
  return { lines: [...lines.values()].map(finished), without };
}

type Line = { readonly file: string; readonly from: string; readonly to: To[]; readonly needs: Set<string> };
type Word = { readonly word: string; readonly needs: readonly string[] };
type To = Word | FqdnTo;
/** Names on one port are written together. */
type FqdnTo = { readonly names: readonly string[]; readonly port: string; readonly needs: readonly string[] };

function finished({ file, from, to, needs }: Line): Suggestion {
  const named = Map.groupBy(
    to.filter((one) => "names" in one),
    ({ port }) => port,
  );
  const words = [
    ...to.flatMap((one) => ("word" in one ? [one.word] : [])),
    ...[...named].map(([port, group]) => {
      const names = unique(group.flatMap(({ names }) => names)).toSorted();
      return `fqdn(${names.map((name) => JSON.stringify(name)).join(", ")}).on(${port})`;
    }),
  ];
  return { file, line: `from(${from}).to(${unique(words).join(", ")}),`, needs: [...needs] };
}

type Wording = { readonly file: string; readonly from: Word; readonly to: To } | { readonly reason: string };

function word(
  { source, destination, protocol, port }: Connection,
  cluster: ConfiguredCluster,
  find: FindWorkload,
  names: readonly string[],
): Wording {
  if (protocol !== "TCP" && protocol !== "UDP" && protocol !== "SCTP") {
    return { reason: `the language has no word for ${protocol}` };
  }
  const unknown = [source, destination].map((end) => undeclaredPod(end, cluster, find)).find((reason) => reason);
  if (unknown !== undefined) return { reason: unknown };
  const from = find(source);
  const to = find(destination);
  const home = from ?? to;
  if (home === undefined) return { reason: "neither end is a workload of the program" };
  if (source.kind === "outside") {
    return { reason: "it comes from outside the cluster; say in the program who may, a record does not tell" };
  }
  const file = fileOf(home.namespace);
  const fromWord = from === undefined ? sourceWord(source) : workloadWord(from, home.namespace, cluster);
  if (fromWord === undefined) return { reason: "the language has no word for its source" };
  const toWord =
    to === undefined
      ? destinationWord(destination, protocol, port, cluster, names)
      : portWord(to, protocol, port, home.namespace, cluster);
  return toWord === undefined
    ? { reason: "the language has no word for its destination" }
    : { file, from: fromWord, to: toWord };
}

function undeclaredPod(end: End, { namespaces }: ConfiguredCluster, find: FindWorkload): string | undefined {
  if (end.kind !== "pod" || find(end) !== undefined) return undefined;
  const home = namespaces.some(({ name }) => name === end.namespace)
    ? `declare it in ${fileOf(end.namespace)} first`
    : `${end.namespace} is no namespace of the program`;
  return `${end.namespace}/${end.name} is no workload of the program; ${home}`;
}

/** Each namespace has a file of its name, and each workload is a constant of its own name there. */
const fileOf = (namespace: string): string => `cluster/${namespace}.ts`;

/** The constant of a workload in the file of its namespace. */
export const constantOf = ({ name }: Workload): string => camelCase(name);

const camelCase = (name: string): string => name.replace(/-+(.)/g, (_, letter: string) => letter.toUpperCase());

/** What a workload is called in the file of a namespace, with its import if it is of another. */
function workloadWord(workload: Workload, seenFrom: string, cluster: ConfiguredCluster): Word {
  const constant = constantOf(workload);
  if (workload.namespace === seenFrom) return { word: constant, needs: [] };
  const isUnique = workloads(cluster).filter((other) => constantOf(other) === constant).length === 1;
  const word = isUnique ? constant : camelCase(`${workload.namespace}-${constant}`);
  const imported = isUnique ? constant : `${constant} as ${word}`;
  return { word, needs: [`import { ${imported} } from "./${workload.namespace}.ts";`] };
}

function portWord(
  workload: Workload,
  transport: Transport,
  number: number,
  seenFrom: string,
  cluster: ConfiguredCluster,
): Word {
  const { word, needs } = workloadWord(workload, seenFrom, cluster);
  const declared = Object.entries(workload.ports).find(
    ([, port]) => port.number === number && port.transports.includes(transport),
  );
  if (declared !== undefined) return { word: `${word}.${declared[0]}`, needs };
  const name = `port${number}`;
  const declaration = `${name}: ${transport.toLowerCase()}(${number})`;
  const place = `in ${fileOf(workload.namespace)}, a port of ${constantOf(workload)}`;
  return { word: `${word}.${name}`, needs: [...needs, `${place}: ${declaration}`] };
}

const plain = (word: string): Word => ({ word, needs: [] });

function sourceWord(source: End): Word | undefined {
  if (source.kind !== "entity") return undefined;
  switch (source.entity) {
    case "host":
    case "control-plane-host":
      return plain("host");
    case "remote-node":
      return plain("remoteNode");
    case "kube-apiserver":
      return plain("kubeApiserver");
    case "ingress":
      return plain("gateway");
    case "health":
    case "init":
    case "unmanaged":
      return undefined;
  }
}

function destinationWord(
  destination: End,
  transport: Transport,
  number: number,
  { settings }: ConfiguredCluster,
  names: readonly string[],
): To | undefined {
  const port = transport === "TCP" ? String(number) : `${transport.toLowerCase()}(${number})`;
  if (destination.kind === "outside") {
    if (names.length > 0) return { names, port, needs: [] };
    const { address } = destination;
    return plain(`cidr("${address}/${address.includes(":") ? 128 : 32}").on(${port})`);
  }
  if (destination.kind !== "entity") return undefined;
  switch (destination.entity) {
    case "kube-apiserver":
    case "control-plane-host":
      return plain(port === String(settings.apiServerPort) ? "kubeApiserver" : `controlPlaneNodes.on(${port})`);
    case "host":
      return plain(`host.on(${port})`);
    case "remote-node":
      return plain(`remoteNode.on(${port})`);
    case "ingress":
      return plain(`gateway.on(${port})`);
    case "health":
    case "init":
    case "unmanaged":
      return undefined;
  }
}

const unique = <T>(items: readonly T[]): T[] => [...new Set(items)];
