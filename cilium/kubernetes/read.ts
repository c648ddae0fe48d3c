/** What Kubernetes objects say that matters to policies: the policies, and the cluster that they are judged against. */
import { posix } from "node:path";
import leven from "leven";
import { z } from "zod";
import { type ApiResource, policyResources } from "../policy/resources.ts";
import { type Policy, policy as policySchema } from "../policy/schema.ts";
import { type MalformedPolicy, malformedText, subjectOf } from "./broken.ts";
import { helmMark, isLoss, type LeftOut, leftOutText, variableMark } from "./left-out.ts";
import { emptyLists } from "./nothing.ts";
import type {
  CidrGroupObject,
  CiliumConfigObject,
  CronJobObject,
  EndpointSliceObject,
  EndpointsObject,
  JobObject,
  NamespaceObject,
  NodeObject,
  PodObject,
  ServiceObject,
  WorkloadObject,
} from "./objects.ts";
import { schemas } from "./objects.ts";
import { type Cover, isKustomizationFile, type Placement, placementOf } from "./placement.ts";
import { type BrokenText, type Document, template, variables } from "./text.ts";
import { type Twice, versions } from "./twice.ts";
import { UnreadableObjects } from "./unreadable.ts";

/** Everything of an input, sorted by what it is. */
export type Objects = {
  readonly policies: readonly PlacedPolicy[];
  /** Policies whose namespace nobody names: what they select is not known, but whether Cilium takes them is. */
  readonly unplaced: readonly UnplacedPolicy[];
  /** Policies that the API server would not store as they stand. */
  readonly malformed: readonly MalformedPolicy[];
  readonly pods: readonly Placed<PodObject>[];
  /** Deployments, StatefulSets, DaemonSets and ReplicaSets. */
  readonly workloads: readonly Placed<WorkloadObject>[];
  readonly jobs: readonly Placed<JobObject>[];
  readonly cronJobs: readonly Placed<CronJobObject>[];
  readonly namespaces: readonly Placed<NamespaceObject>[];
  readonly nodes: readonly Placed<NodeObject>[];
  readonly cidrGroups: readonly Placed<CidrGroupObject>[];
  readonly services: readonly Placed<ServiceObject>[];
  readonly endpointSlices: readonly Placed<EndpointSliceObject>[];
  readonly endpoints: readonly Placed<EndpointsObject>[];
  readonly ciliumConfigs: readonly Placed<CiliumConfigObject>[];
  /** The kinds whose objects are all here: a cluster's that could be listed, and those of which a file has some. */
  readonly known: ReadonlySet<string>;
  /** Objects that only the policy pack looks at. */
  readonly others: readonly OtherObject[];
  readonly leftOut: readonly LeftOut[];
  /** Objects of which there are different versions; the answer for them would be neither's. */
  readonly twice: readonly Twice[];
  /** Every file that was read. */
  readonly files: readonly string[];
  /** The file of each place, and the line in it at which the object's document begins. */
  readonly positions: ReadonlyMap<string, Position>;
  /** What a reader of an answer has to know besides. */
  readonly notes: readonly string[];
};

export type Position = { readonly file: string; readonly line: number };

export type Placed<T> = { readonly place: string; readonly kind: string; readonly object: T };
export type PlacedPolicy = { readonly place: string; readonly policy: Policy };
export type UnplacedPolicy = PlacedPolicy & {
  /** The namespaces that several places give it, and which; none where nobody gives it one. */
  readonly among: string;
};

export type OtherObject = { readonly apiVersion: string; readonly kind: string; readonly value: unknown };

/** Documents as they were read from files or from a cluster. */
export type Read = {
  readonly documents: readonly Document[];
  readonly leftOut: readonly LeftOut[];
  readonly broken: readonly BrokenText[];
  /** Every file that was read. */
  readonly files: readonly string[];
  /** The kinds of which everything was read. */
  readonly listed?: readonly string[];
  readonly notes?: readonly string[];
};

export type ReadOptions = {
  /** The namespace of objects that name none, unless something else places them. */
  readonly namespace?: string | undefined;
  /** Whether it is an error that something is left out. */
  readonly strict?: boolean | undefined;
};

/**
 * Sorts documents by what they are, and places them in namespaces. Nothing that is not understood keeps the rest from
 * being read: it is left out, with its reason.
 * @throws UnreadableObjects, only when asked to be strict, with a line for each thing that is left out or broken.
 */
