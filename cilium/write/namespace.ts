/** The file of a namespace, or of what is clusterwide: what it declares, the peers that several of its flows have, and its flows, a line each. */
import * as language from "../language.ts";
import type { Clusterwide } from "../model/clusterwide.ts";
import type { Statement } from "../model/flow.ts";
import { isLabelMatch, type Labels, nameLabels } from "../model/labels.ts";
import type { Namespace } from "../model/namespace.ts";
import type { ClusterwideGroup, NodeGroup } from "../model/peers/clusterwide.ts";
import type { DefaultDeny } from "../model/peers/workload.ts";
import type { HostNetworkPods, Peer, Workload } from "../model/peers.ts";
import { peerName } from "../model/peers.ts";
import type { NumberedPort } from "../model/ports.ts";
import type { SourceFile } from "./file.ts";
import { identifier } from "./identifier.ts";
import { importText, laidOut, objectText, quoted, width } from "./layout.ts";
import { type Scope, scopeOf, unusedName } from "./scope.ts";
import { declaredPort, flowText, givenText, type Names, peerText } from "./write.ts";

/** What a file is written for: a namespace, or what is clusterwide. */
export interface Home {
  /** What its own constant is called. */
  readonly own: string;
  /** The word that opens it, and what that is given. */
  readonly word: "namespace" | "clusterwide";
  readonly given: readonly string[];
  readonly statements: readonly Statement[];
  /** What it declares, each with its word and the keys that it says. */
  readonly declarations: readonly Declaration[];
}

interface Declaration {
  readonly peer: Peer & { readonly name: string };
  readonly word: string;
  readonly keys: (scope: Scope) => Keys;
}

/** The keys of a declaration with the code behind them, but for those that it leaves out. */
type Keys = Readonly<Record<string, string | undefined>>;

export const namespaceHome = ({ name, labels, workloads, hostNetwork, statements }: Namespace): Home => ({
  own: ownName(identifier(name), [...workloads, ...hostNetwork]),
  word: "namespace",
  given: [quoted(name), ...(labels === undefined ? [] : [`{ labels: ${objectText(labels, quoted)} }`])],
  statements,
  declarations: [
    ...workloads.map((workload) => ({
      peer: workload,
      word: workload.isGroup ? "group" : "workload",
      keys: (scope: Scope) => workloadKeys(workload, scope),
    })),
    ...hostNetwork.map((pods) => ({
      peer: pods,
      word: "hostNetwork",
      keys: (scope: Scope) => hostNetworkKeys(pods, scope),
    })),
  ],
});

/** A namespace's constant is called like it, unless one of its declarations or a word of the language is. */
const ownName = (name: string, declared: readonly { readonly name: string }[]): string =>
  name in language || declared.some((one) => identifier(one.name) === name) ? "ns" : name;

export const clusterwideHome = ({ groups, statements }: Clusterwide): Home => ({
  own: "everywhere",
  word: "clusterwide",
  given: [],
  statements,
  declarations: groups.map((group) => ({
    peer: group,
    word: group.kind === "node-group" ? "nodes" : "group",
    keys: (scope: Scope) => groupKeys(group, scope),
  })),
});

/**
 * @param file what the text will be, without its imports
 * @param comments what stands above a declaration, by its name as a peer
 */
export function fileText(
  home: Home,
  file: SourceFile,
  files: readonly SourceFile[],
  comments: ReadonlyMap<string, string>,
): string {
  const { own, word, given } = home;
  const { scope, declarations, constants, flows } = partsOf(home, file, files, comments);
  const parts = [
    `const ${own} = ${word}(${given.join(", ")});`,
    ...declarations,
    ...(constants.length === 0 ? [] : [constants.join("\n")]),
    flowsText(own, flows),
  ];
  return `${[importText(broughtInto(file, scope, word)), ...parts].join("\n\n")}\n`;
}

/** The flows, a line each, or in that of the list where they have room there. */
function flowsText(own: string, flows: readonly string[]): string {
  const [begun, ended] = [`export default ${own}.flows(() => [`, "]);"];
  const line = `${begun}${flows.map((flow) => flow.trim().replace(/,$/, "")).join(", ")}${ended}`;
  return line.length <= width && !line.includes("\n") ? line : [begun, ...flows, ended].join("\n");
}

