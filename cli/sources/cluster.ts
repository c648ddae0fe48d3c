/** A live cluster: its policies, and the pods, namespaces and nodes that they apply to. Reads only. */
import type { KubeConfig, KubernetesListObject, KubernetesObject, KubernetesObjectApi } from "@kubernetes/client-node";
import type { Read } from "../../cilium/kubernetes/read.ts";
import type { Document } from "../../cilium/kubernetes/text.ts";
import { didYouMean } from "../../cilium/model/names.ts";
import { reasonOf } from "../../components/reason.ts";
import { Failure } from "../failure.ts";
import { asStored } from "./wire.ts";

/**
 * Reads the cluster of a context of the kubeconfig (`KUBECONFIG`, or `~/.kube/config`).
 * @throws Failure when the kubeconfig cannot be read or has no such context, and when the API server does not answer,
 * knows no Cilium policies, or does not let the user list policies or pods. What else the user may not list is left out,
 * and said.
 */
export async function readCluster(context: string): Promise<Read> {
  const api = await connect(context);
  const documents: Document[] = [];
  const listed: string[] = [];
  const notes: string[] = [];
  const take = (objects: readonly KubernetesObject[] | Missing, kind: string) => {
    if ("missing" in objects) notes.push(objects.missing);
    else {
      listed.push(kind);
      documents.push(...objects.map((value) => ({ place: context, file: context, line: 1, value })));
    }
  };
  for (const kind of kinds) {
    // The items of a list do not say what they are.
    take(
      await attempt(context, kind, async () => (await list(api, kind)).map((item) => ({ ...item, ...header(kind) }))),
      kind.kind,
    );
  }
  take(await attempt(context, ciliumConfig, () => readCiliumConfig(api)), "cilium-config");
  return { documents, leftOut: [], broken: [], files: [], listed, notes };
}

/**
 * The current context of the kubeconfig.
 * @throws Failure when the kubeconfig cannot be read or has none.
 */
export async function currentContext(): Promise<string> {
  const { config, kubeconfig } = await readKubeConfig();
  const context = config.getCurrentContext();
  if (config.getContextObject(context) === null) {
    throw new Failure(`the kubeconfig ${kubeconfig} has no current context; \`kubectl config use-context\` sets one`);
  }
  return context;
}

async function readKubeConfig(): Promise<{ config: KubeConfig; kubeconfig: string }> {
  // Loaded only here: it is large, and no other source needs it.
  const { KubeConfig } = await import("@kubernetes/client-node");
  const kubeconfig = process.env.KUBECONFIG || "~/.kube/config";
  const config = new KubeConfig();
  try {
    config.loadFromDefault();
  } catch (error) {
    throw new Failure(`the kubeconfig ${kubeconfig} cannot be read: ${reasonOf(error)}`);
  }
  // The library makes one up, for an API server on this machine.
  if (config.getCurrentContext() === "loaded-context") throw new Failure(`there is no kubeconfig ${kubeconfig}`);
  return { config, kubeconfig };
}

/** @throws Failure when the kubeconfig cannot be read or has no such context. */
export async function connect(context: string): Promise<KubernetesObjectApi> {
  const { KubernetesObjectApi } = await import("@kubernetes/client-node");
  const { config, kubeconfig } = await readKubeConfig();
  const contexts = config.getContexts().map(({ name }) => name);
  if (!contexts.includes(context)) {
    const known = didYouMean(context, contexts) || (contexts.length > 0 ? `; it has ${contexts.join(", ")}` : "");
    throw new Failure(`the kubeconfig ${kubeconfig} has no context ${context}${known}`);
  }
  config.setCurrentContext(context);
  return KubernetesObjectApi.makeApiClient(config);
}

interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  /** The one object that is read, as `namespace/name`; all of them are listed otherwise. */
  readonly name?: string;
  /** What follows for the answers if it may not be read; without it, there is no answer. */
  readonly missing?: string;
  /** `fine` where a cluster without the kind simply has none of it. */
  readonly absent?: "fine";
}

const withoutPods = "those without pods are not judged";

