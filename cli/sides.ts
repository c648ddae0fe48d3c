/** The two sides of a comparison as people name them, and the endpoints that both are judged against. */
import { existsSync } from "node:fs";
import { type Basis, basisLines } from "../cilium/kubernetes/basis.ts";
import type { Inventory } from "../cilium/reach/compile/inventory.ts";
import type { Side } from "../cilium/reach/report/diff.ts";
import { Failure } from "./failure.ts";
import { projectFolder } from "./project.ts";
import { currentContext } from "./sources/cluster.ts";
import { readPolicies, type Source, type SourceOptions } from "./sources/source.ts";
import { type Workloads, workloadsOf } from "./workloads.ts";

/** For `--help`: what a side may be. */
export const sidesHelp = `Each side is one of
  program       the program as it stands
  git:REF       the program as it was at a Git revision or, beside a PATH, that path as it was
  git:REF:PATH  a file or folder as it was at a Git revision
  live          the cluster that is the current context of the kubeconfig
  context:NAME  another cluster of the kubeconfig
  PATH          a YAML or JSON file, or a folder of them; - for standard input
With pods of a cluster or of files on one side, both are judged against them. A side may hold no policy at all.`;

type Options = Omit<SourceOptions, "from" | "git" | "context" | "configuration"> & {
  /** Where the agent's configuration of each side is, instead of the side's own. */
  readonly configBefore?: string;
  readonly configAfter?: string;
};

type Choice = Omit<SourceOptions, "from" | "git" | "context">;

/** A side, and whether its endpoints are real pods, those of a cluster or of files, rather than a program's workloads. */
interface ReadSide {
  readonly source: Source;
  readonly hasPods: boolean;
}

/**
 * Reads both sides.
 * @returns their titles, what to compare, and how many pods stand behind a workload's name
 * @throws Failure for a word that names nothing, and for whatever cannot be read.
 */
export async function readSides(
  words: readonly [before: string, after: string],
  options: Options,
): Promise<Sides & Pick<Workloads, "pods">> {
  const { configBefore, configAfter, ...choice } = options;
  const before = await readSide(words[0], words[1], under(configBefore, choice));
  const after = await readSide(words[1], words[0], under(configAfter, choice));
  if ([before, after].every(({ source }) => source.inventory.endpoints.length === 0)) {
    throw new Failure(
      `nothing to judge: neither ${before.source.title} nor ${after.source.title} holds Pods or workloads (Deployments and the like); name a file with them: --inventory`,
    );
  }
  const pods = { before: judgedAgainst(before, after), after: judgedAgainst(after, before) };
  return {
    titles: [titleOf(before, configBefore), titleOf(after, configAfter)],
    before: { policies: before.source.policies, inventory: inventoryAgainst(before.source, pods.before, after.source) },
    after: { policies: after.source.policies, inventory: inventoryAgainst(after.source, pods.after, before.source) },
    basis: { before: basisAgainst(before, pods.before), after: basisAgainst(after, pods.after) },
    pods: new Map([pods.before, pods.after].flatMap(({ source }) => [...workloadsOf(source).pods])),
  };
}

/**
 * Reads both sides as policies alone, for what holds whatever pods there are.
 * @throws Failure as `readSides`
 */
export async function readPolicySides(
  words: readonly [before: string, after: string],
  options: Options,
): Promise<PolicySides> {
  const before = (await readSide(words[0], words[1], options)).source;
  const after = (await readSide(words[1], words[0], options)).source;
  if (isEmpty(before) && isEmpty(after)) {
    throw new Failure(`neither ${before.title} nor ${after.title} holds a .yaml, .yml or .json file`);
  }
  return {
    titles: [before.title, after.title],
    sources: [before, after],
    before: { policies: before.policies, inventory: clusterOf(before, after) },
    after: { policies: after.policies, inventory: clusterOf(after, before) },
    basis: { before: before.basis, after: after.basis },
  };
}

/** Whether nothing was read for a side: its path is likely to be a mistake. */
const isEmpty = ({ policies, objects }: Source): boolean => policies.length === 0 && objects.files.length === 0;

/** Two sides, and the sources that they were read from. */
export interface PolicySides extends Sides {
  readonly sources: readonly [before: Source, after: Source];
}

