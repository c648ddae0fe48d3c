/** The files of a project for policies that there are, and the proof that it allows what they allow. */
import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { FlowRecord } from "../../cilium/hubble/record.ts";
import { absentMakers } from "../../cilium/kubernetes/absent.ts";
import { type Cluster, configure, workloadId, workloads } from "../../cilium/model/cluster.ts";
import type { Statement } from "../../cilium/model/flow.ts";
import { inventoryOf } from "../../cilium/model/inventory.ts";
import { asWritten } from "../../cilium/model/verbatim.ts";
import { policyKey, referenceTo } from "../../cilium/policy/parts.ts";
import type { Proof } from "../../cilium/prove/prove.ts";
import type { Inventory } from "../../cilium/reach/compile/inventory.ts";
import { compile } from "../../cilium/reach/compile/network.ts";
import { type Difference, isEmpty } from "../../cilium/reach/report/difference.ts";
import { renderPolicies } from "../../cilium/render/policies.ts";
import { type Plan, planOf } from "../../cilium/translate/plan.ts";
import { podsOfSelectors } from "../../cilium/translate/pods.ts";
import { differences, proof } from "../../cilium/translate/proof.ts";
import { podsOfRecord, withRecorded } from "../../cilium/translate/recorded.ts";
import { repaired } from "../../cilium/translate/repair.ts";
import { type Translation, translate } from "../../cilium/translate/translate.ts";
import { writeCluster } from "../../cilium/write/cluster.ts";
import { verbatimFiles } from "../../cilium/write/verbatim.ts";
import { type Config, readConfig } from "../../components/config.ts";
import { type Program, readProgram } from "../../components/program.ts";
import { generatedFiles } from "../commands/docs.ts";
import { Failure } from "../failure.ts";
import { sideOf } from "../sides.ts";
import type { Source } from "../sources/source.ts";
import { readStack } from "../stack.ts";
import { expectationsText } from "./expectations.ts";
import { language, type Project, projectFiles } from "./files.ts";
import { findingsOf, findingsText, type InitialFinding } from "./findings.ts";
import { withLanguage } from "./language.ts";
import { policyPackOf, policyPackText } from "./policy-pack.ts";
import { purposesIn } from "./purposes.ts";
import { writeFiles } from "./write.ts";

export interface Brought {
  readonly program: Program;
  readonly translation: Translation;
  readonly inventory: Inventory;
  readonly findings: readonly InitialFinding[];
  readonly plan: Plan;
  /** What differs from the input where one-sided flows were declared whole; nothing does otherwise. */
  readonly change: Difference | undefined;
  /** Whether that is so for every pod that could exist. */
  readonly proof: Proof;
}

/**
 * Writes a project into an empty folder, loads it from there, and compares.
 * @param repair whether one-sided flows are declared whole
 * @param record traffic of which flows are written too
 * @throws Failure when what was written allows anything else than the input, which is a defect of this program
 */
