/** Pods that a policy governs: a workload's own policy, or that of a group of pods beside the policies that they have besides. */
import { z } from "zod";
import type { Direction } from "../../policy/parts.ts";
import type { ObjectSchema } from "../issues.ts";
import { type Labels, labelFaults, labelsSchema, plainLabels, strippedLabels } from "../labels.ts";
import type { NumberedPort } from "../ports.ts";
import { asMade, type PeerKind } from "./kind.ts";
import { type DeclaredPorts, namedPorts, portChoice } from "./named-ports.ts";

export interface Workload {
  readonly kind: "workload";
  readonly namespace: string;
  /** What its namespace carries, as far as it is declared. */
  readonly namespaceLabels: Readonly<Record<string, string>> | undefined;
  /** As the tables name it; also the name of its policy. */
  readonly name: string;
  /** Whether its pods may be those of workloads and other groups as well. The pods of workloads are nobody else's. */
  readonly isGroup: boolean;
  /** What its policy selects on. */
  readonly labels: Labels;
  /** What its pods carry besides: not selected on, but other selectors may meet it. */
  readonly otherLabels: Readonly<Record<string, string>>;
  readonly ports: Readonly<Record<string, NumberedPort>>;
  /** Names of the ports that the kubelet probes. */
  readonly probes: readonly string[];
  /** The directions in which its pods refuse what no rule allows. In the others its rules only add to those of other policies. */
  readonly defaultDeny: DefaultDeny;
  /** Refuses what comes from outside the cluster, whatever is allowed elsewhere. Not for pods with probes. */
  readonly denyWorld: boolean;
}

export type { Direction };
export type DefaultDeny = "both" | Direction | "none";

/** Whether its policy puts its pods into default deny. */
export const isDeniedByDefault = (
  { defaultDeny }: { readonly defaultDeny: DefaultDeny },
  direction: Direction,
): boolean => defaultDeny === "both" || defaultDeny === direction;

export const defaultDenySchema = z
  .enum(["ingress", "egress", "none"], 'write "ingress", "egress" or "none", or leave it out for both directions')
  .optional()
  .transform((given): DefaultDeny => given ?? "both");

/** What a file says of a workload. */
export interface WorkloadSpec<Name extends string> {
  readonly labels: Labels;
  readonly otherLabels?: Readonly<Record<string, string>>;
  readonly ports?: DeclaredPorts<Workload, Name>;
  readonly probes?: readonly NoInfer<Name>[];
  /** In both directions, unless it says otherwise. */
  readonly defaultDeny?: Direction | "none";
  readonly denyWorld?: true;
}

/** What a file says of a group: without labels it is all pods of its namespace. The probes of its pods are told with them. */
export type GroupSpec<Name extends string> = Partial<Omit<WorkloadSpec<Name>, "probes">>;

/** What pods have as properties, so that none of their ports can be called so. */
export const podProperties = [
  "kind",
  "namespace",
  "namespaceLabels",
  "name",
  "isGroup",
  "labels",
  "otherLabels",
  "ports",
  "probes",
  "defaultDeny",
  "denyWorld",
];

type Said = Omit<Workload, "kind" | "namespace" | "namespaceLabels" | "name" | "isGroup">;

const keys = {
  labels: labelsSchema,
  otherLabels: plainLabels.default({}),
  ports: namedPorts(podProperties).default({}),
  defaultDeny: defaultDenySchema,
  denyWorld: z
    .literal(true, "write true, or leave it out")
    .optional()
    .transform((deny): boolean => deny === true),
};

export const workloadSpec: ObjectSchema<Said> = z
  .strictObject(
    { ...keys, probes: z.array(z.string(), 'write a list of names of its ports, such as ["https"]').default([]) },
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

export const groupSpec: ObjectSchema<Omit<Said, "probes">> = z
  .strictObject(
    { ...keys, labels: labelsSchema.default({}) },
    'write what its pods carry, such as { labels: { "app.kubernetes.io/part-of": "shop" } }',
  )
  .superRefine(({ labels }, context) => {
    for (const message of strippedLabels(labels)) context.addIssue({ code: "custom", message });
  });

export const workloadKind: PeerKind<Workload> = {
  schema: asMade("workload"),
  isSource: true,
  name: ({ namespace, name }) => `${namespace}/${name}`,
  inTables: ({ namespace, name }) => ({ names: [name], place: namespace }),
  inVerdicts: ({ namespace, name }) => [`${namespace}/${name}`],
  namespace: ({ namespace }) => namespace,
  isOutside: () => false,
  share: ({ namespace, name }, subject) =>
    subject.kind === "workload" && namespace === subject.namespace && name === subject.name ? "all" : "none",
  selection: ({ namespace, labels }) => ({ kind: "endpoints", namespaces: namespace, labels }),
  wording: ({ namespace, name }) => ({ kind: "constant", namespace, name }),
};
