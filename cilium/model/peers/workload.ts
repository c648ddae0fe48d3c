/** Pods that one policy governs. */
import { z } from "zod";
import type { ObjectSchema } from "../issues.ts";
import { type Labels, labelFaults, labelsSchema, plainLabels } from "../labels.ts";
import type { Port } from "../ports.ts";
import { asMade, type PeerKind } from "./kind.ts";
import { type NamedPorts, namedPorts, portChoice } from "./named-ports.ts";

export interface Workload {
  readonly kind: "workload";
  readonly namespace: string;
  /** What its namespace carries, as far as it is declared. */
  readonly namespaceLabels: Readonly<Record<string, string>> | undefined;
  /** As the tables name it; also the name of its policy. */
  readonly name: string;
  /** What its policy selects on. */
  readonly labels: Labels;
  /** What its pods carry besides: not selected on, but other selectors may meet it. */
  readonly otherLabels: Readonly<Record<string, string>>;
  readonly ports: Readonly<Record<string, Port>>;
  /** Names of the ports that the kubelet probes. */
  readonly probes: readonly string[];
  /** Refuses what comes from outside the cluster, whatever is allowed elsewhere. Not for pods with probes. */
  readonly denyWorld: boolean;
}

/** What a file says of a workload. */
export interface WorkloadSpec<Name extends string> {
  readonly labels: Labels;
  readonly otherLabels?: Readonly<Record<string, string>>;
  readonly ports?: NamedPorts<Workload, Name>;
  readonly probes?: readonly NoInfer<Name>[];
  readonly denyWorld?: true;
}

/** What pods have as properties, so that none of their ports can be called so. */
const properties = [
  "kind",
  "namespace",
  "namespaceLabels",
  "name",
  "labels",
  "otherLabels",
  "ports",
  "probes",
  "denyWorld",
];

export const workloadSpec: ObjectSchema<Omit<Workload, "kind" | "namespace" | "namespaceLabels" | "name">> = z
  .strictObject(
    {
      labels: labelsSchema,
      otherLabels: plainLabels.default({}),
      ports: namedPorts(properties).default({}),
      probes: z.array(z.string(), 'write a list of names of its ports, such as ["https"]').default([]),
      denyWorld: z
        .literal(true, "write true, or leave it out")
        .optional()
        .transform((deny): boolean => deny === true),
    },
    'write what its pods carry, such as { labels: { app: "web" } }',
  )
  .superRefine(({ labels, ports, probes, denyWorld }, context) => {
    const refuse = (message: string) => context.addIssue({ code: "custom", message });
    labelFaults(labels).forEach(refuse);
    for (const probe of probes) {
      if (!(probe in ports)) refuse(`probes ${probe}, which is none of its ports${portChoice(ports, probe)}`);
    }
    if (denyWorld && probes.length > 0) {
      refuse(
        "has kubelet probes and denies world; leave denyWorld out: default deny refuses the world as well and cannot break probes",
      );
    }
  });

export const workloadKind: PeerKind<Workload> = {
  schema: asMade("workload"),
  isSource: true,
  name: ({ namespace, name }) => `${namespace}/${name}`,
  inTables: ({ namespace, name }) => ({ names: [name], place: namespace }),
  inVerdicts: ({ namespace, name }) => [`${namespace}/${name}`],
  isOutside: () => false,
  share: ({ namespace, name }, workload) =>
    namespace === workload.namespace && name === workload.name ? "all" : "none",
  selection: ({ namespace, labels }) => ({ kind: "endpoints", namespaces: namespace, labels }),
  wording: ({ namespace, name }) => ({ kind: "constant", namespace, name }),
};
