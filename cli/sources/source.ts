/** Where policies come from, and the cluster that they are judged against: the same options for every command. */
import { type Command, Option } from "commander";
import { inventoryOf } from "../../cilium/model/inventory.ts";
import type { Policy } from "../../cilium/policy/schema.ts";
import { invalidities } from "../../cilium/policy/validity.ts";
import type { Program } from "../../components/program.ts";
import { Failure } from "../failure.ts";
import { withProgress } from "../output/progress.ts";
import { projectFolder } from "../project.ts";
import { readStack } from "../stack.ts";
import { readCluster } from "./cluster.ts";
import { readDocuments } from "./documents.ts";
import { readRevision } from "./git.ts";
import { inventoryOfObjects, type NamedInventory, readInventory } from "./inventory.ts";
import {
  countKinds,
  type MalformedPolicy,
  type Manifests,
  type OtherObject,
  type PlacedPolicy,
  readManifests,
} from "./manifests.ts";
import { note } from "./notes.ts";

/** Which policies: the program's, those of YAML files, the program's at a Git revision, or a live cluster's. */
export type SourceChoice =
  | { readonly kind: "program" }
  | { readonly kind: "manifests"; readonly path: string }
  | { readonly kind: "revision"; readonly ref: string }
  | { readonly kind: "cluster"; readonly context: string };

export interface Source extends NamedInventory {
  /** For headings: `stack prod`, `manifests/`, `main, stack prod`, `context kind`. */
  readonly title: string;
  /** Policies of the right shape; the agent may still refuse some. */
  readonly policies: readonly Policy[];
  /** The file and document of each policy that was read from one. */
  readonly places: ReadonlyMap<Policy, string>;
  /** Manifests that the API server would not store as they stand. */
  readonly malformed: readonly MalformedPolicy[];
  /** Other objects that came with them. */
  readonly others: readonly OtherObject[];
  /** Whether the policies came without pods, so that the program's workloads stand in for them. */
  readonly assumed: boolean;
  /** The program itself, if it is the source. */
  readonly program: Program | undefined;
}

export interface SourceOptions {
  readonly stack: string;
  readonly from?: string;
  readonly git?: string;
  readonly context?: string;
  readonly inventory?: string;
}

/** Adds the options that choose a source. */
export const withSource = (command: Command): Command =>
  command
    .addOption(new Option("-s, --stack <name>", "the stack whose config applies to the program").default("prod"))
    .addOption(
      new Option(
        "-f, --from <path>",
        "policies, and Pods if there are any, from YAML or JSON: a file, a folder, or - for standard input",
      ).conflicts(["git", "context"]),
    )
    .addOption(new Option("--git <ref>", "the program as it was at a Git revision").conflicts(["from", "context"]))
    .addOption(
      new Option("--context <name>", "policies and pods of a live cluster, by its context in the kubeconfig").conflicts(
        ["from", "git", "inventory"],
      ),
    )
    .addOption(
      new Option(
        "--inventory <path>",
        "judge against the Pods, Namespaces and Nodes of a file or folder instead of the program's workloads",
      ),
    );

export const sourceChoice = ({ from, git, context }: SourceOptions): SourceChoice => {
  if (from !== undefined) return { kind: "manifests", path: from };
  if (git !== undefined) return { kind: "revision", ref: git };
  return context === undefined ? { kind: "program" } : { kind: "cluster", context };
};

/**
 * Reads the chosen policies and what they are judged against.
 * @throws Failure with one line for everything that cannot be read, and for every policy that the API server or Cilium
 * would refuse.
 */
export async function readSource(options: SourceOptions): Promise<Source> {
  const source = await readPolicies(options);
  if (source.assumed) noteAssumed(source, options);
  return source;
}

/** Says that a program's workloads stand in for pods. */
export const noteAssumed = ({ title, inventory }: Source, { stack }: Pick<SourceOptions, "stack">): void =>
  note(`${title} holds no Pods: judged against the ${inventory.endpoints.length} workloads of stack ${stack}`);

/** Like `readSource`, for those who may have other pods to judge against. */
export async function readPolicies(options: SourceOptions): Promise<Source> {
  const source = await readSourceAsIs(options);
  const refusals = [
    ...source.malformed.map(({ place, name, reasons }) => `${place}: ${name}: ${reasons.join("; ")}`),
    ...source.policies.flatMap((policy) => refusalLines(policy, source)),
  ];
  // What a live cluster stores is a fact: there such a policy is simply not enforced.
  if (options.context !== undefined) for (const refusal of refusals) note(`${refusal}; so it is not enforced`);
  else if (refusals.length > 0) throw new Failure(refusals.join("\n"));
  return source;
}

