/** A namespace's file, or that of what is clusterwide, as somebody has to know it who writes a line into it: what it exports, imports and calls things. */

import { clusterwideId, isClusterwideGroup } from "../model/peers/clusterwide.ts";
import { isPods, type Pods } from "../model/peers/named-ports.ts";
import { peerName } from "../model/peers.ts";
import { type FileExports, isClusterwide, isNamespace } from "../model/read.ts";

export interface SourceFile {
  /** Seen from the project's folder: `cluster/argo.ts`. */
  readonly path: string;
  /** `clusterwide` for what belongs to none. */
  readonly namespace: string;
  /** Where it imports the language from: `../cilium/language.ts`. */
  readonly language: string;
  /** The constants that it exports, by `namespace/name` of the pods that they are. */
  readonly constants: ReadonlyMap<string, string>;
  readonly imports: readonly Import[];
  /** Every name at its top: imports and declarations. */
  readonly names: ReadonlySet<string>;
}

/** `import { name as local } from "from"` */
export interface Import {
  readonly from: string;
  readonly name: string;
  readonly local: string;
}

/**
 * Reads a file of `cluster/` from what it exports and its text.
 * @returns undefined for one that declares no namespace, or has the word for that from elsewhere
 */
export function sourceFile(path: string, exported: FileExports, text: string): SourceFile | undefined {
  const values = Object.values(exported);
  const namespace = values.find(isNamespace)?.name ?? (values.some(isClusterwide) ? clusterwideId : undefined);
  const imports = importsIn(text);
  const language = imports.find(({ name }) => name === "namespace" || name === clusterwideId)?.from;
  if (namespace === undefined || language === undefined) return undefined;
  return {
    path,
    namespace,
    language,
    constants: new Map(
      Object.entries(exported).flatMap(([name, value]): [string, string][] =>
        (isPods(value) || isClusterwideGroup(value)) && name !== "default" ? [[peerName(value), name]] : [],
      ),
    ),
    imports,
    names: new Set([...imports.map(({ local }) => local), ...declaredIn(text)]),
  };
}

export type PodsName = Pick<Pods, "namespace" | "name">;

/** The file of pods' namespace. */
export const fileOf = ({ namespace }: Pick<Pods, "namespace">, files: readonly SourceFile[]): SourceFile | undefined =>
  files.find((file) => file.namespace === namespace);

function importsIn(text: string): Import[] {
  return [...text.matchAll(/^import\s+([^"';]+?)\s+from\s+["']([^"']+)["']/gm)].flatMap(
    ([, clause = "", from = ""]) => {
      const [, others = "", named = ""] = /^([^{]*)(?:\{([^}]*)\})?$/.exec(clause.replace(/\/\/.*$/gm, "")) ?? [];
      return [
        // A default, or everything: a name that is taken, and none of the others.
        ...identifiers(others).map((local) => ({ from, name: "default", local })),
        ...named.split(",").flatMap((one): Import[] => {
          const [name = "", local = name] = identifiers(one.replace(/\bas\b/, " "));
          return name === "" ? [] : [{ from, name, local }];
        }),
      ];
    },
  );
}

/** Of destructuring every name, the properties' too. */
const declaredIn = (text: string): string[] =>
  [...text.matchAll(declaration)].flatMap(([, declared = ""]) => identifiers(declared));

const declaration =
  /^(?:export\s+)?(?:declare\s+)?(?:async\s+)?(?:const|let|var|function\*?|class|type|interface)\s+([\w$]+|\{[^}]*\}|\[[^\]]*\])/gm;

const identifiers = (text: string): string[] => text.match(/[\w$]+/g) ?? [];
