/** What clusterwide policies govern: pods of any namespaces beside the policies of their workloads, and nodes. */
import { z } from "zod";
import { isKind, type ObjectSchema } from "../issues.ts";
import { type LabelMatch, type Labels, labelsSchema, present, strippedLabels } from "../labels.ts";
import { nodes } from "./entities.ts";
import { asMade, type PeerKind } from "./kind.ts";
import { type Namespaces, namespacesOf, namespacesSchema } from "./pod-set.ts";
import { type DefaultDeny, type Direction, defaultDenySchema } from "./workload.ts";

/** Pods of any namespaces. */
export interface ClusterwideGroup {
  readonly kind: "clusterwide-group";
  /** Also the name of its policy. */
  readonly name: string;
  readonly namespaces: Namespaces;
  readonly labels: Labels;
  readonly defaultDeny: DefaultDeny;
}

/** Nodes, which the host firewall protects. */
export interface NodeGroup {
  readonly kind: "node-group";
  readonly name: string;
  /** What its nodes carry; without labels it is every node. */
  readonly labels: Labels;
  readonly defaultDeny: DefaultDeny;
}

/** What a file says of such a group: without labels it is all pods, or all nodes. */
export interface ClusterwideGroupSpec extends NodeGroupSpec {
  /** Of which namespaces, said as in `podsOf`. */
  readonly namespaces?: LabelMatch | Labels;
}

export interface NodeGroupSpec {
  readonly labels?: Labels;
  readonly defaultDeny?: Direction | "none";
}

/** Stands before its names where namespaces stand before those of others. */
export const clusterwideId = "clusterwide";

export const isClusterwideGroup = (value: unknown): value is ClusterwideGroup | NodeGroup =>
  isKind(value, "clusterwide-group", "node-group");

const form = 'write what they carry, such as { labels: { egress: "world" } }';

const isObject = (value: unknown): value is LabelMatch | Labels => typeof value === "object" && value !== null;

export const clusterwideGroupSpec: ObjectSchema<Omit<ClusterwideGroup, "kind" | "name">> = z
  .strictObject(
    {
      namespaces: z.preprocess(
        (given) => (isObject(given) ? namespacesOf(given) : (given ?? present)),
        namespacesSchema,
      ),
      labels: labelsSchema.default({}),
      defaultDeny: defaultDenySchema,
    },
    form,
  )
  .superRefine(({ labels }, context) => {
    for (const message of strippedLabels(labels)) context.addIssue(message);
  });

export const nodeGroupSpec: ObjectSchema<Omit<NodeGroup, "kind" | "name">> = z.strictObject(
  { labels: labelsSchema.default({}), defaultDeny: defaultDenySchema },
  form,
);

export const clusterwideGroupKind: PeerKind<ClusterwideGroup> = {
  schema: asMade("clusterwide-group"),
  isSource: true,
  name: clusterwideName,
  inTables: ({ name }) => ({ names: [name], place: clusterwideId }),
  inVerdicts: (group) => [clusterwideName(group)],
  namespace: () => undefined,
  isOutside: () => false,
  share: ({ name }, subject) => (subject.kind === "clusterwide-group" && subject.name === name ? "all" : "none"),
  selection: ({ namespaces, labels }) => ({ kind: "endpoints", namespaces, labels }),
  wording: ({ name }) => ({ kind: "constant", namespace: clusterwideId, name }),
};

export const nodeGroupKind: PeerKind<NodeGroup> = {
  schema: asMade("node-group"),
  isSource: true,
  name: clusterwideName,
  inTables: ({ name }) => ({ names: [name], place: clusterwideId }),
  inVerdicts: () => nodes.entities,
  namespace: () => undefined,
  isOutside: () => false,
  share: ({ name }, subject) => (subject.kind === "node-group" && subject.name === name ? "all" : "none"),
  selection: ({ labels }) =>
    Object.keys(labels).length === 0 ? { kind: "entities", entities: nodes.entities } : { kind: "nodes", labels },
  wording: ({ name }) => ({ kind: "constant", namespace: clusterwideId, name }),
};

function clusterwideName({ name }: ClusterwideGroup | NodeGroup): string {
  return `${clusterwideId}/${name}`;
}
