/** A graph in the language of Graphviz: one box for each namespace, an arrow for each flow. */
import type { ListedFlow } from "../flows.ts";

export function dot(flows: readonly ListedFlow[]): string {
  const names = [...new Set(flows.flatMap(({ from, to }) => [from, to]))];
  const inNamespaces = Map.groupBy(
    names.filter((name) => namespaceOf(name) !== undefined),
    (name) => namespaceOf(name),
  );
  const boxes = [...inNamespaces].map(
    ([namespace = "", members]) =>
      `  subgraph ${quoted(`cluster_${namespace}`)} {\n    label=${quoted(namespace)};\n${members
        .map((name) => `    ${quoted(name)} [label=${quoted(name.slice(namespace.length + 1))}];\n`)
        .join("")}  }\n`,
  );
  const arrows = flows.map(
    ({ from, to, ports, conditions }) =>
      `  ${quoted(from)} -> ${quoted(to)} [label=${quoted([ports, ...conditions].join("\n"))}];\n`,
  );
  return `digraph flows {\n  rankdir=LR;\n  node [shape=box];\n${boxes.join("")}${arrows.join("")}}\n`;
}

/** The namespace of an endpoint; CIDRs have a slash too. */
const namespaceOf = (name: string): string | undefined => /^([a-z0-9][-a-z0-9]*)\/[^/]*[a-z][^/]*$/.exec(name)?.[1];

const quoted = (text: string): string => JSON.stringify(text);
