/** The file of a namespace, or of what is clusterwide: what it declares, the peers that several of its flows have, and its flows, a line each. */
import type { Clusterwide } from "../model/clusterwide.ts";
import type { Statement } from "../model/flow.ts";
import { isLabelMatch } from "../model/labels.ts";
import type { Namespace } from "../model/namespace.ts";
import type { ClusterwideGroup, NodeGroup } from "../model/peers/clusterwide.ts";
import type { HostNetworkPods, Peer, Workload } from "../model/peers.ts";
import { peerName } from "../model/peers.ts";
import type { NumberedPort } from "../model/ports.ts";
import type { SourceFile } from "./file.ts";
import { identifier } from "./identifier.ts";
import { importText, objectText, quoted, width } from "./layout.ts";
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
  readonly lines: (scope: Scope) => readonly string[];
}

export const namespaceHome = ({ name, labels, workloads, hostNetwork, statements }: Namespace): Home => ({
  own: identifier(name),
  word: "namespace",
  given: [quoted(name), ...(labels === undefined ? [] : [`{ labels: ${objectText(labels, quoted)} }`])],
  statements,
  declarations: [
    ...workloads.map((workload) => ({
      peer: workload,
      word: workload.isGroup ? "group" : "workload",
      lines: (scope: Scope) => workloadLines(workload, scope),
    })),
    ...hostNetwork.map((pods) => ({
      peer: pods,
      word: "hostNetwork",
      lines: (scope: Scope) => hostNetworkLines(pods, scope),
    })),
  ],
});

