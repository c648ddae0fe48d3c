/** `netpol init --update`: what a later state of a cluster has that a project does not say, as lines to add. */
import { clusterwideId } from "../../cilium/model/peers/clusterwide.ts";
import { policyText, referenceTo } from "../../cilium/policy/parts.ts";
import { newsOf } from "../../cilium/translate/news.ts";
import { translate } from "../../cilium/translate/translate.ts";
import { fileOf } from "../../cilium/write/cluster.ts";
import { additionText, clusterwideHome, fileText, type Home, namespaceHome } from "../../cilium/write/namespace.ts";
import { homeOf } from "../../cilium/write/write.ts";
import { loadSourceFiles } from "../../components/load.ts";
import type { Source } from "../sources/source.ts";
import { readStack } from "../stack.ts";
import { inventoryFor } from "./bring.ts";
import { language } from "./files.ts";
import { withLanguage } from "./language.ts";
import { purposesIn } from "./purposes.ts";

export interface Update {
  /** What to add to which file, line by line. */
  readonly files: readonly { readonly file: string; readonly isNew: boolean; readonly lines: readonly string[] }[];
  /** Policies that have no words, and that the project does not have verbatim, with the reasons. */
  readonly verbatim: readonly { readonly policy: string; readonly reason: string }[];
}

/** @param folder the project; nothing is written into it */
export async function updateOf(source: Source, folder: string, stack: string): Promise<Update> {
  const { program, files } = await withLanguage(async () => ({
    program: await readStack(stack, folder),
    files: await loadSourceFiles(folder),
  }));
  const { cluster, kept } = translate(source.policies, inventoryFor(source), program.config, purposesIn(source));
  const { subjects, statements } = newsOf(cluster, program.cluster);
  const homes = new Set([
    ...statements.map(homeOf),
    ...subjects.map((one) => (one.kind === "workload" ? one.namespace : clusterwideId)),
  ]);
  const added = [...homes].map((name): { readonly name: string; readonly home: Home } => {
    const own = statements.filter((statement) => homeOf(statement) === name);
    const groups = subjects.filter((subject) => subject.kind !== "workload");
    const workloads = subjects
      .filter((subject) => subject.kind === "workload")
      .filter(({ namespace }) => namespace === name);
    const home =
      name === clusterwideId
        ? clusterwideHome({ groups, statements: own })
        : namespaceHome({ name, labels: undefined, workloads, hostNetwork: [], statements: own });
    return { name, home };
  });
  const written = added.map(({ name, home }) => {
    const fresh = fileOf(home, name, name, { language });
    const present = files.find(({ namespace }) => namespace === name);
    const file = present && {
      ...present,
      constants: new Map([...present.constants, ...fresh.constants]),
      names: new Set([...present.names, ...fresh.names]),
    };
    return { home, file: file ?? fresh, isNew: present === undefined };
  });
  const all = [...written.map(({ file }) => file), ...files.filter(({ namespace }) => !homes.has(namespace))];
  const known = new Set(program.policies.map((policy) => policyText(referenceTo(policy))));
  return {
    files: written.map(({ home, file, isNew }) => ({
      file: file.path,
      isNew,
      lines: isNew
        ? fileText(home, file, all, new Map()).trimEnd().split("\n")
        : additionText(home, file, all).flatMap((part) => part.split("\n")),
    })),
    verbatim: kept
      .map(({ policy, reason }) => ({ policy: policyText(referenceTo(policy)), reason }))
      .filter(({ policy }) => !known.has(policy)),
  };
}
