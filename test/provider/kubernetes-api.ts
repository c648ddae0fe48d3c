/** The API server as plain data: what the provider's double and the tests ask of it. */
import { readFileSync } from "node:fs";
import { ApiException, KubeConfig, KubernetesObjectApi, PatchStrategy, VersionApi } from "@kubernetes/client-node";
import { z } from "zod";
import { asStored } from "../../cli/sources/wire.ts";

export const objectSchema = z
  .object({
    apiVersion: z.string().min(1),
    kind: z.string().min(1),
    metadata: z
      .object({
        name: z.string().min(1),
        namespace: z.string().optional(),
        annotations: z.record(z.string(), z.string()).optional(),
      })
      .catchall(z.json()),
  })
  .catchall(z.json());

/** An object of any kind, as YAML or JSON has it. */
export type KubernetesObject = z.infer<typeof objectSchema>;

/** The API server has no such kind. */
export class NoSuchKind extends Error {}

/** The API server has no such object, or not the namespace that it should be in. */
export class NotFound extends Error {}

/** Others own fields that an apply would change, or the object is no longer the one that was read. */
export class Conflict extends Error {}

/** What somebody owns of an object: the fields that they set by server-side apply, or by any other request. */
export const fieldOwner = z.object({
  manager: z.string(),
  operation: z.enum(["Apply", "Update"]),
  apiVersion: z.string(),
  fieldsType: z.literal("FieldsV1"),
  fieldsV1: z.record(z.string(), z.json()),
  subresource: z.string().optional(),
});

export type FieldOwner = z.infer<typeof fieldOwner>;

export type KubernetesApi = ReturnType<typeof kubernetesApi>;

/**
 * @param kubeconfig the text of a kubeconfig
 * @param context one of its contexts; without one, its current one
 * @throws Error when it is no kubeconfig
 */
export function kubernetesApi(kubeconfig: string, context?: string) {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  if (context) config.setCurrentContext(context);
  const api = KubernetesObjectApi.makeApiClient(config);
  const merge = (change: KubernetesObjectHeader, fieldManager: string) =>
    api
      .patch(change, undefined, undefined, fieldManager, undefined, PatchStrategy.MergePatch)
      .catch(explain(change.kind, change.apiVersion));

  return {
    /** Asks for the version, to find out whether the API server answers. */
    version: () => config.makeApiClient(VersionApi).getCode().catch(explain("VersionInfo", "version")),

    /** The object as stored, or undefined if there is none. */
    async get(object: KubernetesObject): Promise<KubernetesObject | undefined> {
      try {
        return plain(await api.read(object).catch(explain(object.kind, object.apiVersion)));
      } catch (error) {
        if (error instanceof NotFound) return undefined;
        throw error;
      }
    },

    /** Stores an object that there is not yet; gives it as stored. */
    async create(object: KubernetesObject, fieldManager: string): Promise<KubernetesObject> {
      const created = api.create(asSent(object), undefined, undefined, fieldManager);
      return plain(await created.catch(explain(object.kind, object.apiVersion)));
    },

    /** Server-side apply; gives the object as stored or, for a dry run, as it would be. */
    async apply(
      object: KubernetesObject,
      { fieldManager, force = false, dryRun = false }: { fieldManager: string; force?: boolean; dryRun?: boolean },
    ): Promise<KubernetesObject> {
      const dry = dryRun ? "All" : undefined;
      const applied = api.patch(asSent(object), undefined, dry, fieldManager, force, PatchStrategy.ServerSideApply);
      return plain(await applied.catch(explain(object.kind, object.apiVersion)));
    },

    /** Changes the fields given and leaves the others, as somebody with kubectl would. */
    async patch(object: KubernetesObject, change: Readonly<Record<string, z.core.util.JSONType>>): Promise<void> {
      await merge({ ...place(object), ...change }, "kubectl-edit");
    },

    /** Says anew who owns which fields of an object that was read. */
    async setOwners(object: KubernetesObject, owners: readonly FieldOwner[]): Promise<void> {
      const { metadata, ...header } = place(object);
      const { resourceVersion } = object.metadata;
      const changed = { ...metadata, resourceVersion, managedFields: owners };
      await merge({ ...header, metadata: changed }, "owners");
    },

    /** Starts the deletion of an object. */
    async delete(object: KubernetesObject, propagation: "Background" | "Foreground" | "Orphan"): Promise<void> {
      const deleted = api.delete(object, undefined, undefined, undefined, undefined, propagation);
      await deleted.catch(explain(object.kind, object.apiVersion));
    },

    /** Every object of a kind, in all namespaces. */
    async list(apiVersion: string, kind: string): Promise<KubernetesObject[]> {
      const { items } = await api.list(apiVersion, kind).catch(explain(kind, apiVersion));
      return items.map((item) => plain({ ...item, apiVersion, kind }));
    },
  };
}

/** The client for a kubeconfig file. */
export const kubernetesApiOf = (file: string, context?: string) => kubernetesApi(readFileSync(file, "utf8"), context);

type KubernetesObjectHeader = Pick<KubernetesObject, "apiVersion" | "kind"> & {
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined };
};

const place = ({ apiVersion, kind, metadata: { name, namespace } }: KubernetesObject) => ({
  apiVersion,
  kind,
  metadata: { name, namespace },
});

/** The library gives times as Dates, and calls a field of NetworkPolicies otherwise. */
const plain = (object: object): KubernetesObject => objectSchema.parse(JSON.parse(JSON.stringify(asStored(object))));

/** An object as the library takes it: of a NetworkPolicy it knows no `from`. */
const asSent = (object: KubernetesObject): KubernetesObject => {
  const policy = networkPolicy.safeParse(object).data;
  if (policy === undefined) return object;
  const ingress = (policy.spec.ingress ?? []).map(({ from, ...rule }) => ({
    ...rule,
    ...(from !== undefined && { _from: from }),
  }));
  return objectSchema.parse({ ...policy, spec: { ...policy.spec, ...(ingress.length > 0 && { ingress }) } });
};

const networkPolicy = z.looseObject({
  kind: z.literal("NetworkPolicy"),
  spec: z.looseObject({ ingress: z.array(z.looseObject({ from: z.json().optional() })).optional() }),
});

const statusSchema = z.looseObject({ message: z.string(), code: z.number(), reason: z.string().optional() });

/** Turns the library's errors into what the API server, or the network, said. */
const explain =
  (kind: string, apiVersion: string) =>
  (error: unknown): never => {
    const noSuchKind = new NoSuchKind(`no matches for kind "${kind}" in version "${apiVersion}"`);
    if (error instanceof ApiException) {
      const body = z.string().parse(error.body);
      // A path that the API server does not serve is answered with plain text.
      if (!body.startsWith("{")) throw error.code === 404 ? noSuchKind : new Error(body.trim());
      const { message, code, reason } = statusSchema.parse(JSON.parse(body));
      if (code === 404) throw new NotFound(message);
      throw reason === "Conflict" ? new Conflict(message) : new Error(message);
    }
    if (!(error instanceof Error)) throw error;
    if (error.message.startsWith("Unrecognized API version and kind")) throw noSuchKind;
    throw error.cause instanceof Error ? error.cause : error;
  };
