/** Statements as lines of the language: with the imports and the ports that they need they are a whole that runs. */
import { type Carried, type Limit, limitsOf } from "../model/carried.ts";
import { workloadId } from "../model/cluster.ts";
import type { Statement, Terms } from "../model/flow.ts";
import { isLabelMatch } from "../model/labels.ts";
import { clusterwideId, isClusterwideGroup } from "../model/peers/clusterwide.ts";
import type { Given } from "../model/peers/kind.ts";
import { isPods, type Pods } from "../model/peers/named-ports.ts";
import { type Destination, namespaceOf, type Peer, wordingOf } from "../model/peers.ts";
import {
  anyTransport,
  dns,
  grpc,
  http,
  https,
  isEveryOf,
  isNumbered,
  type NumberedPort,
  type Port,
  sctp,
  type TransportPort,
  tcp,
  tlsPassthrough,
  udp,
} from "../model/ports.ts";
import type { Addition } from "./addition.ts";
import { fileOf, type SourceFile } from "./file.ts";
import { objectText, property, quoted } from "./layout.ts";
import { type Scope, scopeOf, unusedName } from "./scope.ts";

/** What has to be added to which files for these statements. The files export all pods of the statements. */
export function write(statements: readonly Statement[], files: readonly SourceFile[]): Addition[] {
  const pages = new Map<string, Page>();
  const pageOf = (namespace: string): Page => {
    const file = fileOf({ namespace }, files);
    if (file === undefined) throw new Error(`no file declares the namespace ${namespace}`);
    const page = pages.get(namespace) ?? { file, scope: scopeOf(file, files), flows: [], ports: new Map() };
    pages.set(namespace, page);
    return page;
  };
  for (const statement of statements) {
    const { scope, flows } = pageOf(homeOf(statement));
    flows.push(flowText(statement, scope, { port: (pods, port) => portName(pods, port, pageOf) }));
  }
  return [...pages.values()].map(addition);
}

/** A file while it is written into. */
interface Page {
  readonly file: SourceFile;
  readonly scope: Scope;
  readonly flows: string[];
  /** Ports to declare, by their pods' ids and by name. */
  readonly ports: Map<string, { readonly pods: Pods; readonly added: Map<string, NumberedPort> }>;
}

function addition({ file, scope, ports, flows }: Page): Addition {
  const declarations = [...ports.values()].flatMap(({ pods, added }) => {
    const of = scope.constant(pods);
    const each = [...added].map(([name, port]) => `${name}: ${declaredPort(port, scope)}`);
    // Where there is no list of ports yet, it is part of what is added.
    const isFirst = Object.keys(pods.ports).length === 0;
    return isFirst ? [{ of, line: `ports: { ${each.join(", ")} },` }] : each.map((one) => ({ of, line: `${one},` }));
  });
  return { file: file.path, imports: scope.imports(), ports: declarations, flows };
}

/**
 * The namespace in whose file a statement stands: that of the pods which open the connection, else of its servers;
 * `clusterwide` where these are of none.
 */
export function homeOf({ sources, destinations }: Statement): string {
  const ends = [...sources, ...destinations.map(({ peer }) => peer)];
  const declared = ends.flatMap((peer) =>
    isClusterwideGroup(peer) ? clusterwideId : isPods(peer) ? peer.namespace : [],
  );
  const [home] = [...declared, ...ends.flatMap((peer) => namespaceOf(peer) ?? [])];
  if (home === undefined) throw new Error("a statement without pods");
  return home;
}

/** What the pods call a port, which is declared where it is not yet. */
function portName(pods: Pods, port: NumberedPort, pageOf: (namespace: string) => Page): string {
  const declared = declaredName(pods, port);
  if (declared !== undefined) return declared;
  const { ports } = pageOf(pods.namespace);
  const { added } = ports.get(workloadId(pods)) ?? { added: new Map<string, NumberedPort>() };
  ports.set(workloadId(pods), { pods, added });
  const before = [...added].find(([, one]) => serves(one, port));
  if (before !== undefined) return before[0];
  const prefix = port.speaks === "udp" || port.speaks === "sctp" ? port.speaks : "port";
  const name = unusedName(`${prefix}${port.number}`, new Set([...Object.keys(pods.ports), ...added.keys()]));
  added.set(name, port);
  return name;
}

/** What the pods call a port that they declare. */
const declaredName = ({ ports }: Pods, port: NumberedPort): string | undefined =>
  Object.entries(ports).find(([, declared]) => serves(declared, port))?.[0];

const serves = (declared: NumberedPort, port: NumberedPort): boolean =>
  declared.number === port.number &&
  declared.last === port.last &&
  port.transports.every((transport) => declared.transports.includes(transport));

/** What a file calls what stands in its statements. */
export interface Names {
  /** What pods call a port; undefined where a statement is to say its number. */
  port(pods: Pods, port: NumberedPort): string | undefined;
  /** The constant that a peer has in this file; undefined where a statement is to say it by its word. */
  peer?(peer: Peer): string | undefined;
}

