/** What an answer rests on: what was read, what is not known, and what of the input is no part of it. */
import type { Policy } from "../policy/schema.ts";
import { type Agent, invalidities } from "../policy/validity.ts";
import {
  type AssumedKey,
  assumedKeys,
  type Configuration,
  kindKeys,
  readConfiguration,
} from "../reach/compile/configuration.ts";
import { absentMakers } from "./absent.ts";
import { malformedText, unplacedText } from "./broken.ts";
import { configurationData } from "./inventory.ts";
import { type LeftOut, reasons } from "./left-out.ts";
import { hasEnded, podsOf } from "./pods.ts";
import type { Objects, PlacedPolicy } from "./read.ts";
import { clusterFolders, clustersText } from "./twice.ts";

export type Basis = {
  /** How many objects of each kind are judged or judged against; `workload` are a program's own. */
  readonly read: Readonly<Record<string, number>>;
  /** How many of the pods stand in for those that a workload would make. */
  readonly standIns: number;
  /** The kinds of which nothing is known, `cilium-config` among them: Cilium's defaults are taken for it. */
  readonly unknown: readonly string[];
  /** Where the agent's configuration is not known: the keys of which another value would change answers, and how. */
  readonly assumed: readonly AssumedKey[];
  readonly leftOut: readonly LeftOutGroup[];
  /** Policies that are not judged, with their places and what is wrong with them. */
  readonly broken: readonly string[];
  readonly notes: readonly string[];
};

/** What was left out for the same reason. */
export type LeftOutGroup = {
  readonly reason: string;
  readonly count: number;
  /** The first of them, with what is wrong. */
  readonly places: readonly string[];
  /** Commands whose output can be read instead. */
  readonly render: readonly string[];
};

/** Kinds whose absence changes answers. */
const supporting = ["Namespace", "Node", "Service", "CiliumCIDRGroup"];

/** How many places and commands of a kind are shown unless all are wanted. */
const shown = 3;

/**
 * What an answer rests on that comes from objects.
 * @param policies the objects with the policies
 * @param cluster the objects that they are judged against, the same ones or others
 * @param all whether every place that is left out is named
 */
export function basisOf(policies: Objects, cluster: Objects, all: boolean): Basis {
  const pods = podsOf(cluster).filter(({ pod }) => !hasEnded(pod));
  const standIns = pods.filter(({ standsIn }) => standsIn).length;
  const listed = [
    ...policies.policies.map(({ policy }) => policy.kind),
    ...pods.map(({ workload, standsIn }) => (standsIn && workload ? workload.kind : "Pod")),
    ...[...cluster.namespaces, ...cluster.nodes, ...cluster.services, ...cluster.cidrGroups].map(({ kind }) => kind),
    ...(cluster === policies ? [] : policies.cidrGroups.map(({ kind }) => kind)),
    ...cluster.ciliumConfigs.map(() => "cilium-config"),
  ];
  const known = new Set([...listed, ...cluster.known, ...policies.known]);
  const leftOut = cluster === policies ? policies.leftOut : [...policies.leftOut, ...cluster.leftOut];
  const { configuration } = readConfiguration(configurationData(cluster));
  const judged = policies.policies.map(({ policy }) => policy);
  const assumed = known.has("cilium-config") || judged.length === 0 ? [] : assumedKeys(judged);
  return {
    read: countOf(listed),
    standIns,
    unknown: [...supporting, "cilium-config"].filter((kind) => !known.has(kind)),
    assumed,
    leftOut: groups(leftOut, all),
    broken: brokenOf(policies, configuration),
    notes: [
      ...new Set([
        ...policies.notes,
        ...cluster.notes,
        ...unenforced(policies, configuration, configurationData(cluster)),
        ...clusterNotes(policies),
        ...absentNotes(cluster),
        ...(all ? assumed.map(assumedText) : []),
      ]),
    ],
  };
}

/**
 * What the answers of a program rest on.
 * @param workloads how many of its own the policies are judged against; undefined if against the pods of the objects
 * @param around the objects that stand around them
 */
export function programBasis(
  policies: readonly Policy[],
  workloads: number | undefined,
  around: Objects,
  all: boolean,
): Basis {
  const own = { ...countOf(policies.map(({ kind }) => kind)), ...(workloads !== undefined && { workload: workloads }) };
  const { configuration } = readConfiguration(configurationData(around));
  const broken = policies.flatMap((policy) => refusals({ policy, place: "" }, configuration));
  const basis = basisOf(around, around, all);
  const assumed = around.known.has("cilium-config") ? [] : assumedKeys(policies);
  const notes = [...basis.notes, ...(all ? assumed.map(assumedText) : [])];
  return { ...basis, read: { ...own, ...basis.read }, assumed, broken, notes };
}

