/** A cluster's files, once all of them are loaded, read as plain data: what is wrong in any of them is told by its place. */
import { z } from "zod";
import { type Cluster, workloadId } from "./cluster.ts";
import type { ClusterwideDeclaration } from "./clusterwide.ts";
import { Faults } from "./faults.ts";
import type { BegunFlow, StatedFlow, Statement } from "./flow.ts";
import { givenIn, isKind, issueTexts, reading, shown } from "./issues.ts";
import type { Namespace, NamespaceDeclaration } from "./namespace.ts";
import { clusterwideId } from "./peers/clusterwide.ts";
import { isPods } from "./peers/named-ports.ts";
import { type PortsOf, peerName, type Workload } from "./peers.ts";
import { faultsThrown, type Place, placeText } from "./place.ts";
import { dns } from "./ports.ts";
import {
  type Declared,
  declaredIn,
  destinationFaults,
  destinationSchema,
  plainStatement,
  type Reached,
  statementFaults,
  statementSchema,
} from "./statement.ts";
import type { Verbatim } from "./verbatim.ts";

/** What a project declares: the `cluster` of its `cluster/cluster.ts`. */
export interface ClusterDeclaration {
  /** In the order of the tables. */
  readonly namespaces: readonly NamespaceDeclaration[];
  /**
   * Where all pods resolve names, whatever their own policies say: the usual `kubeDns`, unless it is declared. `false` where
   * no policy is to allow that to all pods: flows and verbatim policies then say who may.
   */
  readonly dns?: PortsOf<Workload> | false;
  /** Groups of pods of any namespace, and nodes. */
  readonly clusterwide?: ClusterwideDeclaration;
  /** What the policy pack has to know besides what is declared: its config, by the names of its rules. */
  readonly policyPack?: Cluster["policyPack"];
}

/** What a file of a project's `cluster/` exports: a namespace, its workloads, or the cluster. */
export interface FileExports {
  readonly cluster?: unknown;
  readonly [name: string]: unknown;
}

/** The pods that Kubernetes' Service `kube-dns` selects, in a cluster whose program does not govern them. */
export const kubeDns: PortsOf<Workload> = {
  kind: "ports",
  peer: {
    kind: "workload",
    namespace: "kube-system",
    namespaceLabels: undefined,
    name: "kube-dns",
    isGroup: false,
    labels: { "k8s-app": "kube-dns" },
    otherLabels: {},
    ports: { dns: dns(53) },
    probes: [],
    defaultDeny: "both",
    denyWorld: false,
  },
  ports: [dns(53)],
};

export const isNamespace = (value: unknown): value is NamespaceDeclaration => isKind(value, "namespace");

export const isClusterwide = (value: unknown): value is ClusterwideDeclaration => isKind(value, "clusterwide");

const clusterSchema = z.strictObject(
  {
    clusterwide: z
      .custom<ClusterwideDeclaration>(isClusterwide, "write what cluster/clusterwide.ts exports as its default")
      .optional(),
    dns: z.literal(false).or(destinationSchema).default(kubeDns),
    policyPack: z.record(z.string(), z.record(z.string(), z.unknown()), "write the pack's config by rule").optional(),
    namespaces: z.array(
      z.custom<NamespaceDeclaration>(isNamespace, {
        error: ({ input }) =>
          `${shown(input)} is no namespace; list what the namespaces' files export as their default`,
      }),
      "write a list of namespaces",
    ),
  },
  "write { namespaces: [ … ] }",
);

/**
 * The cluster as it is declared, its flows stated.
 * @param files what the files beside it export, which has to be in it
 * @param verbatim the policies beside it that are taken as they are
 * @throws Faults with a line for everything that is wrong in any of them.
 */
export function readCluster(
  declared: unknown,
  files: ReadonlyMap<string, FileExports> = new Map(),
  verbatim: readonly Verbatim[] = [],
): Cluster {
  const parsed = clusterSchema.safeParse(declared, reading);
  if (!parsed.success) {
    const texts = issueTexts(parsed.error, Object.keys(clusterSchema.shape), givenIn(declared));
    throw new Faults(texts.map((text) => `the cluster: ${text}`));
  }
  const { dns: server, namespaces, clusterwide, policyPack } = parsed.data;
  const groups = clusterwide?.groups ?? [];
  const all = declaredIn([...namespaces.flatMap((one) => [...one.workloads, ...one.hostNetwork]), ...groups]);
  const faults = [
    ...dnsFaults(server),
    ...[...files].flatMap(([file, exported]) => unlisted(file, exported, parsed.data, all)),
  ];
  const read = namespaces.map((one): Namespace => {
    faults.push(...one.faults);
    const { name, labels, workloads, hostNetwork } = one;
    return { name, labels, workloads, hostNetwork, statements: statementsOf(one, all, faults) };
  });
  faults.push(...(clusterwide?.faults ?? []));
  const statements = clusterwide === undefined ? [] : statementsOf({ ...clusterwide, name: undefined }, all, faults);
  if (faults.length > 0 || !(server === false || isServer(server))) throw new Faults(faults);
  return {
    dns: server || undefined,
    namespaces: read,
    clusterwide: { groups, statements },
    verbatim,
    ...(policyPack !== undefined && { policyPack }),
  };
}

