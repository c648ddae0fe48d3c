/** A whole cluster as the files of `cluster/`, for whoever begins with one. */
import { type Cluster, workloadId } from "../model/cluster.ts";
import type { Statement } from "../model/flow.ts";
import { camelCase } from "../model/names.ts";
import type { Namespace } from "../model/namespace.ts";
import type { Pods } from "../model/peers/named-ports.ts";
import type { HostNetworkPods, Workload } from "../model/peers.ts";
import { isNumbered, type NumberedPort } from "../model/ports.ts";
import { kubeDns } from "../model/read.ts";
import type { SourceFile } from "./file.ts";
import { type Scope, scopeOf, unusedName } from "./scope.ts";
import { declaredPort, flowText, givenText, type NamePort } from "./write.ts";

/** What is said of a cluster besides what it declares. */
export interface Remarks {
  /** Where the files import the language from. */
  readonly language: string;
  /** What stands above a workload, by its id. */
  readonly comments: ReadonlyMap<string, string>;
  /** Whether `cluster/policy-pack.ts` exports a `policyPack`. */
  readonly hasPolicyPack: boolean;
}

/** The files by their paths, seen from the project's folder. Every port of a destination is declared. */
export function writeCluster(cluster: Cluster, remarks: Remarks): Map<string, string> {
  const files = cluster.namespaces.map((namespace) => fileOf(namespace, remarks));
  return new Map([
    ["cluster/cluster.ts", clusterText(cluster, files, remarks)],
    ...cluster.namespaces.flatMap((namespace, at): [string, string][] => {
      const file = files[at];
      return file === undefined ? [] : [[file.path, namespaceText(namespace, file, files, remarks)]];
    }),
  ]);
}

/** A namespace's file before it is written. */
function fileOf({ name, workloads, hostNetwork }: Namespace, { language }: Remarks): SourceFile {
  const own = identifier(name);
  const taken = new Set([own, "namespace", "from"]);
  const constants = new Map<string, string>();
  for (const pods of [...workloads, ...hostNetwork]) {
    const constant = unusedName(identifier(pods.name), taken);
    taken.add(constant);
    constants.set(workloadId(pods), constant);
  }
  return {
    path: `cluster/${name === "cluster" || name === "policy-pack" ? `namespace-${name}` : name}.ts`,
    namespace: name,
    language,
    constants,
    imports: ["namespace"].map((word) => ({ from: language, name: word, local: word })),
    names: new Set([own, "namespace", ...constants.values()]),
  };
}

/** A name as a constant is called; `the…` where a constant cannot be called so. */
function identifier(name: string): string {
  const written = camelCase(name);
  return /^[A-Za-z]/.test(written) && !reserved.has(written)
    ? written
    : `the${written[0]?.toUpperCase()}${written.slice(1)}`;
}

const reserved = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally
  for function if implements import in instanceof interface let new null package private protected public return static super
  switch this throw true try typeof undefined var void while with yield`.split(/\s+/),
);

function namespaceText(namespace: Namespace, file: SourceFile, files: readonly SourceFile[], remarks: Remarks): string {
  const scope = scopeOf(file, files);
  const own = identifier(namespace.name);
  const declarations = [
    ...namespace.workloads.map((workload) =>
      declaration(workload, workloadLines(workload, scope), workload.isGroup ? "group" : "workload"),
    ),
    ...namespace.hostNetwork.map((pods) => declaration(pods, hostNetworkLines(pods, scope), "hostNetwork")),
  ];
  function declaration(pods: Pods, lines: readonly string[], word: string): string {
    const comment = remarks.comments.get(workloadId(pods));
    return [
      ...(comment === undefined ? [] : [`/** ${comment.replaceAll("*/", "* /")} */`]),
      ...(lines.length === 0
        ? [`export const ${scope.constant(pods)} = ${own}.${word}(${quoted(pods.name)});`]
        : [
            `export const ${scope.constant(pods)} = ${own}.${word}(${quoted(pods.name)}, {`,
            ...lines.map((line) => `  ${line},`),
            "});",
          ]),
    ].join("\n");
  }
  const flows = namespace.statements.flatMap((statement) => flowLines(statement, scope)).map((line) => `  ${line}`);
  const ending =
    flows.length === 0
      ? `export default ${own}.flows(() => []);`
      : [`export default ${own}.flows(() => [`, ...flows, "]);"].join("\n");
  const imports = importText(file.language, "namespace", scope.imports());
  return `${[imports, `const ${own} = namespace(${[quoted(namespace.name), ...namespaceSpec(namespace)].join(", ")});`, ...declarations, ending].join("\n\n")}\n`;
}

/** What the namespace carries, where that is declared. */
const namespaceSpec = ({ labels }: Namespace): string[] =>
  labels === undefined ? [] : [`{ labels: ${objectText(labels, quoted)} }`];

/** The imports with the word that every file has, in the order of a formatter: packages first. */
function importText(language: string, word: string, lines: readonly string[]): string {
  const named = lines.map((line) => {
    const [, names = "", from = ""] = /^import \{ (.*) \} from "(.*)";$/.exec(line) ?? [];
    return { names: names.split(", "), from };
  });
  const own = named.find(({ from }) => from === language)?.names ?? [];
  const others = named.filter(({ from }) => from !== language).sort((a, b) => (a.from < b.from ? -1 : 1));
  return [{ names: [...own, word].sort(byName), from: language }, ...others]
    .map(({ names, from }) => {
      const line = `import { ${names.join(", ")} } from ${JSON.stringify(from)};`;
      return line.length <= width
        ? line
        : `import {\n${names.map((name) => `  ${name},\n`).join("")}} from ${JSON.stringify(from)};`;
    })
    .join("\n");
}