export function readObjects(read: Read, options: ReadOptions = {}): Objects {
  const placement = placementOf(read.documents, read.files);
  const sorted = sorter(placement, options);
  for (const document of read.documents) sorted.take(document);
  for (const text of read.broken) sorted.takeBroken(text);
  const { objects } = sorted;
  const single = singleVersions(objects);
  const result = {
    ...objects,
    ...single,
    leftOut: [
      ...read.leftOut,
      ...objects.leftOut,
      ...placement.leftOut,
      ...single.leftOut,
      ...placing(objects, placement),
    ],
    known: new Set([...(read.listed ?? []), ...sorted.present]),
    files: read.files,
    positions: new Map([...read.documents, ...read.broken].map(({ place, file, line }) => [place, { file, line }])),
    notes: read.notes ?? [],
  };
  if (options.strict) requireAll(result);
  return result;
}

/** What would place the objects that have no namespace. */
const placing = ({ unplaced, leftOut }: Lists, { unknown }: Placement): readonly LeftOut[] =>
  unplaced.length > 0 || leftOut.some(({ reason }) => reason === "without-namespace") ? unknown : [];

/** Each object once. Of those that places state differently, policies are named, and the rest is left out. */
function singleVersions(objects: Lists) {
  const policies = versions(objects.policies, ({ place, policy: { status, ...policy } }) => ({
    place,
    name: `${policy.kind} ${idOf(policy)}`,
    content: policy,
  }));
  const leftOut: LeftOut[] = [];
  const once = <T extends Owner>(list: readonly Placed<T>[]) => {
    const { items, twice } = versions(list, ({ place, kind, object }) => ({
      place,
      name: `${kind} ${idOf(object)}`,
      content: object,
    }));
    for (const { name, places } of twice)
      leftOut.push({ place: places.join(" and "), reason: "versions", detail: name });
    return items;
  };
  return {
    policies: policies.items,
    twice: policies.twice,
    pods: once(objects.pods),
    workloads: once(objects.workloads),
    jobs: once(objects.jobs),
    cronJobs: once(objects.cronJobs),
    namespaces: once(objects.namespaces),
    nodes: once(objects.nodes),
    cidrGroups: once(objects.cidrGroups),
    services: once(objects.services),
    endpointSlices: once(objects.endpointSlices),
    endpoints: once(objects.endpoints),
    ciliumConfigs: once(objects.ciliumConfigs),
    leftOut,
  };
}

type Owner = { readonly metadata: { readonly name: string; readonly namespace?: string | null | undefined } };

const idOf = ({ metadata: { namespace, name } }: Owner): string => `${namespace ? `${namespace}/` : ""}${name}`;

function requireAll({ leftOut, malformed, unplaced }: Objects): void {
  const wrong = [
    ...leftOut.filter(isLoss).map(leftOutText),
    ...malformed.map(malformedText),
    ...unplaced.map(({ place, policy }) => `${place}: ${policy.kind} ${policy.metadata.name}: without a namespace`),
  ];
  if (wrong.length > 0) throw new UnreadableObjects(wrong.join("\n"));
}

/** What is found one by one. */
export type Lists = {
  -readonly [List in keyof Omit<
    Objects,
    "known" | "twice" | "files" | "positions" | "notes"
  >]: Objects[List] extends readonly (infer Item)[] ? Item[] : never;
};

const policyKinds: Readonly<Record<string, ApiResource>> = policyResources;

/** The policies' own schema, whatever the kind. */
const parsePolicy = (value: unknown) => policySchema.safeParse(value);

type Take = (document: Document, kind: string) => void;