/** What is to be added to a file that there is already, its parts one after the other. */
export function additionText(home: Home, file: SourceFile, files: readonly SourceFile[]): string[] {
  const { scope, declarations, constants, flows } = partsOf(home, file, files, new Map());
  return [...scope.imports(), ...declarations, ...constants, ...flows.map((flow) => flow.replace(/^ {2}/gm, ""))];
}

function partsOf(home: Home, file: SourceFile, files: readonly SourceFile[], comments: ReadonlyMap<string, string>) {
  const { own, statements, declarations } = home;
  const shared = sharedPeers(statements, file, files);
  const names: Names = { port: namedAs, peer: (peer) => shared.get(peerName(peer))?.name };
  const named = { ...file, names: new Set([...file.names, ...[...shared.values()].map(({ name }) => name)]) };
  const scope = scopeOf(
    named,
    files.map((one) => (one === file ? named : one)),
  );
  const flows = statements.map((statement) => laidOut(flowText(statement, scope, names), { indent: 2, after: "," }));
  return {
    scope,
    flows,
    declarations: declarations.map((one) => declarationText(one, own, scope, file, comments.get(peerName(one.peer)))),
    constants: [...shared.values()].map(({ peer, name }) =>
      laidOut(peerText(peer, scope), { indent: 0, before: `const ${name} = `, after: ";" }),
    ),
  };
}

function declarationText(
  { peer, word, keys: keysOf }: Declaration,
  own: string,
  scope: Scope,
  file: SourceFile,
  comment: string | undefined,
): string {
  const keys = Object.entries(keysOf(scope)).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const name = quoted(peer.name);
  const begun = `export const ${file.constants.get(peerName(peer))} = ${own}.${word}(`;
  const inLines = (indent: number) =>
    keys.map(([key, code]) => laidOut(code, { indent, before: `${key}: `, after: "," }));
  const first = keys.length === 0 ? `${begun}${name});` : `${begun}${name}, {`;
  const rest = keys.length === 0 ? [] : [...inLines(2), "});"];
  const given = keys.length === 0 ? [] : ["  {", ...inLines(4), "  },"];
  return [
    ...(comment === undefined ? [] : [commentText(comment)]),
    ...(first.length <= width ? [first, ...rest] : [begun, `  ${name},`, ...given, ");"]),
  ].join("\n");
}

/** What the file imports, the word that opens it among it. */
function broughtInto({ language }: SourceFile, scope: Scope, word: string) {
  const brought = scope.imports().map((line) => {
    const [, names = "", from = ""] = /^import \{ (.*) \} from "(.*)";$/.exec(line) ?? [];
    return { names: names.split(", "), from };
  });
  const words = brought.find(({ from }) => from === language)?.names ?? [];
  return [{ names: [...words, word], from: language }, ...brought.filter(({ from }) => from !== language)];
}

/** A comment in a line, or in as many as it needs. */
function commentText(comment: string): string {
  const text = comment.replaceAll("*/", "* /").trim();
  const line = `/** ${text} */`;
  if (line.length <= width && !text.includes("\n")) return line;
  const lines = text.split("\n").flatMap((part) => part.match(/\S.{0,112}(?=\s|$)/g) ?? [""]);
  return ["/**", ...lines.map((one) => ` * ${one.trim()}`.trimEnd()), " */"].join("\n");
}

const workloadKeys = (
  { labels, otherLabels, ports, probes, defaultDeny, denyWorld }: Workload,
  scope: Scope,
): Keys => ({
  labels: labelsKey(labels, scope),
  otherLabels: unlessEmpty(otherLabels, quoted),
  ports: portsKey(ports, scope),
  probes: probes.length > 0 ? `[${probes.map(quoted).join(", ")}]` : undefined,
  defaultDeny: denyKey(defaultDeny),
  denyWorld: denyWorld ? "true" : undefined,
});

function groupKeys(group: ClusterwideGroup | NodeGroup, scope: Scope): Keys {
  const { labels, defaultDeny } = group;
  const namespaces = group.kind === "node-group" || isEvery(group.namespaces) ? undefined : group.namespaces;
  const given = namespaces !== undefined && !isLabelMatch(namespaces) ? namespaces.labelled : namespaces;
  return {
    namespaces: given && givenText(given, scope),
    labels: labelsKey(labels, scope),
    defaultDeny: denyKey(defaultDeny),
  };
}

