/** Where policies come from, and the cluster that they are judged against: the same options for every command. */
import { type Command, Option } from "commander";
import { absentMakers } from "../../cilium/kubernetes/absent.ts";
import { type Basis, howToGivePods, programBasis } from "../../cilium/kubernetes/basis.ts";
import { inventoryOfObjects, type NamedInventory } from "../../cilium/kubernetes/inventory.ts";
import { isLoss, leftOutText } from "../../cilium/kubernetes/left-out.ts";
import { noObjects } from "../../cilium/kubernetes/nothing.ts";
import type { Objects } from "../../cilium/kubernetes/read.ts";
import { twiceText } from "../../cilium/kubernetes/twice.ts";
import { UnreadableObjects } from "../../cilium/kubernetes/unreadable.ts";
import { inventoryOf } from "../../cilium/model/inventory.ts";
import { policyKey, referenceTo } from "../../cilium/policy/parts.ts";
import type { Policy } from "../../cilium/policy/schema.ts";
import type { Inventory } from "../../cilium/reach/compile/inventory.ts";
import type { Program } from "../../components/program.ts";
import { Failure } from "../failure.ts";
import { withProgress } from "../output/progress.ts";
import { projectFolder } from "../project.ts";
import { readStack } from "../stack.ts";

/** Which policies: the program's, those of files, either at a Git revision, or a live cluster's. */
export type SourceChoice =
  | { readonly kind: "program" }
  | { readonly kind: "manifests"; readonly path: string; readonly ref: string | undefined }
  | { readonly kind: "revision"; readonly ref: string }
  | { readonly kind: "cluster"; readonly context: string };

export interface Source extends NamedInventory {
  /** For headings: `stack prod`, `manifests/`, `main, stack prod`, `context kind`. */
  readonly title: string;
  /** Policies of the right shape, whose namespace is known; the agent may still refuse some. */
  readonly policies: readonly Policy[];
  /** The file and document of each policy that was read from one. */
  readonly places: ReadonlyMap<Policy, string>;
  /** The objects that the policies are of: what is broken, stands twice or came with them. None for a program's. */
  readonly objects: Objects;
  /** What answers rest on. */
  readonly basis: Basis;
  /** The objects that the policies are judged against; undefined for a program's own workloads. */
  readonly cluster: Objects | undefined;
  /** The program itself, if it is the source. */
  readonly program: Program | undefined;
}

export interface SourceOptions {
  readonly stack: string;
  readonly from?: string;
  readonly git?: string;
  readonly context?: string;
  readonly inventory?: string;
  readonly configuration?: string;
  readonly namespace?: string;
  readonly exclude?: readonly string[];
  readonly strict?: boolean;
  readonly verbose?: boolean;
}

/** Adds the options that choose a source, but for those that the command has already. */
export function withSource(command: Command): Command {
  const own = new Set(command.options.map(({ long }) => long));
  for (const option of sourceOptions()) if (!own.has(option.long)) command.addOption(option);
  // Who has a project and no files means something else by these, and would take the whole answer for a part of it.
  return command.hook("preAction", () => {
    const { from, inventory, configuration, context } = command.opts<SourceOptions>();
    if ([from, inventory, configuration, context].some((place) => place !== undefined)) return;
    for (const [option, meaning] of ofObjects) {
      if (own.has(option) || command.getOptionValueSource(option.slice(2)) !== "cli") continue;
      throw new Failure(
        `${option} ${meaning}, and none are read without --from, --inventory or --context${partOf(command)}`,
      );
    }
  });
}

const ofObjects = [
  ["--namespace", "is that of objects that name none"],
  ["--exclude", "is for files of objects"],
] as const;

/** How a part of a list is asked for, where it can be. */
const partOf = ({ options }: Command): string =>
  options.some(({ long }) => long === "--from-namespace")
    ? "; flows of a namespace: --from-namespace, --to-namespace"
    : "";

const sourceOptions = (): Option[] => [
  new Option("-s, --stack <name>", "the stack whose config applies to the program").default("prod"),
  new Option(
    "-f, --from <path>",
    "policies, and the objects that they are judged against, from YAML or JSON: a file, a folder, or - for standard input",
  ).conflicts("context"),
  new Option("--git <ref>", "the program, or the path of --from, as it was at a Git revision").conflicts("context"),
  new Option("--context <name>", "policies and pods of a live cluster, by its context in the kubeconfig").conflicts(
    "inventory",
  ),
  new Option(
    "--inventory <path>",
    "judge against the Pods, Namespaces, Nodes and Services of a file or folder instead of those with the policies",
  ),
  configurationOption(),
  new Option("--namespace <name>", "the namespace of objects that name none"),
  excludeOption(),
  strictOption(),
  verboseOption(),
];

/** For commands that read files without choosing a source. */
export const readingOptions = (): Option[] => [
  new Option("--namespace <name>", "the namespace of objects that name none"),
  excludeOption(),
  strictOption(),
  verboseOption(),
];

const configurationOption = () =>
  new Option(
    "--configuration <place>",
    "judge as an agent under the cilium-config of a file, live or context:NAME instead of the one beside the policies",
  );

const excludeOption = () =>
  new Option(
    "--exclude <glob>",
    "files or folders below --from and --inventory to pass over; may be given again",
  ).argParser((glob: string, before: readonly string[] | undefined) => [...(before ?? []), glob]);

const strictOption = () => new Option("--strict", "fail where anything of the input is left out or broken");

const verboseOption = () =>
  new Option(
    "--verbose",
    "name everything that is left out, not only the first of each kind, and what is assumed of the agent's configuration",
  );