const kinds: readonly Kind[] = [
  { apiVersion: "cilium.io/v2", kind: "CiliumNetworkPolicy" },
  { apiVersion: "v1", kind: "Pod" },
  {
    apiVersion: "cilium.io/v2",
    kind: "CiliumClusterwideNetworkPolicy",
    missing: "clusterwide policies are not judged",
  },
  { apiVersion: "cilium.io/v2", kind: "CiliumCIDRGroup", missing: "rules on CIDR groups are not decidable" },
  { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", missing: "Kubernetes NetworkPolicies are not judged" },
  {
    apiVersion: "policy.networking.k8s.io/v1alpha2",
    kind: "ClusterNetworkPolicy",
    // Optional in every cluster.
    absent: "fine",
    missing: "ClusterNetworkPolicies are not judged",
  },
  { apiVersion: "v1", kind: "Namespace", missing: "the labels of namespaces are not known" },
  { apiVersion: "v1", kind: "Node", missing: "the addresses and labels of nodes are not known" },
  { apiVersion: "v1", kind: "Service", missing: "Services are not known" },
  { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", missing: "the backends of Services are not known" },
  ...["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"].map((kind) => ({
    apiVersion: "apps/v1",
    kind,
    missing: withoutPods,
  })),
  ...["Job", "CronJob"].map((kind) => ({
    apiVersion: "batch/v1",
    kind,
    missing: `${withoutPods}, nor whether they have run`,
  })),
];

const ciliumConfig: Kind = {
  apiVersion: "v1",
  kind: "ConfigMap",
  name: "kube-system/cilium-config",
  missing: "Cilium's defaults are taken",
};

const header = ({ apiVersion, kind }: Kind) => ({ apiVersion, kind });

/** All objects of a kind, page by page; those of one namespace if it is given. */
export async function list(
  api: KubernetesObjectApi,
  { apiVersion, kind }: Pick<Kind, "apiVersion" | "kind">,
  namespace?: string,
): Promise<KubernetesObject[]> {
  const items: KubernetesObject[] = [];
  let next: string | undefined;
  do {
    const page: KubernetesListObject<KubernetesObject> = await api.list(
      apiVersion,
      kind,
      namespace,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      pageSize,
      next,
    );
    items.push(...page.items.map(asStored));
    next = page.metadata?._continue || undefined;
  } while (next !== undefined);
  return items;
}

const pageSize = 500;

async function readCiliumConfig(api: KubernetesObjectApi): Promise<KubernetesObject[]> {
  const metadata = { name: "cilium-config", namespace: "kube-system" };
  return [{ ...(await api.read({ ...header(ciliumConfig), metadata })), ...header(ciliumConfig) }];
}

/** What follows from something that may not be read. */
interface Missing {
  readonly missing: string;
}

async function attempt(
  context: string,
  what: Kind,
  read: () => Promise<KubernetesObject[]>,
): Promise<KubernetesObject[] | Missing> {
  try {
    return await read();
  } catch (error) {
    const refusal = refusalOf(error, what);
    if (refusal.kind === "absent" && what.absent === "fine") return [];
    if (what.missing === undefined || refusal.kind === "other") throw clusterFailure(context, refusal);
    return { missing: `the cluster of context ${context} ${refusal.reason}: ${what.missing}` };
  }
}

export interface ClusterRefusal {
  readonly kind: "absent" | "forbidden" | "other";
  /** What the cluster does, such as `does not let you list Pod objects`. */
  readonly reason: string;
}

/** What an error says that came from listing a kind or reading an object. */
export function refusalOf(error: unknown, { kind, name }: Pick<Kind, "kind" | "name">): ClusterRefusal {
  const status = error instanceof Error && "code" in error ? error.code : undefined;
  if (status === 404 || (error instanceof Error && error.message.startsWith("Unrecognized API version"))) {
    return absence({ kind, name });
  }
  if (status === 403) {
    const doing = name === undefined ? `list ${kind} objects` : `read ${kind} ${name}`;
    return { kind: "forbidden", reason: `does not let you ${doing}` };
  }
  const reason = status === 401 ? "does not accept your credentials" : `does not answer: ${reasonOf(error)}`;
  return { kind: "other", reason };
}

/** That there is no such kind or no such object. */
export const absence = ({ kind, name }: Pick<Kind, "kind" | "name">): ClusterRefusal => ({
  kind: "absent",
  reason: `has no ${name === undefined ? kind : `${kind} ${name}`}`,
});

/** There is no answer without what was refused: policies, or the pods that they are about. */
export function clusterFailure(context: string, { kind, reason }: ClusterRefusal): Failure {
  const hint = kind === "absent" && reason.includes("Cilium") ? "; is Cilium installed?" : "";
  return new Failure(`the cluster of context ${context} ${reason}${hint}`);
}