function sorter(placement: Placement, options: ReadOptions) {
  const objects = emptyLists();

  const present = new Set<string>();

  function take(document: Document): void {
    const { place, file, value } = document;
    const patched = placement.patches.get(posix.normalize(file));
    const { apiVersion, group, kind } = kindOf(value);
    if (patched !== undefined)
      leaveOut({ place, reason: "patch", ...(mayBePolicy(value) && { render: `kustomize build ${patched}` }) });
    else if (isEncrypted(value)) leaveOut({ place, reason: "encrypted" });
    else if (kind === "") {
      if (!isKustomizationFile(file)) leaveOut({ place, reason: "not-kubernetes" });
    } else if (policyKinds[kind]?.group === group) takePolicy(document, kind);
    else if (isMisspelt(group, kind)) takeMisspelt(document, group, kind);
    else {
      objects.others.push({ apiVersion, kind, value });
      const taker = takers[`${group} ${kind}`];
      if (taker !== undefined) {
        present.add(kind);
        taker(document, kind);
      } else if (kind === "ConfigMap" && metadataOf(value)?.name === "cilium-config") {
        present.add("cilium-config");
        takeConfig(document, kind);
      } else if (!isApplied(group, kind)) leaveOut({ place, reason: "other-kind", detail: kind });
    }
  }

  function leaveOut(one: LeftOut): void {
    objects.leftOut.push(one);
  }

  /** Takes the objects of a kind without a namespace. */
  const taker =
    <T>(schema: z.ZodType<T>, list: Placed<T>[]): Take =>
    (document, kind) => {
      const object = parsed(schema, document);
      if (object !== undefined) list.push({ place: document.place, kind, object });
    };

  /** Takes the objects of a kind that are in namespaces. */
  const placer =
    <T extends { readonly metadata: { readonly namespace?: string | null | undefined } }>(
      schema: z.ZodType<T>,
      list: Placed<T>[],
    ): Take =>
    (document, kind) => {
      const object = parsed(schema, document);
      if (object === undefined) return;
      const { place, file, value } = document;
      const where = placed(file, object.metadata.namespace ?? undefined);
      if (typeof where === "string") {
        list.push({ place, kind, object: { ...object, metadata: { ...object.metadata, namespace: where } } });
      } else {
        const among = where.among === "" ? "" : `: ${where.among}`;
        leaveOut({ place, reason: "without-namespace", detail: `${nameOf(value)}${among}` });
      }
    };

  function parsed<T>(schema: z.ZodType<T>, document: Document): T | undefined {
    const { place, value } = document;
    const result = schema.safeParse(value);
    const template = templateMark(result.success ? result.data : value, document);
    if (template !== undefined) leaveOut(template);
    else if (result.success) return result.data;
    else leaveOut({ place, reason: "malformed", detail: `${nameOf(value)}: ${issueLines(result.error).join("; ")}` });
    return undefined;
  }

  const workloads = placer(schemas.workload, objects.workloads);
  /** What is read besides policies, by group and kind. */
  const takers: Readonly<Record<string, Take>> = {
    "core Pod": placer(schemas.pod, objects.pods),
    "apps Deployment": workloads,
    "apps StatefulSet": workloads,
    "apps DaemonSet": workloads,
    "apps ReplicaSet": workloads,
    "batch Job": placer(schemas.job, objects.jobs),
    "batch CronJob": placer(schemas.cronJob, objects.cronJobs),
    "core Namespace": taker(schemas.namespace, objects.namespaces),
    "core Node": taker(schemas.node, objects.nodes),
    "cilium.io CiliumCIDRGroup": taker(schemas.cidrGroup, objects.cidrGroups),
    "core Service": placer(schemas.service, objects.services),
    "discovery.k8s.io EndpointSlice": placer(schemas.endpointSlice, objects.endpointSlices),
    "core Endpoints": placer(schemas.endpoints, objects.endpoints),
  };
  const takeConfig = taker(schemas.ciliumConfig, objects.ciliumConfigs);

  function takePolicy(document: Document, kind: string): void {
    const { place, file, value } = document;
    const template = templateMark(judgedParts(value), document);
    if (template !== undefined) {
      leaveOut(template);
      return;
    }
    const clusterwide = policyKinds[kind]?.isNamespaced === false;
    const where = clusterwide ? undefined : placed(file, metadataOf(value)?.namespace ?? undefined);
    const parsed = parsePolicy(typeof where === "string" ? inNamespace(value, where) : value);
    const namespace = typeof where === "string" ? where : undefined;
    if (!parsed.success) {
      objects.malformed.push({
        place,
        name: nameOf(value),
        namespace,
        subject: subjectOf(value),
        reasons: issueLines(parsed.error),
      });
    } else if (clusterwide || namespace !== undefined) objects.policies.push({ place, policy: parsed.data });
    else objects.unplaced.push({ place, policy: parsed.data, among: typeof where === "object" ? where.among : "" });
  }

  function takeMisspelt({ place, file, value }: Document, group: string, kind: string): void {
    const near = nearestKind(kind);
    const where = placed(file, metadataOf(value)?.namespace ?? undefined);
    objects.malformed.push({
      place,
      name: nameOf(value),
      namespace: typeof where === "string" ? where : undefined,
      subject: subjectOf(value),
      reasons: [`there is no kind ${kind} in ${group}; did you mean ${near}?`],
    });
  }

  function takeBroken({ place, kind, name, namespace, reason }: BrokenText): void {
    const id = `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name || "without a name"}`;
    objects.malformed.push({ place, name: id, namespace, subject: undefined, reasons: [reason] });
  }

  /** The namespace that an object is applied in; what is said of it where that is not known. */
  function placed(file: string, own: string | undefined): string | { readonly among: string } {
    const replacing = placement.replacing(file);
    const [only, ...more] = distinct(replacing);
    if (only !== undefined && more.length === 0 && (own !== undefined || options.namespace === undefined)) return only;
    if (own && replacing.length === 0) return own;
    if (options.namespace !== undefined) return options.namespace;
    const filling = placement.filling(file);
    const [filled, ...others] = distinct(filling);
    if (replacing.length === 0 && filled !== undefined && others.length === 0) return filled;
    const among = [...replacing, ...filling].map(({ namespace, by }) => `${namespace} by ${by}`);
    return { among: among.join(", ") };
  }

  return { objects, present, take, takeBroken };
}

