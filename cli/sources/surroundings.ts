/** What a stack's policies meet in a live cluster: the namespaces, and Cilium as it is installed. Reads only. */
import type { KubernetesObject, KubernetesObjectApi } from "@kubernetes/client-node";
import { z } from "zod";
import type { RunningAgent } from "../../cilium/stored/agent.ts";
import { type ClusterRefusal, clusterFailure, list, refusalOf } from "./cluster.ts";

/** Something of a cluster, or why it was not looked at, such as `does not let you read …`. */
export type Read<T> = { readonly value: T } | { readonly refusal: ClusterRefusal };

/** Whether a namespace is there, is on its way out, or is missing. */
export type NamespaceState = "present" | "terminating" | "missing";

const namespace = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  status: z.looseObject({ phase: z.string().nullish() }).nullish(),
});

/** The states of some namespaces, from the list of all or, for somebody who may not list them, one by one. */
export async function readNamespaces(
  api: KubernetesObjectApi,
  context: string,
  names: readonly string[],
): Promise<Read<ReadonlyMap<string, NamespaceState>>> {
  const listed = await attempt(context, { kind: "Namespace" }, () =>
    list(api, { apiVersion: "v1", kind: "Namespace" }),
  );
  if ("value" in listed) {
    const states = new Map(listed.value.map((object) => [namespace.parse(object).metadata.name, stateOf(object)]));
    return { value: new Map(names.map((name) => [name, states.get(name) ?? "missing"])) };
  }
  const states = new Map<string, NamespaceState>();
  for (const name of names) {
    const found = await read(api, context, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    if ("value" in found) states.set(name, stateOf(found.value));
    else if (found.refusal.kind === "absent") states.set(name, "missing");
    else return listed;
  }
  return { value: states };
}

const stateOf = (object: unknown): NamespaceState =>
  namespace.parse(object).status?.phase === "Terminating" ? "terminating" : "present";

const configMap = z.looseObject({ data: z.record(z.string(), z.string()).nullish() });

/** The configuration of Cilium's agents, as the ConfigMap has it. */
export async function readAgentConfiguration(
  api: KubernetesObjectApi,
  context: string,
): Promise<Read<NonNullable<RunningAgent["configuration"]>>> {
  const metadata = { name: "cilium-config", namespace: "kube-system" };
  const found = await read(api, context, { apiVersion: "v1", kind: "ConfigMap", metadata });
  return "value" in found ? { value: configMap.parse(found.value).data ?? {} } : found;
}

const daemonSet = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({ containers: z.array(z.looseObject({ name: z.string(), image: z.string().nullish() })) }),
    }),
  }),
});

/** The version of Cilium's agents, from the tag of their image; undefined if the tag says none. */
export async function readAgentVersion(
  api: KubernetesObjectApi,
  context: string,
): Promise<Read<RunningAgent["version"]>> {
  const metadata = { name: "cilium", namespace: "kube-system" };
  const found = await read(api, context, { apiVersion: "apps/v1", kind: "DaemonSet", metadata });
  if ("refusal" in found) return found;
  const { containers } = daemonSet.parse(found.value).spec.template.spec;
  const image = containers.find(({ name }) => name === "cilium-agent")?.image ?? "";
  const [, major, minor] = /:v?(\d+)\.(\d+)\.\d+/.exec(image) ?? [];
  return { value: major === undefined || minor === undefined ? undefined : [Number(major), Number(minor)] };
}

type Header = KubernetesObject & { readonly metadata: { readonly name: string; readonly namespace?: string } };

const read = (api: KubernetesObjectApi, context: string, object: Header): Promise<Read<KubernetesObject>> => {
  const { name, namespace } = object.metadata;
  const where = { kind: object.kind ?? "", name: namespace === undefined ? name : `${namespace}/${name}` };
  return attempt(context, where, () => api.read(object));
};

/** @throws Failure when the cluster does not answer at all. */
async function attempt<T>(
  context: string,
  what: { readonly kind: string; readonly name?: string },
  reading: () => Promise<T>,
): Promise<Read<T>> {
  try {
    return { value: await reading() };
  } catch (error) {
    const refusal = refusalOf(error, what);
    if (refusal.kind === "other") throw clusterFailure(context, refusal);
    return { refusal };
  }
}