export const sourceChoice = ({ from, git, context }: SourceOptions): SourceChoice => {
  if (from !== undefined) return { kind: "manifests", path: from, ref: git };
  if (git !== undefined) return { kind: "revision", ref: git };
  return context === undefined ? { kind: "program" } : { kind: "cluster", context };
};

/**
 * Reads the chosen policies and what they are judged against.
 * @param read `readPolicies` for those to whom it is an answer that there are no policies
 * @throws Failure when something cannot be read, or there is no policy or no pod, and UnreadableObjects when an object
 * stands differently in two places.
 */
export async function readSource(options: SourceOptions, read = readRules): Promise<Source> {
  const source = await read(options);
  if (source.inventory.endpoints.length === 0) throw nothingToJudge(source);
  return source;
}

/** Why policies alone are no answer. */
function nothingToJudge(source: Source): Failure {
  const { title, policies, objects, cluster = objects } = source;
  const makers = absentMakers(cluster);
  const instead = makers.length === 0 ? "" : ` (only ${makers.join(", ")}, which make some once they are rendered)`;
  return new Failure(
    `${title} holds no Pods and no workloads (Deployments and the like)${instead}, so there is nothing to judge its ${policies.length === 1 ? "policy" : `${policies.length} policies`} against; ${howToGivePods}${found(source)}`,
  );
}

/** The first of what could not be read or judged, for whom there is no answer that says so. */
function found({ objects: { leftOut }, basis: { broken } }: Pick<Source, "objects" | "basis">): string {
  const hidden = leftOut.filter(({ render }) => render !== undefined);
  const told = hidden.length > 0 ? hidden : leftOut.filter(isLoss);
  const all = [
    ...broken,
    ...told.map((one) => `${leftOutText(one)}${one.render === undefined ? "" : `; read the output of ${one.render}`}`),
  ];
  return all.length === 0 ? "" : `: ${all.slice(0, 3).join("; ")}`;
}

/** Like `readSource`, for those who bring the pods themselves. */
export async function readRules(options: SourceOptions): Promise<Source> {
  const source = await readPolicies(options);
  if (sourceChoice(options).kind === "manifests") requirePolicies(source);
  return source;
}

/** Like `readRules`, for those to whom it is an answer that there are no policies. */
export async function readPolicies(options: SourceOptions): Promise<Source> {
  const source = await readSourceAsIs(options);
  const { twice, files } = source.objects;
  if (twice.length > 0) throw new UnreadableObjects(twiceText(twice, files));
  return source;
}

/** @throws Failure with what was found instead. */
export function requirePolicies(source: Source): void {
  const {
    title,
    policies,
    objects: { files },
  } = source;
  if (policies.length > 0) return;
  if (files.length === 0) throw new Failure(`${title} holds no .yaml, .yml or .json file`);
  throw new Failure(
    `${title} holds no CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy, NetworkPolicy or ClusterNetworkPolicy that can be judged${found(source)}`,
  );
}

/** Like `readPolicies`, but with objects that stand differently in two places, for those who report them. */
export async function readSourceAsIs(options: SourceOptions): Promise<Source> {
  const choice = sourceChoice(options);
  switch (choice.kind) {
    case "program":
      return programSource(options);
    case "manifests":
      return (await reader()).manifestsSource(choice.path, choice.ref, options);
    case "revision":
      return withProgress(`rendering ${choice.ref}`, revisionSource(choice.ref, options));
    case "cluster":
      return withProgress(
        `reading ${choice.context}`,
        reader().then(({ clusterSource }) => clusterSource(choice.context, options)),
      );
  }
}

async function programSource(options: SourceOptions): Promise<Source> {
  const program = await readStack(options.stack, projectFolder(", or name policies with --from or --context"));
  const source = await ofProgram(`stack ${options.stack}`, program.policies, inventoryOf(program.cluster), options);
  return { ...source, places: placesOf(program), program };
}

/** Where the verbatim policies of a program stand. */
function placesOf({ cluster, policies }: Program): Source["places"] {
  const places = new Map(cluster.verbatim.map(({ policy, place }) => [policyKey(referenceTo(policy)), place]));
  return new Map(
    policies.flatMap((policy) => {
      const place = places.get(policyKey(referenceTo(policy)));
      return place === undefined ? [] : [[policy, place] as const];
    }),
  );
}

async function revisionSource(ref: string, options: SourceOptions): Promise<Source> {
  const { readProgramAt } = await reader();
  const { policies, inventory } = await readProgramAt(ref, options.stack);
  return ofProgram(`${ref}, stack ${options.stack}`, policies, inventory, options);
}

/** A program's policies with its workloads, or the pods that are to stand for them. */
async function ofProgram(
  title: string,
  policies: readonly Policy[],
  own: Inventory,
  options: SourceOptions,
): Promise<Source> {
  const isAlone = options.inventory === undefined && options.configuration === undefined;
  const around = isAlone ? noObjects : await (await reader()).readSurroundings(options);
  const given = inventoryOfObjects(around, own.cluster);
  const isStandIn = options.inventory !== undefined;
  const { cluster, configuration } = given.inventory;
  return {
    title,
    policies,
    places: new Map(),
    objects: noObjects,
    cluster: isStandIn ? around : undefined,
    ...(isStandIn
      ? { ...given, inventory: { ...given.inventory, ...(own.hosts && { hosts: own.hosts }) } }
      : { inventory: { ...own, cluster, ...(configuration && { configuration }) }, replicas: new Map() }),
    basis: programBasis(policies, isStandIn ? undefined : own.endpoints.length, around, options.verbose ?? false),
    program: undefined,
  };
}

/** Loaded when objects are to be read: most questions are about the program, which has no need of their schemas. */
const reader = () => import("./objects.ts");