export async function bring(
  source: Source,
  { stack, ...project }: Project,
  folder: string,
  { repair = false, record }: { readonly repair?: boolean; readonly record?: FlowRecord } = {},
): Promise<Brought> {
  const inventory = inventoryFor(source, record);
  const settings = readConfig(valuesOf(project.config, project.name), project.name);
  const translation = translate(source.policies, inventory, settings, purposesIn(source));
  const { comments, kept } = translation;
  const proved =
    record === undefined ? translation.cluster : withSeen(source, translation, record, inventory, settings);
  const cluster = repair ? repaired(proved) : proved;
  const config = { ...project.config, ...translation.settings };
  const verbatim = kept.map(({ policy }) => ({ policy: asWritten(policy), place: "" }));
  const owner = { project: project.name, stack };
  const program = readProgram({ ...cluster, verbatim }, valuesOf(config, project.name), owner);
  const policyPack = policyPackOf(program);
  const side = { policies: program.policies, inventory: inventoryOf(program.cluster) };
  const places = new Map([...source.places].map(([policy, place]) => [policyKey(referenceTo(policy)), place]));
  const findings = findingsOf(
    source.policies,
    compile(source.policies, inventory),
    absentMakers(source.cluster ?? source.objects),
    (key) => places.get(key),
  );
  const plan = planOf(source.policies, program.policies, inventory);
  const hasFindings = findings.length + plan.deleted.length > 0;
  writeFiles(folder, [
    ...projectFiles({ ...project, stack, config }, { hasPolicyPack: policyPack !== undefined, hasFindings }),
    ...writeCluster(cluster, { language, comments, hasPolicyPack: policyPack !== undefined }),
    ...(policyPack === undefined ? [] : [["cluster/policy-pack.ts", policyPackText(policyPack)] as const]),
    ...verbatimFiles(kept),
    ["expectations.yaml", expectationsText(side)],
    ...(hasFindings ? [["FINDINGS.md", findingsText(findings, plan.deleted)] as const] : []),
  ]);
  const written = await withLanguage(() => readStack(stack, folder));
  writeFiles(folder, generatedFiles(written.cluster, stack));
  // What is proved is that nothing differs between the input and these; a list may be in another order in the files.
  const isSame =
    isDeepStrictEqual(byKey(written), byKey(program)) ||
    isEmpty(differences(program.policies, written.policies, inventory));
  if (!isSame) {
    throw new Failure("what would be written is not read as it was meant, so nothing is written");
  }
  return {
    program: written,
    translation,
    inventory,
    findings,
    plan,
    proof: proof(source.policies, written.policies, inventory),
    change: repair ? differences(source.policies, written.policies, inventory) : undefined,
  };
}

const byKey = ({ policies }: Program) => new Map(policies.map((policy) => [policyKey(referenceTo(policy)), policy]));

/** A config as the engine hands it over. */
const valuesOf = (config: Project["config"], project: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      `${project}:${key}`,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );

/** The flows of a record as well, as far as they change nothing: what policies of the input are about, these say themselves. */
function withSeen(
  source: Source,
  { cluster, kept, settings: own }: Translation,
  record: FlowRecord,
  inventory: Inventory,
  config: Config,
): Cluster {
  const settings = { ...config, ...own };
  const verbatim = kept.map(({ policy }) => ({ policy: asWritten(policy), place: "" }));
  const isSame = (one: Cluster) =>
    isEmpty(differences(source.policies, renderPolicies(configure({ ...one, verbatim }, settings)), inventory));
  const seen = withRecorded(cluster, record, inventory.endpoints, settings).cluster;
  if (isSame(seen)) return seen;
  const governed = new Set(workloads(cluster).map(workloadId));
  const isFree = ({ sources, destinations }: Statement) =>
    [...sources, ...destinations.map(({ peer }) => peer)].every(
      (peer) => peer.kind !== "workload" || !governed.has(workloadId(peer)),
    );
  const before = new Set(cluster.namespaces.flatMap(({ statements }) => statements));
  const free = {
    ...seen,
    namespaces: seen.namespaces.map((one) => ({
      ...one,
      statements: one.statements.filter((stated) => before.has(stated) || isFree(stated)),
    })),
  };
  return isSame(free) ? free : cluster;
}

/** The pods that the policies are judged against; those of a record, or made up of their selectors, where there are none. */
export function inventoryFor(source: Source, record?: FlowRecord): Inventory {
  const { inventory } = sideOf(source);
  if (inventory.endpoints.length > 0) return inventory;
  if (record !== undefined) return { ...inventory, endpoints: podsOfRecord(record) };
  return { ...inventory, endpoints: podsOfSelectors(source.policies, inventory.cluster) };
}

/** A folder's name as Pulumi and npm take it. */
export const projectName = (folder: string): string =>
  basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "") || "network-policies";
