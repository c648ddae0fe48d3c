/** What a user may do in a cluster, asked of the API server itself (SelfSubjectAccessReview). Changes nothing. */
import type { KubernetesObjectApi } from "@kubernetes/client-node";
import { z } from "zod";
import { clusterFailure, refusalOf } from "./cluster.ts";

/** Verbs on a resource; in all of the namespaces, or in none for a resource of the whole cluster. */
export interface Rights {
  readonly group: string;
  readonly resource: string;
  readonly verbs: readonly string[];
  readonly namespaces: readonly string[] | undefined;
}

/**
 * Those of the rights that the user does not have, together for namespaces that lack the same verbs.
 * @throws Failure when the API server does not say.
 */
export async function missingRights(
  api: KubernetesObjectApi,
  context: string,
  wanted: readonly Rights[],
): Promise<Rights[]> {
  const missing = await Promise.all(wanted.map((rights) => missingOf(api, context, rights)));
  return missing.flat();
}

async function missingOf(api: KubernetesObjectApi, context: string, rights: Rights): Promise<Rights[]> {
  const { group, resource, verbs, namespaces } = rights;
  const ask = (namespace: string | undefined, asked: readonly string[]): Promise<string[]> =>
    refused(asked, (verb) => isAllowed(api, context, { group, resource, verb, ...(namespace && { namespace }) }));
  // Who may do it everywhere need not be asked for each namespace.
  const nowhere = await ask(undefined, verbs);
  if (nowhere.length === 0) return [];
  if (namespaces === undefined) return [{ ...rights, verbs: nowhere }];
  const found = await Promise.all(
    namespaces.map(async (namespace) => ({ namespace, verbs: await ask(namespace, nowhere) })),
  );
  const lacking = found.filter(({ verbs }) => verbs.length > 0);
  return [...Map.groupBy(lacking, ({ verbs }) => verbs.join())].map(([, places]) => ({
    ...rights,
    verbs: places[0]?.verbs ?? [],
    namespaces: places.map(({ namespace }) => namespace),
  }));
}

async function refused(verbs: readonly string[], isAllowed: (verb: string) => Promise<boolean>): Promise<string[]> {
  const answers = await Promise.all(verbs.map(isAllowed));
  return verbs.filter((_, index) => answers[index] === false);
}

const review = z.object({ status: z.object({ allowed: z.boolean() }) });

async function isAllowed(
  api: KubernetesObjectApi,
  context: string,
  resourceAttributes: Readonly<Record<string, string>>,
): Promise<boolean> {
  const kind = "SelfSubjectAccessReview";
  const question = { apiVersion: "authorization.k8s.io/v1", kind, metadata: {}, spec: { resourceAttributes } };
  try {
    return review.parse(await api.create(question)).status.allowed;
  } catch (error) {
    if (error instanceof z.ZodError) throw error;
    throw clusterFailure(context, refusalOf(error, { kind }));
  }
}
