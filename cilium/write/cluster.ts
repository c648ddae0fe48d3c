/** A whole cluster as the files of `cluster/`, for whoever begins with one. */
import { type Cluster, workloadId } from "../model/cluster.ts";
import { clusterwideId } from "../model/peers/clusterwide.ts";
import { peerName } from "../model/peers.ts";
import { isNumbered } from "../model/ports.ts";
import { kubeDns } from "../model/read.ts";
import type { SourceFile } from "./file.ts";
import { identifier } from "./identifier.ts";
import { laidOut, quoted } from "./layout.ts";
import { clusterwideHome, fileText, type Home, namedAs, namespaceHome } from "./namespace.ts";
import { unusedName } from "./scope.ts";

/** What is said of a cluster besides what it declares. */
export interface Remarks {
  /** Where the files import the language from. */
  readonly language: string;
  /** What stands above a workload, by its id. */
  readonly comments: ReadonlyMap<string, string>;
  /** Whether `cluster/policy-pack.ts` exports a `policyPack`. */
  readonly hasPolicyPack: boolean;
}

/** The files by their paths, seen from the project's folder. */
export function writeCluster(cluster: Cluster, remarks: Remarks): Map<string, string> {
  const { namespaces, clusterwide } = cluster;
  const written = namespaces.map((namespace) => {
    const home = namespaceHome(namespace);
    const path = reservedFiles.includes(namespace.name) ? `namespace-${namespace.name}` : namespace.name;
    return { home, file: fileOf(home, path, namespace.name, remarks) };
  });
  const own = clusterwideHome(clusterwide);
  const everywhere =
    own.declarations.length === 0 ? [] : [{ home: own, file: fileOf(own, clusterwideId, clusterwideId, remarks) }];
  const all = [...written, ...everywhere];
  const files = all.map(({ file }) => file);
  return new Map([
    ["cluster/cluster.ts", clusterText(cluster, files, remarks)],
    ...all.map(({ home, file }) => [file.path, fileText(home, file, files, remarks.comments)] as const),
  ]);
}

/** Files of `cluster/` that are no namespace's. */
const reservedFiles: readonly string[] = ["cluster", "policy-pack", clusterwideId];

/** A file before it is written. */
export function fileOf(
  { own, word, declarations }: Home,
  name: string,
  namespace: string,
  { language }: Pick<Remarks, "language">,
): SourceFile {
  const taken = new Set([own, word, "from"]);
  const constants = new Map<string, string>();
  for (const { peer } of declarations) {
    const constant = unusedName(identifier(peer.name), taken);
    taken.add(constant);
    constants.set(peerName(peer), constant);
  }
  return {
    path: `cluster/${name}.ts`,
    namespace,
    language,
    constants,
    imports: [{ from: language, name: word, local: word }],
    names: new Set([own, word, ...constants.values()]),
  };
}

function clusterText({ dns, namespaces }: Cluster, files: readonly SourceFile[], remarks: Remarks): string {
  const taken = new Set(["cluster", "policyPack", "everywhere"]);
  const names = namespaces.map(({ name }) => {
    const local = unusedName(identifier(name), taken, `${identifier(name)}Namespace`);
    taken.add(local);
    return local;
  });
  const server = files.find(({ namespace }) => namespace === dns?.peer.namespace);
  const constant = dns && server?.constants.get(workloadId(dns.peer));
  const isEverywhere = files.length > namespaces.length;
  const imports = files.map((file, at) => {
    const brought =
      constant !== undefined && file === server ? `${names[at]}, { ${constant} }` : (names[at] ?? "everywhere");
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
    laidOut(`[${names.join(", ")}]`, { indent: 2, before: "namespaces: ", after: "," }),
    ...(isEverywhere ? ["  clusterwide: everywhere,"] : []),
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