/** What a file declares and the cluster does not list, a line for the first of it. */
function unlisted(
  file: string,
  exported: FileExports,
  { namespaces, clusterwide }: Pick<ClusterDeclaration, "namespaces" | "clusterwide">,
  { ids }: Declared,
): string[] {
  const values = Object.values(exported);
  const other = values.filter(isClusterwide).find((one) => one !== clusterwide);
  if (other !== undefined) {
    return [
      `${placeText(other.at)}: this is not in the cluster; import it in cluster/cluster.ts and write it as clusterwide`,
    ];
  }
  const namespace = values.filter(isNamespace).find((one) => !namespaces.includes(one));
  if (namespace !== undefined) {
    return [
      `${placeText(namespace.at)}: the namespace ${namespace.name} is not in the cluster; import it in cluster/cluster.ts and list it`,
    ];
  }
  const stray = values.filter(isPods).find((one) => !ids.has(peerName(one)));
  return stray === undefined
    ? []
    : [
        `${file}: ${workloadId(stray)} is not in the cluster; write export default before flows() of ${stray.namespace}, and list it in cluster/cluster.ts`,
      ];
}

const isServer = (reached: Reached): reached is PortsOf<Workload> =>
  reached.kind === "ports" && reached.peer.kind === "workload";

const dnsFaults = (server: Reached | false): string[] =>
  server === false
    ? []
    : server.kind === "unknown-port" || isServer(server)
      ? destinationFaults(server).map((fault) => `the cluster's DNS: ${fault}`)
      : ["the cluster's DNS: write a port of the workload that serves it, such as coredns.dns"];

/** Runs what states a namespace's flows. `all` is what the cluster declares; what is wrong is added to `faults`. */
function statementsOf(
  declared: Pick<NamespaceDeclaration, "at" | "state"> & { readonly name: string | undefined },
  all: Declared,
  faults: string[],
): Statement[] {
  const { name: namespace, at, state } = declared;
  const name = namespace ?? clusterwideId;
  const tell = (place: Place, text: string) => faults.push(`${placeText(place)}: ${text}`);
  let stated: { readonly given: unknown; readonly begun: readonly Place[] };
  try {
    stated = state();
  } catch (error) {
    faults.push(...faultsThrown(error));
    return [];
  }
  if (!isList(stated.given)) {
    tell(at, `${name}: the function of flows() gives ${shown(stated.given)}, not a list; write flows(() => [ … ])`);
    return [];
  }
  const flows = stated.given.filter((item) => isStated(item) || isBegun(item));
  for (const item of stated.given.filter((item) => !isStated(item) && !isBegun(item))) {
    tell(at, `${name}: ${shown(item)} in the list of flows(); write from(…).to(…)`);
  }
  for (const place of stated.begun) {
    if (!flows.some((flow) => flow.at === place))
      tell(place, `a flow that is not in the list of ${name}; write it there`);
  }
  return flows.flatMap((flow) => {
    const { faults, statement } = readStatement(flow, namespace, all);
    for (const fault of faults) tell(flow.at, fault);
    return statement ?? [];
  });
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
const isStated = (value: unknown): value is StatedFlow => isKind(value, "flow");
const isBegun = (value: unknown): value is BegunFlow => isKind(value, "begun-flow");

/** A flow as a statement, unless something is wrong with it. */
function readStatement(
  flow: StatedFlow | BegunFlow,
  namespace: string | undefined,
  all: Declared,
): { readonly faults: readonly string[]; readonly statement?: Statement } {
  if (flow.kind === "begun-flow") return { faults: ["from(…) without .to(…); say what it may connect to"] };
  const parsed = statementSchema.safeParse(flow, reading);
  if (!parsed.success) return { faults: parsed.error.issues.map(({ message }) => message) };
  const faults = statementFaults(parsed.data, namespace, all);
  return faults.length > 0 ? { faults } : { faults, statement: plainStatement(parsed.data) };
}