/** What is known of a side's cluster: what it says itself, but for a program, which says nothing of that, what the other says. */
function clusterOf({ inventory: own, cluster: objects }: Source, { inventory: other }: Source): Inventory {
  if (objects !== undefined) return own;
  const { cidrGroups = other.cidrGroups, services = other.services } = own;
  const configured = own.configuration === undefined && other.configuration !== undefined ? other : own;
  const { cluster, configuration } = configured;
  return {
    ...own,
    cluster,
    ...(cidrGroups && { cidrGroups }),
    ...(services && { services }),
    ...(configuration && { configuration }),
  };
}

/** Two sides to compare, and what each of them rests on. */
export interface Sides {
  readonly titles: readonly [string, string];
  readonly before: Side;
  readonly after: Side;
  readonly basis: { readonly before: Basis; readonly after: Basis };
}

/** What the sides rest on in lines for people, once where that is the same. */
export function sidesLines({ before, after }: Sides["basis"]): string[] {
  const [own, other] = [basisLines(before), basisLines(after)];
  return own.join("\n") === other.join("\n")
    ? own
    : [...own.map((text) => `Before: ${text}`), ...other.map((text) => `After: ${text}`)];
}

const under = (configuration: string | undefined, choice: Choice): Choice =>
  configuration === undefined ? choice : { ...choice, configuration };

const titleOf = ({ source: { title } }: ReadSide, configuration: string | undefined): string =>
  configuration === undefined ? title : `${title} under ${configuration}`;

/** The side whose pods a side is judged against. */
const judgedAgainst = (own: ReadSide, other: ReadSide): ReadSide =>
  (other.hasPods && !own.hasPods) || own.source.inventory.endpoints.length === 0 ? other : own;

/** The pods are those of one side, but what is known of a side's cluster besides holds for it. */
function inventoryAgainst(own: Source, pods: ReadSide, other: Source): Inventory {
  const { cidrGroups, cluster, configuration, hosts } = clusterOf(own, other);
  return {
    ...inventoryOf(pods.source),
    ...(cidrGroups && { cidrGroups }),
    ...(configuration && { cluster, configuration }),
    ...(hosts && { hosts }),
  };
}

function basisAgainst({ source: { basis } }: ReadSide, { source }: ReadSide): Basis {
  if (basis === source.basis) return basis;
  const { length } = source.inventory.endpoints;
  return { ...basis, notes: [...basis.notes, `judged against the ${length} pods or workloads of ${source.title}`] };
}

async function readSide(word: string, other: string, choice: Choice): Promise<ReadSide> {
  const { inventory } = choice;
  const [kind, name] = /^(git|context):(.+)$/.exec(word)?.slice(1) ?? [word];
  switch (kind) {
    case "program":
      projectFolder(", or name another side, such as a folder or context:NAME");
      return { source: await readPolicies(choice), hasPods: inventory !== undefined };
    case "git": {
      const [ref = "", ...rest] = (name ?? word).split(":");
      const path = rest.length > 0 ? rest.join(":") : isPath(other) ? other : undefined;
      if (path === undefined) {
        return { source: await readPolicies({ ...choice, git: ref }), hasPods: inventory !== undefined };
      }
      return ofFiles(await readPolicies({ ...choice, from: path, git: ref }));
    }
    case "live":
    case "context": {
      if (inventory !== undefined) throw new Failure(`--inventory cannot stand in for the pods of a cluster (${word})`);
      return { source: await readPolicies({ ...choice, context: name ?? (await currentContext()) }), hasPods: true };
    }
    default: {
      if (word !== "-" && !existsSync(word)) {
        throw new Failure(
          `there is no file or folder ${word}; a Git revision is git:${word}, a context context:${word}`,
        );
      }
      return ofFiles(await readPolicies({ ...choice, from: word }));
    }
  }
}

const ofFiles = (source: Source): ReadSide => ({ source, hasPods: source.inventory.endpoints.length > 0 });

/** Whether a word is none of those that name something else. */
const isPath = (word: string): boolean => !/^(program|live|(git|context):.+)$/.test(word);

/** A source with its workloads instead of their pods. */
export const sideOf = (source: Source): Side => ({ policies: source.policies, inventory: inventoryOf(source) });

const inventoryOf = (source: Source): Inventory => workloadsOf(source).inventory;
