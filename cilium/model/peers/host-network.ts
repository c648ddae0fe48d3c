/** Pods with `hostNetwork: true`: their traffic has the node's identity, so no policy selects them. */
import { z } from "zod";
import type { ObjectSchema } from "../issues.ts";
import { plainLabels } from "../labels.ts";
import type { NumberedPort } from "../ports.ts";
import { nodes } from "./entities.ts";
import { asMade, type PeerKind } from "./kind.ts";
import { type DeclaredPorts, namedPorts } from "./named-ports.ts";

export interface HostNetworkPods {
  readonly kind: "host-network";
  readonly namespace: string;
  readonly name: string;
  /** Why they run on the host's network. */
  readonly reason: string;
  /** The labels that the pods carry, if somebody has to recognise them. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly ports: Readonly<Record<string, NumberedPort>>;
}

/** What a file says of pods on the host's network. */
export interface HostNetworkSpec<Name extends string> {
  readonly reason: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ports?: DeclaredPorts<HostNetworkPods, Name>;
}

export const hostNetworkSpec: ObjectSchema<Pick<HostNetworkPods, "reason" | "labels" | "ports">> = z.strictObject(
  {
    reason: z.string("write why they run on the host's network"),
    labels: plainLabels.optional(),
    ports: namedPorts(["kind", "namespace", "name", "reason", "labels", "ports"]).default({}),
  },
  'write why they run on the host\'s network, such as { reason: "CNI" }',
);

export const hostNetworkKind: PeerKind<HostNetworkPods> = {
  schema: asMade("host-network"),
  isSource: true,
  name: ({ namespace, name }) => `${namespace}/${name}`,
  inTables: () => ({ names: [nodes.name] }),
  inVerdicts: ({ namespace, name }) => [`${namespace}/${name}`],
  namespace: ({ namespace }) => namespace,
  isOutside: () => false,
  share: (_, subject) => (subject.kind === "node-group" ? "all" : "none"),
  selection: () => ({ kind: "entities", entities: nodes.entities }),
  wording: ({ namespace, name }) => ({ kind: "constant", namespace, name }),
};