const isEvery = (namespaces: ClusterwideGroup["namespaces"]): boolean =>
  typeof namespaces === "object" && "present" in namespaces;

const hostNetworkKeys = ({ reason, labels, ports }: HostNetworkPods, scope: Scope): Keys => ({
  reason: quoted(reason),
  labels: labels && objectText(labels, quoted),
  ports: portsKey(ports, scope),
});

const labelsKey = (labels: Labels, scope: Scope) => unlessEmpty(labels, (match) => givenText(match, scope));

const portsKey = (ports: Readonly<Record<string, NumberedPort>>, scope: Scope) =>
  unlessEmpty(ports, (port) => declaredPort(port, scope));

const denyKey = (defaultDeny: DefaultDeny) => (defaultDeny === "both" ? undefined : quoted(defaultDeny));

const unlessEmpty = <T>(object: Readonly<Record<string, T>>, text: (value: T) => string): string | undefined =>
  Object.keys(object).length === 0 ? undefined : objectText(object, text);

/** The name of a port that is declared as it is stated. */
export const namedAs: Names["port"] = ({ ports }, { number, last, transports }) =>
  Object.entries(ports).find(
    ([, declared]) =>
      declared.number === number && declared.last === last && declared.transports.join() === transports.join(),
  )?.[0];

interface SharedPeer {
  readonly peer: Peer;
  readonly name: string;
}

/** Peers whose words are long and that several flows have, or that make a line too long, by their names. */
function sharedPeers(
  statements: readonly Statement[],
  file: SourceFile,
  files: readonly SourceFile[],
): Map<string, SharedPeer> {
  const scope = scopeOf(file, files);
  const isLong = (peer: Peer) =>
    (peer.kind === "pod-set" || peer.kind === "fqdns") && peerText(peer, scope).length > 30;
  const uses = statements.flatMap((statement) => {
    const tooLong = flowText(statement, scope, { port: namedAs }).length > width - 2;
    return peersOf(statement)
      .filter(isLong)
      .map((peer) => ({ peer, tooLong }));
  });
  const taken = new Set(file.names);
  const shared = new Map<string, SharedPeer>();
  for (const [key, alike] of Map.groupBy(uses, ({ peer }) => peerName(peer))) {
    const [first] = alike;
    if (first === undefined || (alike.length < 2 && !first.tooLong)) continue;
    const name = constantName(first.peer, taken);
    taken.add(name);
    shared.set(key, { peer: first.peer, name });
  }
  return shared;
}

const peersOf = ({ sources, destinations }: Statement): Peer[] => [...sources, ...destinations.map(({ peer }) => peer)];

/** After the labels that name the pods, their namespace, or the domain of the names: the first name that is not taken. */
function constantName(peer: Peer, taken: ReadonlySet<string>): string {
  const [first = peerName(peer), ...others] = namesFor(peer);
  return unusedName(identifier(first), taken, ...others.map(identifier));
}

function namesFor(peer: Peer): string[] {
  if (peer.kind === "fqdns") {
    const domains = peer.names.map((name) => name.split(".").filter((part) => !part.includes("*")));
    return [...domains.map((parts) => parts.slice(-2, -1)), ...domains].map((parts) => `${parts.join("-")}-names`);
  }
  if (peer.kind !== "pod-set") return [peerName(peer)];
  const { labels, namespaces } = peer;
  const place = typeof namespaces === "string" ? namespaces : "chosen";
  const keys = [...nameLabels.filter((key) => key in labels), ...Object.keys(labels)];
  const values = keys.flatMap((key) => {
    const match = labels[key];
    return typeof match === "string" && !["", "true"].includes(match) ? [match] : [];
  });
  const [first, ...others] = [...new Set(values)];
  if (first === undefined) return [`${place}-pods`];
  const plain = [first, ...others.map((value) => `${first}-${value}`)];
  return [...plain, ...plain.map((name) => `${name}-of-${place}`), ...plain.map((name) => `${name}-pods`)];
}