/** A statement as a line. */
export function flowText({ sources, destinations, ...terms }: Statement, scope: Scope, names: Names): string {
  const from = unique(sources.map((source) => names.peer?.(source) ?? peerText(source, scope)));
  const to = unique(destinations.flatMap((destination) => destinationTexts(destination, scope, names)));
  const opening = scope.word(terms.isDenied ? "deny" : "from");
  return `${opening}(${from.join(", ")}).to(${to.join(", ")})${termsText(terms)},`;
}

/** What follows the destinations. */
function termsText({ carried, isAuthenticated, only, purpose }: Omit<Terms, "isDenied">): string {
  return [
    ...(carried === undefined ? [] : [carriedWords(carried)]),
    ...(isAuthenticated ? [".authenticated()"] : []),
    ...(only === undefined ? [] : [`.only(${quoted(only)})`]),
    ...(purpose === undefined ? [] : [`.for(${quoted(purpose)})`]),
  ].join("");
}

function carriedWords(carried: Carried): string {
  const limits = limitsOf(carried);
  return limits.length === 0 ? ".throughHttpProxy()" : `.carrying(${limits.map(limitText).join(", ")})`;
}

/** A limit as an object: `{ method: "GET", path: "/metrics" }`. */
const limitText = (limit: Limit): string =>
  objectText(Object.fromEntries(Object.entries(limit).filter(([, value]) => value !== undefined)), valueText);

function destinationTexts({ peer, ports }: Destination, scope: Scope, names: Names): string[] {
  const text = names.peer?.(peer) ?? peerText(peer, scope);
  const nameIn = (port: Port) => (isPods(peer) && isNumbered(port) ? names.port(peer, port) : undefined);
  const opened = ports.filter((port) => nameIn(port) === undefined);
  return [
    ...ports.flatMap((port) => {
      const name = nameIn(port);
      return name === undefined ? [] : [`${text}${property(name)}`];
    }),
    ...(opened.length > 0 ? [`${text}.on(${opened.map((port) => openedPort(port, scope)).join(", ")})`] : []),
    ...(ports.length === 0 ? [text] : []),
  ];
}

/** A peer by its constant or its word. */
export function peerText(peer: Peer, scope: Scope): string {
  const wording = wordingOf(peer);
  switch (wording.kind) {
    case "constant":
      return scope.constant(wording);
    case "word":
      return scope.word(wording.word);
    case "call": {
      const given = (all: readonly Given[]) => all.map((one) => givenText(one, scope)).join(", ");
      const next = wording.next === undefined ? "" : `.${wording.next.word}(${given(wording.next.given)})`;
      return `${scope.word(wording.word)}(${given(wording.given)})${next}`;
    }
  }
}

/** What a word is given: a text, a condition on a label, or conditions by their labels. */
export function givenText(given: Given, scope: Scope): string {
  if (typeof given === "string") return quoted(given);
  if (!isLabelMatch(given)) {
    return objectText(given, (match) => givenText(match, scope));
  }
  if ("present" in given) return scope.word("present");
  if ("absent" in given) return scope.word("absent");
  return Object.entries(given)
    .map(([word, values]) => `${scope.word(word)}(${values.map(quoted).join(", ")})`)
    .join();
}

/** A port behind `on`, where a bare number means TCP. */
function openedPort(port: Port, scope: Scope): string {
  if ("every" in port) return scope.word("everyPort");
  if ("protocol" in port) return `${scope.word("ipProtocol")}(${JSON.stringify(port.protocol)})`;
  if ("icmp" in port) return `${scope.word(port.family === "IPv4" ? "icmp" : "icmpv6")}(${JSON.stringify(port.icmp)})`;
  const isBare = isNumbered(port) && port.last === undefined && port.speaks === "tcp" && wordFor(port) === "tcp";
  return isBare ? String(port.number) : declaredPort(port, scope);
}

/** A port by its word, or as an object where no word says its transports. */
export function declaredPort(port: TransportPort, scope: Scope): string {
  const word = wordFor(port);
  if (word !== undefined) return `${scope.word(word)}(${numbersGiven(port)})`;
  const { transports, speaks, ...numbers } = port;
  return objectText<unknown>({ ...numbers, transports, speaks }, valueText);
}

function numbersGiven(port: TransportPort): string {
  if (!isNumbered(port)) return quoted(port.name);
  if (isEveryOf(port)) return "";
  return port.last === undefined ? String(port.number) : `${port.number}, ${port.last}`;
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(valueText).join(", ")}]`;
  return typeof value === "string" ? quoted(value) : JSON.stringify(value);
}

/** The word that makes this port of its number or name. */
const wordFor = ({ transports, speaks }: TransportPort): string | undefined =>
  Object.entries(portWords).find(([, word]) => {
    const made = word(1);
    return made.speaks === speaks && made.transports.join() === transports.join();
  })?.[0];

const portWords = { http, https, tlsPassthrough, grpc, dns, tcp, udp, sctp, anyTransport };

const unique = <T>(items: readonly T[]): T[] => [...new Set(items)];