export const clusterwideHome = ({ groups, statements }: Clusterwide): Home => ({
  own: "everywhere",
  word: "clusterwide",
  given: [],
  statements,
  declarations: groups.map((group) => ({
    peer: group,
    word: group.kind === "node-group" ? "nodes" : "group",
    lines: (scope: Scope) => groupLines(group, scope),
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
    flows.length === 0
      ? `export default ${own}.flows(() => []);`
      : [`export default ${own}.flows(() => [`, ...flows.map((line) => `  ${line}`), "]);"].join("\n"),
  ];
  return `${[importText(broughtInto(file, scope, word)), ...parts].join("\n\n")}\n`;
}

/** What is to be added to a file that there is already, its parts one after the other. */
export function additionText(home: Home, file: SourceFile, files: readonly SourceFile[]): string[] {
  const { scope, declarations, constants, flows } = partsOf(home, file, files, new Map());
  return [...scope.imports(), ...declarations, ...constants, ...flows];
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
  const flows = statements.flatMap((statement) => flowLines(statement, scope, names));
  return {
    scope,
    flows,
    declarations: declarations.map((one) => declarationText(one, own, scope, file, comments.get(peerName(one.peer)))),
    constants: [...shared.values()].map((one) => constantText(one, scope)),
  };
}

function declarationText(
  { peer, word, lines: linesOf }: Declaration,
  own: string,
  scope: Scope,
  file: SourceFile,
  comment: string | undefined,
): string {
  const lines = linesOf(scope);
  const begun = `export const ${file.constants.get(peerName(peer))} = ${own}.${word}(${quoted(peer.name)}`;
  return [
    ...(comment === undefined ? [] : [commentText(comment)]),
    ...(lines.length === 0 ? [`${begun});`] : [`${begun}, {`, ...lines.map((line) => `  ${line},`), "});"]),
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

const workloadLines = (
  { labels, otherLabels, ports, probes, defaultDeny, denyWorld }: Workload,
  scope: Scope,
): string[] => [
  ...(Object.keys(labels).length === 0 ? [] : [`labels: ${objectText(labels, (match) => givenText(match, scope))}`]),
  ...(Object.keys(otherLabels).length > 0 ? [`otherLabels: ${objectText(otherLabels, quoted)}`] : []),
  ...portLines(ports, scope),
  ...(probes.length > 0 ? [`probes: [${probes.map(quoted).join(", ")}]`] : []),
  ...(defaultDeny === "both" ? [] : [`defaultDeny: ${quoted(defaultDeny)}`]),
  ...(denyWorld ? ["denyWorld: true"] : []),
];

function groupLines(group: ClusterwideGroup | NodeGroup, scope: Scope): string[] {
  const { labels, defaultDeny } = group;
  const namespaces = group.kind === "node-group" || isEvery(group.namespaces) ? undefined : group.namespaces;
  const given = namespaces !== undefined && !isLabelMatch(namespaces) ? namespaces.labelled : namespaces;
  return [
    ...(given === undefined ? [] : [`namespaces: ${givenText(given, scope)}`]),
    ...(Object.keys(labels).length === 0 ? [] : [`labels: ${objectText(labels, (match) => givenText(match, scope))}`]),
    ...(defaultDeny === "both" ? [] : [`defaultDeny: ${quoted(defaultDeny)}`]),
  ];
}

const isEvery = (namespaces: ClusterwideGroup["namespaces"]): boolean =>
  typeof namespaces === "object" && "present" in namespaces;

const hostNetworkLines = ({ reason, labels, ports }: HostNetworkPods, scope: Scope): string[] => [
  `reason: ${quoted(reason)}`,
  ...(labels === undefined ? [] : [`labels: ${objectText(labels, quoted)}`]),
  ...portLines(ports, scope),
];

const portLines = (ports: Readonly<Record<string, NumberedPort>>, scope: Scope): string[] =>
  Object.keys(ports).length === 0 ? [] : [`ports: ${objectText(ports, (port) => declaredPort(port, scope))}`];

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
  if (peer.kind === "fqdns") return unusedName(`${identifier(peer.names[0]?.split(".").at(-2) ?? "")}Names`, taken);
  if (peer.kind !== "pod-set") return unusedName(identifier(peerName(peer)), taken);
  const { labels, namespaces } = peer;
  const place = typeof namespaces === "string" ? namespaces : "chosen";
  const keys = [...nameLabels.filter((key) => key in labels), ...Object.keys(labels)];
  const values = keys.flatMap((key) => {
    const match = labels[key];
    return typeof match === "string" && !["", "true"].includes(match) ? [match] : [];
  });
  const [first] = values;
  const names =
    first === undefined
      ? [`${place}-pods`]
      : [...values, ...values.slice(1).map((value) => `${first}-${value}`), `${first}-of-${place}`];
  const free = names.map(identifier).find((name) => !taken.has(name));
  return free ?? unusedName(identifier(names[0] ?? place), taken);
}

/** The labels that tell what pods are, the most telling first. */
const nameLabels = ["app.kubernetes.io/name", "app", "k8s-app", "name", "app.kubernetes.io/instance"];

function constantText({ peer, name }: SharedPeer, scope: Scope): string {
  const text = peerText(peer, scope);
  const line = `const ${name} = ${text};`;
  if (line.length <= width) return line;
  const [, word = "", given = ""] = /^(\w+)\((.*)\)$/.exec(text) ?? [];
  // The names of a list are texts without commas.
  if (peer.kind === "fqdns")
    return `const ${name} = ${word}(\n${given
      .split(", ")
      .map((one) => `  ${one},\n`)
      .join("")});`;
  const labels = /^(.*?)\{ (.*) \}$/.exec(given);
  if (labels === null) return line;
  const [, before = "", entries = ""] = labels;
  return `const ${name} = ${word}(${before}{\n${entriesIn(entries)
    .map((one) => `  ${one},\n`)
    .join("")}});`;
}

/** The entries of an object in a line, whose values may be calls with several texts. */
const entriesIn = (text: string): string[] => text.split(/, (?=(?:"[^"]+"|[\w$]+): )/);

/** A statement as a line, or as several that state the same where one is too long. */
function flowLines(statement: Statement, scope: Scope, names: Names): string[] {
  const line = flowText(statement, scope, names);
  const parts = line.length <= width - 2 ? [] : halves(statement);
  return parts.length === 0 ? [line] : parts.flatMap((part) => flowLines(part, scope, names));
}

/** Two statements that together state the same; none where that cannot be. */
function halves(statement: Statement): Statement[] {
  const { sources, destinations } = statement;
  const inHalves = <T>(list: readonly T[]) => {
    const middle = Math.ceil(list.length / 2);
    return [list.slice(0, middle), list.slice(middle)];
  };
  if (sources.length > 1) return inHalves(sources).map((some) => ({ ...statement, sources: some }));
  return destinations.length > 1 ? inHalves(destinations).map((some) => ({ ...statement, destinations: some })) : [];
}