const byName = (a: string, b: string): number => a.localeCompare(b, "en", { numeric: true });

/** How long a line may be. */
const width = 120;

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

const hostNetworkLines = ({ reason, labels, ports }: HostNetworkPods, scope: Scope): string[] => [
  `reason: ${quoted(reason)}`,
  ...(labels === undefined ? [] : [`labels: ${objectText(labels, quoted)}`]),
  ...portLines(ports, scope),
];

const portLines = (ports: Readonly<Record<string, NumberedPort>>, scope: Scope): string[] =>
  Object.keys(ports).length === 0 ? [] : [`ports: ${objectText(ports, (port) => declaredPort(port, scope))}`];

/** An object in a line of a declaration, or a line for each key where that is too long. */
function objectText<T>(object: Readonly<Record<string, T>>, text: (value: T) => string): string {
  const entries = Object.entries(object).map(([key, value]) => `${propertyName(key)}: ${text(value)}`);
  const line = `{ ${entries.join(", ")} }`;
  return line.length <= width - 20 ? line : `{\n${entries.map((entry) => `    ${entry},\n`).join("")}  }`;
}

const propertyName = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name));

const quoted = (text: string): string => JSON.stringify(text);

/** A statement as a line, or as several that state the same where one is too long. */
function flowLines(statement: Statement, scope: Scope): string[] {
  const line = flowText(statement, scope, namedAs);
  const parts = line.length <= width - 2 ? [] : halves(statement);
  return parts.length === 0 ? [line] : parts.flatMap((part) => flowLines(part, scope));
}

/** The name of a port that is declared as it is stated. */
const namedAs: NamePort = ({ ports }, { number, last, transports }) =>
  Object.entries(ports).find(
    ([, declared]) =>
      declared.number === number && declared.last === last && declared.transports.join() === transports.join(),
  )?.[0];

/** Two statements that together state the same; none where that cannot be. */
function halves(statement: Statement): Statement[] {
  const { sources, destinations } = statement;
  const half = <T>(list: readonly T[]) => Math.ceil(list.length / 2);
  if (destinations.length > 1) {
    const middle = half(destinations);
    return [destinations.slice(0, middle), destinations.slice(middle)].map((some) => ({
      ...statement,
      destinations: some,
    }));
  }
  const [only] = destinations;
  if (only?.peer.kind === "fqdns" && only.peer.names.length > 1) {
    const { peer } = only;
    const middle = half(peer.names);
    return [peer.names.slice(0, middle), peer.names.slice(middle)].map((names) => ({
      ...statement,
      destinations: [{ ...only, peer: { ...peer, names } }],
    }));
  }
  if (sources.length > 1) {
    const middle = half(sources);
    return [sources.slice(0, middle), sources.slice(middle)].map((some) => ({ ...statement, sources: some }));
  }
  return [];
}

function clusterText({ dns, namespaces }: Cluster, files: readonly SourceFile[], remarks: Remarks): string {
  const taken = new Set(["cluster", "policyPack"]);
  const names = namespaces.map(({ name }) => {
    const local = unusedName(identifier(name), taken);
    taken.add(local);
    return local;
  });
  const server = files.find(({ namespace }) => namespace === dns?.peer.namespace);
  const constant = dns && server?.constants.get(workloadId(dns.peer));
  const imports = files.map((file, at) => {
    const brought = constant !== undefined && file === server ? `${names[at]}, { ${constant} }` : names[at];
    return { file: file.path.replace("cluster/", "./"), brought };
  });
  const all = [...imports, ...(remarks.hasPolicyPack ? [{ file: "./policy-pack.ts", brought: "{ policyPack }" }] : [])];
  return [
    "/** The cluster: its namespaces, in the order of the tables. */",
    `import type { ClusterDeclaration } from ${quoted(remarks.language)};`,
    ...all
      .sort((a, b) => (a.file < b.file ? -1 : 1))
      .map(({ file, brought }) => `import ${brought} from ${quoted(file)};`),
    "",
    "export const cluster: ClusterDeclaration = {",
    ...dnsLines(dns, constant),
    ...(remarks.hasPolicyPack ? ["  policyPack,"] : []),
    ...namespacesLines(names),
    "};",
    "",
  ].join("\n");
}

function dnsLines(dns: Cluster["dns"], constant: string | undefined): string[] {
  if (dns === undefined) return ["  dns: false,"];
  const [port] = dns.ports;
  const name = port && isNumbered(port) ? namedAs(dns.peer, port) : undefined;
  if (constant !== undefined && name !== undefined) return [`  dns: ${constant}.${name},`];
  if (dns.peer.name === kubeDns.peer.name) return [];
  throw new Error(`no file declares ${workloadId(dns.peer)}`);
}

function namespacesLines(names: readonly string[]): string[] {
  const line = `  namespaces: [${names.join(", ")}],`;
  return line.length <= width ? [line] : ["  namespaces: [", ...names.map((name) => `    ${name},`), "  ],"];
}
