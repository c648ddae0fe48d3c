/** What an update that was cut off leaves behind: policies that it created and did not live to record in the stack's state. */
import { log, type ResourceTransformation, runtime } from "@pulumi/pulumi";
import { z } from "zod";
import { policyResources } from "../cilium/policy/resources.ts";
import type { Policy } from "../cilium/policy/schema.ts";
import { identifier, objectName, type StoredPolicy, storedPolicy } from "../cilium/stored/policy.ts";
import { type Owned, stackAnnotation } from "./ownership.ts";
import type { Program } from "./program.ts";
import { reasonOf } from "./reason.ts";
import { recordedPolicies } from "./state.ts";

/**
 * In an update, has Pulumi import the policies that are in the cluster under this stack's mark and not in its state; it then
 * updates them, where it would fail to create what exists. A policy without that mark stays as it is. A cluster that does not
 * answer, or not for us, is only said to be unknown: what fails by it says so itself.
 */
export async function importUnrecorded({ config, policies }: Program): Promise<ResourceTransformation[]> {
  // Adopting takes over whatever there is, and a preview needs no cluster.
  if (config.adoptExisting || runtime.isDryRun()) return [];
  const recorded = await recordedPolicies();
  const missing = policies.filter((policy) => !recorded.has(identifier(policy)));
  const unrecorded = await storedAmong(missing, config).catch(async (error: unknown) => {
    await log.warn(`Whether an update that was cut off left policies behind is not known: ${reasonOf(error)}`);
    return new Set<string>();
  });
  if (unrecorded.size === 0) return [];
  await log.info(`Taken over from an update that was cut off: ${[...unrecorded].join(", ")}`);
  return [
    ({ props, opts }) => {
      const policy = storedPolicy.safeParse(props).data;
      const isUnrecorded = policy !== undefined && unrecorded.has(identifier(policy));
      return { props, opts: isUnrecorded ? { ...opts, import: objectName(policy.metadata) } : opts };
    },
  ];
}

/** The identifiers of those policies that the cluster has under their owner's mark. */
async function storedAmong(
  policies: readonly Owned<Policy>[],
  { kubeconfig, context }: Program["config"],
): Promise<Set<string>> {
  if (policies.length === 0) return new Set();
  // Loaded only here: it is large, and most updates create nothing.
  const { ApiException, CustomObjectsApi, KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  if (kubeconfig) config.loadFromFile(kubeconfig);
  else config.loadFromDefault();
  if (context) config.setCurrentContext(context);
  const api = config.makeApiClient(CustomObjectsApi);

  const list = async (kind: StoredPolicy["kind"]): Promise<StoredPolicy[]> => {
    try {
      const listed: unknown = await api.listClusterCustomObject(policyResources[kind]);
      return z
        .object({ items: z.array(z.looseObject({})) })
        .parse(listed)
        .items.map((item) => storedPolicy.parse({ ...item, kind }));
    } catch (error) {
      // Without the CRD there is no policy.
      if (error instanceof ApiException && error.code === 404) return [];
      throw error;
    }
  };
  const kinds = [...new Set(policies.map(({ kind }) => kind))];
  const stored = new Map((await Promise.all(kinds.map(list))).flat().map((policy) => [identifier(policy), policy]));
  const left = policies.filter((policy) => {
    const mark = stored.get(identifier(policy))?.metadata.annotations?.[stackAnnotation];
    return mark === policy.metadata.annotations[stackAnnotation];
  });
  return new Set(left.map(identifier));
}