const assumedText = ({ key, assumed, changes }: AssumedKey): string =>
  `${key} is taken to be ${assumed}, since there is no cilium-config: ${changes}`;

const countOf = (kinds: readonly string[]): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(kinds, (kind) => kind)].map(([kind, { length }]) => [kind, length]));

function groups(leftOut: readonly LeftOut[], all: boolean): LeftOutGroup[] {
  const some = <T>(list: readonly T[]) => (all ? list : list.slice(0, shown));
  return [...Map.groupBy(leftOut, ({ reason }) => reason)].map(([reason, own]) => ({
    reason: reason === "other-kind" ? otherKinds(own, all) : reasons[reason],
    count: own.length,
    places: reason === "other-kind" ? (all ? own.map(({ place }) => place) : []) : some(own).map(detailed),
    render: some([...new Set(own.flatMap(({ render }) => render ?? []))]),
  }));
}

const detailed = ({ place, detail }: LeftOut): string => (detail === undefined ? place : `${place}: ${detail}`);

/** `another kind: 5 ConfigMap, 2 Secret` */
function otherKinds(own: readonly LeftOut[], all: boolean): string {
  const counts = Object.entries(countOf(own.flatMap(({ detail }) => detail ?? []))).sort(([, a], [, b]) => b - a);
  const named = counts.slice(0, all ? undefined : shown).map(([kind, count]) => `${count} ${kind}`);
  return `${reasons["other-kind"]}: ${[...named, ...(counts.length > named.length ? ["…"] : [])].join(", ")}`;
}

function brokenOf({ malformed, unplaced, policies }: Objects, agent: Agent): string[] {
  return [
    ...malformed.map(malformedText),
    ...unplaced.map(unplacedText),
    ...policies.flatMap((policy) => refusals(policy, agent)),
  ];
}

/** Why Cilium enforces nothing of a policy that it is given. */
const refusals = ({ place, policy }: PlacedPolicy, agent: Agent): string[] => {
  const { namespace, name } = policy.metadata;
  const id = `${policy.kind} ${namespace ? `${namespace}/` : ""}${name}`;
  return invalidities(policy, agent).map(
    ({ place: at, reason, fix }) =>
      `${place === "" ? "" : `${place}: `}${id}: Cilium refuses it, so it is not enforced: ${at}: ${reason}; ${fix}`,
  );
};

/** The kinds of policies that are there for nothing. */
function unenforced(
  { policies }: Objects,
  { enforcedKinds }: Configuration,
  data: Readonly<Record<string, string>> = {},
): string[] {
  return [...Map.groupBy(policies, ({ policy }) => policy.kind)].flatMap(([kind, { length }]) => {
    const key = kindKeys[kind];
    return enforcedKinds[kind]
      ? []
      : [
          `${length} ${kind} ${length === 1 ? "is" : "are"} not enforced: ${key} is ${key in data ? "false" : "off by default"}`,
        ];
  });
}

function clusterNotes({ files, twice }: Objects): string[] {
  const folders = clusterFolders(files, twice);
  return folders.length === 0 ? [] : [clustersText(folders)];
}

function absentNotes(cluster: Objects): string[] {
  const makers = absentMakers(cluster);
  return makers.length === 0 ? [] : [`${makers.join(", ")} make pods that are not here: ${howToGivePods}`];
}

/** Where the pods are that an input only says how to make. */
export const howToGivePods =
  "--inventory takes what kubectl get pods,namespaces,nodes,services -A -o yaml prints, or what helm template or flux build does";

/** What an answer rests on, in lines for people. */
export function basisLines({ read, unknown, leftOut, broken, notes }: Basis): string[] {
  const counted = Object.entries(read).map(([kind, count]) => `${count} ${kind}`);
  const missing = unknown.map((kind) => (kind === "cilium-config" ? `${kind} (Cilium's defaults are taken)` : kind));
  return [
    `Rests on ${counted.join(", ") || "nothing"}${missing.length === 0 ? "" : `; not known: ${missing.join(", ")}`}`,
    ...leftOut.map(groupLine),
    ...broken.map((line) => `Not judged: ${line}`),
    ...notes.map((text) => `Note: ${text}`),
  ];
}

function groupLine({ reason, count, places, render }: LeftOutGroup): string {
  const more = count - places.length;
  const named = places.length === 0 ? "" : `: ${places.join("; ")}${more > 0 ? `; and ${more} more (--verbose)` : ""}`;
  const commands = render.length === 0 ? "" : `; to have it judged, read the output of ${render.join(", of ")}`;
  return `Left out ${count} (${reason})${named}${commands}`;
}