function refusalLines(policy: Policy, { places }: Source): string[] {
  const { namespace, name } = policy.metadata;
  const id = `${policy.kind} ${namespace ? `${namespace}/` : ""}${name}`;
  const place = places.get(policy);
  return invalidities(policy).map(
    ({ place: at, reason, fix }) =>
      `${place === undefined ? "" : `${place}: `}${id}: Cilium refuses it: ${at}: ${reason}; ${fix}`,
  );
}

/** Like `readSource`, but hands on policies that would be refused, for those who report them. */
export async function readSourceAsIs(options: SourceOptions): Promise<Source> {
  const choice = sourceChoice(options);
  switch (choice.kind) {
    case "program":
      return programSource(options);
    case "manifests":
      return manifestsSource(choice.path, options);
    case "revision":
      return withProgress(`rendering ${choice.ref}`, revisionSource(choice.ref, options));
    case "cluster":
      return withProgress(`reading ${choice.context}`, clusterSource(choice.context));
  }
}

async function programSource({ stack, inventory }: SourceOptions): Promise<Source> {
  const program = await readStack(stack);
  const { policies, cluster } = program;
  return {
    title: `stack ${stack}`,
    policies,
    ...(inventory === undefined ? workloadsOf(program) : readInventory(inventory, cluster.settings.clusterName)),
    places: new Map(),
    malformed: [],
    others: [],
    assumed: false,
    program,
  };
}

async function manifestsSource(path: string, { stack, inventory }: SourceOptions): Promise<Source> {
  const title = path === "-" ? "standard input" : path;
  const manifests = readManifests(readDocuments(path));
  sayWhatIsLeftOut(title, manifests);
  if (manifests.policies.length + manifests.malformed.length === 0) {
    throw new Failure(`${title} holds no CiliumNetworkPolicy and no CiliumClusterwideNetworkPolicy`);
  }
  if (inventory !== undefined) {
    if (manifests.pods.length > 0)
      note(`${title}: its ${manifests.pods.length} Pods are not used: --inventory names others`);
    return sourceOf(title, manifests, readInventory(inventory, clusterNameOf(manifests)));
  }
  if (manifests.pods.length > 0) return sourceOf(title, manifests, inventoryOfObjects(manifests, defaultClusterName));
  return { ...sourceOf(title, manifests, workloadsOf(await readStack(stack))), assumed: true };
}

async function revisionSource(ref: string, { stack, inventory }: SourceOptions): Promise<Source> {
  const manifests = readManifests(await readRevision(ref, stack, projectFolder()));
  const known =
    inventory === undefined
      ? inventoryOfObjects(manifests, defaultClusterName)
      : readInventory(inventory, clusterNameOf(manifests));
  return { ...sourceOf(`${ref}, stack ${stack}`, manifests, known), places: new Map() };
}

async function clusterSource(context: string): Promise<Source> {
  const manifests = await readCluster(context);
  return sourceOf(`context ${context}`, manifests, inventoryOfObjects(manifests, defaultClusterName));
}

const workloadsOf = ({ cluster }: Program): NamedInventory => ({
  inventory: inventoryOf(cluster),
  replicas: new Map(),
});

/** Cilium's own default for `cluster-name`. */
const defaultClusterName = "default";

const clusterNameOf = ({ clusterNames }: Manifests): string => clusterNames.at(-1) ?? defaultClusterName;

const sourceOf = (title: string, manifests: Manifests, { inventory, replicas }: NamedInventory): Source => ({
  title,
  policies: manifests.policies.map(({ policy }) => policy),
  // CIDR groups may stand with the policies or with the pods.
  inventory: { ...inventory, ...(manifests.cidrGroups.length > 0 && { cidrGroups: manifests.cidrGroups }) },
  replicas,
  places: placesOf(manifests.policies),
  malformed: manifests.malformed,
  others: manifests.others,
  assumed: false,
  program: undefined,
});

const placesOf = (policies: readonly PlacedPolicy[]): ReadonlyMap<Policy, string> =>
  new Map(policies.map(({ policy, place }) => [policy, place]));

function sayWhatIsLeftOut(title: string, { others }: Manifests): void {
  if (others.length > 0) {
    note(`${title}: skipped ${others.length} documents that are no Cilium policies (${countKinds(others)})`);
  }
  if (others.some(({ kind }) => kind === "NetworkPolicy")) {
    note("Cilium enforces Kubernetes NetworkPolicies as well; these are not judged here");
  }
}
