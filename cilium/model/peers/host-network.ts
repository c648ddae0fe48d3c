/** Pods with `hostNetwork: true`: their traffic has the node's identity, so no policy selects them. */
import { z } from "zod";
import type { ObjectSchema } from "../issues.ts";
import { type Port, portSchema } from "../ports.ts";
import { nodes } from "./entities.ts";
import type { PeerKind } from "./kind.ts";
import { type NamedPorts, namedPorts } from "./named-ports.ts";

export interface HostNetworkPods {
  readonly kind: "host-network";
  readonly namespace: string;
  readonly name: string;
  /** Why they run on the host's network. */
  readonly reason: string;
  readonly ports: Readonly<Record<string, Port>>;
}

/** What a file says of pods on the host's network. */
export interface HostNetworkSpec<Name extends string> {
  readonly reason: string;
  readonly ports?: NamedPorts<HostNetworkPods, Name>;
}

export const hostNetworkSchema = z.object({
  kind: z.literal("host-network"),
  namespace: z.string(),
  name: z.string(),
  reason: z.string(),
  ports: z.record(z.string(), portSchema),
}) satisfies z.ZodType<HostNetworkPods>;

export const hostNetworkSpec: ObjectSchema<Pick<HostNetworkPods, "reason" | "ports">> = z.strictObject(
  {
    reason: z.string("write why they run on the host's network"),
    ports: namedPorts(hostNetworkSchema).default({}),
  },
  'write why they run on the host\'s network, such as { reason: "CNI" }',
);

export const hostNetworkKind: PeerKind<HostNetworkPods> = {
  name: ({ namespace, name }) => `${namespace}/${name}`,
  inTables: () => ({ names: [nodes.name] }),
  inVerdicts: ({ namespace, name }) => [`${namespace}/${name}`],
  isOutside: () => false,
  selection: () => ({ kind: "entities", entities: nodes.entities }),
};
