/** The two sides of a comparison as people name them, and the endpoints that both are judged against. */
import { existsSync } from "node:fs";
import { podIdentity } from "../cilium/policy/selector.ts";
import type { Endpoint, Inventory } from "../cilium/reach/compile/inventory.ts";
import type { Side } from "../cilium/reach/report/diff.ts";
import { Failure } from "./failure.ts";
import { currentContext } from "./sources/cluster.ts";
import { noteAssumed, readPolicies, type Source } from "./sources/source.ts";

/** For `--help`: what a side may be. */
export const sidesHelp = `Each side is one of
  program       the program as it stands
  git:REF       the program as it was at a Git revision
  live          the cluster that is the current context of the kubeconfig
  context:NAME  another cluster of the kubeconfig
  PATH          a YAML or JSON file, or a folder of them; - for standard input
With pods of a cluster or of files on one side, both are judged against them.`;

interface Options {
  readonly stack: string;
  readonly inventory?: string;
}

/** A side, and whether its endpoints are real pods, those of a cluster or of files, rather than a program's workloads. */
interface ReadSide {
  readonly source: Source;
  readonly hasPods: boolean;
}

/**
 * Reads both sides.
 * @returns their titles, and what to compare
 * @throws Failure for a word that names nothing, and for whatever cannot be read.
 */
export async function readSides(
  words: readonly [before: string, after: string],
  options: Options,
): Promise<{ readonly titles: readonly [string, string]; readonly before: Side; readonly after: Side }> {
  const before = await readSide(words[0], options);
  const after = await readSide(words[1], options);
  for (const [own, other] of [
    [before, after],
    [after, before],
  ] as const) {
    if (own.source.assumed && !other.hasPods) noteAssumed(own.source, options);
  }
  const judgedAgainst = (own: ReadSide, other: ReadSide): ReadSide => (other.hasPods && !own.hasPods ? other : own);
  return {
    titles: [before.source.title, after.source.title],
    before: { policies: before.source.policies, inventory: inventoryOf(judgedAgainst(before, after).source) },
    after: { policies: after.source.policies, inventory: inventoryOf(judgedAgainst(after, before).source) },
  };
}

async function readSide(word: string, { stack, inventory }: Options): Promise<ReadSide> {
  const choice = { stack, ...(inventory !== undefined && { inventory }) };
  const [kind, name] = /^(git|context):(.+)$/.exec(word)?.slice(1) ?? [word];
  switch (kind) {
    case "program":
      return { source: await readPolicies(choice), hasPods: inventory !== undefined };
    case "git":
      return { source: await readPolicies({ ...choice, git: name ?? word }), hasPods: inventory !== undefined };
    case "live":
    case "context": {
      if (inventory !== undefined) throw new Failure(`--inventory cannot stand in for the pods of a cluster (${word})`);
      return { source: await readPolicies({ stack, context: name ?? (await currentContext()) }), hasPods: true };
    }
    default: {
      if (word !== "-" && !existsSync(word)) {
        throw new Failure(
          `there is no file or folder ${word}; a Git revision is git:${word}, a context context:${word}`,
        );
      }
      const source = await readPolicies({ ...choice, from: word });
      return { source, hasPods: !source.assumed };
    }
  }
}

/** A source with its workloads instead of their pods. */
export const sideOf = (source: Source): Side => ({ policies: source.policies, inventory: inventoryOf(source) });

const inventoryOf = ({ inventory, replicas }: Source): Inventory => ({
  ...inventory,
  endpoints: workloadsOf(inventory, replicas),
});

/** The endpoints with one of a workload's alike pods in place of all, under the name of the workload. */
function workloadsOf({ endpoints, cluster }: Inventory, replicas: Source["replicas"]): Endpoint[] {
  const workloads = new Map([...replicas].map(([workload, pod]) => [pod, workload]));
  const identity = (endpoint: Endpoint) =>
    JSON.stringify([podIdentity({ ...endpoint, cluster: endpoint.cluster ?? cluster }), endpoint.hostNetwork ?? false]);
  const named = endpoints.flatMap((endpoint) => {
    const workload = workloads.get(`${endpoint.namespace}/${endpoint.name}`);
    return workload === undefined ? [] : [{ ...endpoint, name: workload.slice(workload.indexOf("/") + 1) }];
  });
  const told = new Set(named.map(identity));
  return [...named, ...endpoints.filter((endpoint) => !told.has(identity(endpoint)))];
}
