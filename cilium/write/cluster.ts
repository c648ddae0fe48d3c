/** A whole cluster as the files of `cluster/`, for whoever begins with one. */
import { type Cluster, workloadId } from "../model/cluster.ts";
import type { Namespace } from "../model/namespace.ts";
import { isNumbered } from "../model/ports.ts";
import { kubeDns } from "../model/read.ts";
import type { SourceFile } from "./file.ts";
import { identifier } from "./identifier.ts";
import { quoted, width } from "./layout.ts";
import { namedAs, namespaceText } from "./namespace.ts";
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
  const files = cluster.namespaces.map((namespace) => fileOf(namespace, remarks));
  return new Map([
    ["cluster/cluster.ts", clusterText(cluster, files, remarks)],
    ...cluster.namespaces.flatMap((namespace, at): [string, string][] => {
      const file = files[at];
      return file === undefined ? [] : [[file.path, namespaceText(namespace, file, files, remarks.comments)]];
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
    imports: [{ from: language, name: "namespace", local: "namespace" }],
    names: new Set([own, "namespace", ...constants.values()]),
  };
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