const distinct = (covers: readonly Cover[]): string[] => [...new Set(covers.map(({ namespace }) => namespace))];

const header = z.object({ apiVersion: z.string().min(1), kind: z.string().min(1) });

function kindOf(value: unknown): { apiVersion: string; group: string; kind: string } {
  const parsed = header.safeParse(value);
  if (!parsed.success) return { apiVersion: "", group: "", kind: "" };
  const { apiVersion, kind } = parsed.data;
  return { apiVersion, group: apiVersion.includes("/") ? apiVersion.replace(/\/.*/, "") : "core", kind };
}

/** What places or applies objects rather than being one that policies could be about. */
const isApplied = (group: string, kind: string): boolean =>
  (kind === "Kustomization" && /^kustomize\./.test(group)) ||
  (kind === "Component" && group === "kustomize.config.k8s.io") ||
  (/^Application(Set)?$/.test(kind) && group === "argoproj.io");

/** The policy kind that a kind of one of the policies' groups is a slip of the keys away from. */
const nearestKind = (kind: string): string | undefined =>
  Object.keys(policyKinds).find((known) => kind !== known && leven(kind.toLowerCase(), known.toLowerCase()) <= 3);

const isMisspelt = (group: string, kind: string): boolean => {
  const near = nearestKind(kind);
  return near !== undefined && !(kind in policyKinds) && policyKinds[near]?.group === group;
};

/** Whether a patch is about a policy. */
const mayBePolicy = (patch: unknown): boolean => JSON.stringify(patch)?.includes("NetworkPolicy") ?? false;

/** `sops` encrypts values and adds itself as a field. */
const sops = z.union([z.looseObject({ sops: z.looseObject({}) }), z.string().startsWith("ENC[AES256_GCM")]);
const isEncrypted = (value: unknown): boolean => sops.safeParse(value).success;

const metadata = z.object({
  metadata: z.object({ name: z.string().nullish(), namespace: z.string().nullish() }),
});

const metadataOf = (value: unknown) => metadata.safeParse(value).data?.metadata;

function nameOf(value: unknown): string {
  const { name, namespace } = metadataOf(value) ?? {};
  const { kind } = kindOf(value);
  return name ? `${kind} ${namespace ? `${namespace}/` : ""}${name}` : `${kind} without a name`;
}

const loose = z.looseObject({ metadata: z.looseObject({}) });

function inNamespace(value: unknown, namespace: string): unknown {
  const { data } = loose.safeParse(value);
  return data === undefined ? value : { ...data, metadata: { ...data.metadata, namespace } };
}

/** What of a policy says who may connect: its words for people may contain anything. */
function judgedParts(value: unknown): unknown {
  const { data } = loose.safeParse(value);
  if (data === undefined) return value;
  const { annotations, managedFields, ...metadata } = data.metadata;
  return JSON.parse(
    JSON.stringify({ ...data, metadata, status: undefined }, (key, part) => (key === "description" ? undefined : part)),
  );
}

/** What is left out because it is applied only after something was filled in. */
function templateMark(judged: unknown, { place, file }: Document): LeftOut | undefined {
  const text = JSON.stringify(judged) ?? "";
  if (helmMark.test(text)) return template(place, file, text);
  return variableMark.test(text) ? variables(place, text) : undefined;
}

/** Zod's issues as `spec.ingress[0].toPorts: what is wrong`. */
const issueLines = (error: z.ZodError): string[] =>
  error.issues.flatMap((issue) => {
    const path = issue.path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
    const at = path === "" ? "" : `${path.replace(/^\./, "")}: `;
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => `${at}there is no field ${key}`);
    if (issue.code === "too_big" && issue.maximum === 0) {
      return [`${at}Cilium no longer takes it; write what it requires into the selectors beside it`];
    }
    return [`${at}${issue.message.replace(/^Invalid input: /, "")}`];
  });
