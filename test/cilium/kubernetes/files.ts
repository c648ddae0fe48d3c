/** Objects read from texts, as they would be from files. */
import { type Objects, type ReadOptions, readObjects } from "../../../cilium/kubernetes/read.ts";
import { parseText } from "../../../cilium/kubernetes/text.ts";

/** What files hold, by their paths. */
export function read(files: Readonly<Record<string, string>>, options: ReadOptions = {}): Objects {
  const parsed = Object.entries(files).map(([file, text]) => parseText(text, file));
  return readObjects(
    {
      documents: parsed.flatMap(({ documents }) => documents),
      leftOut: parsed.flatMap(({ leftOut }) => leftOut),
      broken: parsed.flatMap(({ broken }) => broken),
      files: Object.keys(files),
    },
    options,
  );
}

/** A CiliumNetworkPolicy that selects `app: <name>`. */
export const policy = (name: string, namespace?: string): string => `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: ${name}${namespace === undefined ? "" : `, namespace: ${namespace}`}}
spec: {endpointSelector: {matchLabels: {app: ${name}}}, ingress: [{}]}
`;

/** The policies of objects as `namespace/name`. */
export const ids = ({ policies }: Objects): string[] =>
  policies.map(({ policy: { metadata } }) => `${metadata.namespace}/${metadata.name}`).sort();
