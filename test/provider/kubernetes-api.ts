/** A client of the Kubernetes API, as little as the provider's double and the tests need of it. */
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { text } from "node:stream/consumers";
import { parse } from "yaml";
import { z } from "zod";

const base64 = z.string().transform((encoded) => Buffer.from(encoded, "base64"));
const named = <Shape extends z.ZodRawShape>(shape: Shape) => z.array(z.looseObject({ name: z.string(), ...shape }));

const kubeconfigSchema = z.looseObject({
  "current-context": z.string().default(""),
  contexts: named({ context: z.looseObject({ cluster: z.string(), user: z.string() }) }),
  clusters: named({
    cluster: z.looseObject({ server: z.url(), "certificate-authority-data": base64.optional() }),
  }),
  users: named({
    user: z.looseObject({
      token: z.string().optional(),
      "client-certificate-data": base64.optional(),
      "client-key-data": base64.optional(),
    }),
  }),
});

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

const listSchema = z.looseObject({ items: z.array(z.looseObject({ metadata: objectSchema.shape.metadata })) });
const resourcesSchema = z.looseObject({
  resources: z.array(z.looseObject({ name: z.string(), kind: z.string(), namespaced: z.boolean() })),
});
const statusSchema = z.looseObject({ message: z.string() });

/** What the API server answers when it refuses a request. */
export class Refused extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** The API server has no such kind. */
export class NoSuchKind extends Error {}

export type KubernetesApi = ReturnType<typeof kubernetesApi>;

/**
 * @param kubeconfig the text of a kubeconfig with its certificates and tokens inside
 * @param context one of its contexts; without one, its current one
 * @throws Error when it is no kubeconfig or lacks the context
 */
export function kubernetesApi(kubeconfig: string, context?: string) {
  const config = kubeconfigSchema.parse(parse(kubeconfig));
  const pick = <T extends { name: string }>(list: readonly T[], name: string): T => {
    const entry = list.find((entry) => entry.name === name);
    if (entry === undefined) throw new Error(`the kubeconfig has no entry named "${name}"`);
    return entry;
  };
  const { cluster: clusterName, user: userName } = pick(config.contexts, context || config["current-context"]).context;
  const { cluster } = pick(config.clusters, clusterName);
  const { user } = pick(config.users, userName);
  const agent = new Agent({
    keepAlive: true,
    ca: cluster["certificate-authority-data"],
    cert: user["client-certificate-data"],
    key: user["client-key-data"],
  });

  async function call(
    method: string,
    path: string,
    body?: unknown,
    contentType = "application/json",
  ): Promise<unknown> {
    const sent = body === undefined ? "" : JSON.stringify(body);
    const headers = {
      ...(user.token && { authorization: `Bearer ${user.token}` }),
      "content-type": contentType,
      "content-length": Buffer.byteLength(sent),
    };
    const { status, content } = await new Promise<{ status: number; content: string }>((resolve, reject) => {
      request(new URL(path, cluster.server), { method, agent, headers }, async (response) => {
        resolve({ status: response.statusCode ?? 0, content: await text(response) });
      })
        .once("error", reject)
        .end(sent);
    });
    if (status < 300) return JSON.parse(content);
    const refusal = statusSchema.safeParse(content.startsWith("{") ? JSON.parse(content) : undefined);
    throw new Refused(status, refusal.success ? refusal.data.message : content.trim());
  }

  async function resourceOf(apiVersion: string, kind: string) {
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const served = await call("GET", root).catch((error) => {
      if (error instanceof Refused && error.code === 404) return { resources: [] };
      throw error;
    });
    const { resources } = resourcesSchema.parse(served);
    const resource = resources.find((resource) => resource.kind === kind && !resource.name.includes("/"));
    if (resource === undefined) throw new NoSuchKind(`no matches for kind "${kind}" in version "${apiVersion}"`);
    return { root, ...resource };
  }

  async function locate({ apiVersion, kind, metadata }: KubernetesObject): Promise<string> {
    const { root, name, namespaced } = await resourceOf(apiVersion, kind);
    const scope = namespaced ? `namespaces/${metadata.namespace ?? "default"}/` : "";
    return `${root}/${scope}${name}/${metadata.name}`;
  }

  return {
    /** Asks for the version, to find out whether the API server answers. */
    version: () => call("GET", "/version"),

    /** The object as stored, or undefined if there is none. */
    async get(object: KubernetesObject): Promise<KubernetesObject | undefined> {
      try {
        return objectSchema.parse(await call("GET", await locate(object)));
      } catch (error) {
        if (error instanceof Refused && error.code === 404) return undefined;
        throw error;
      }
    },

    /** Server-side apply; gives the object as stored or, for a dry run, as it would be. */
    async apply(
      object: KubernetesObject,
      { fieldManager, force = false, dryRun = false }: { fieldManager: string; force?: boolean; dryRun?: boolean },
    ): Promise<KubernetesObject> {
      const query = new URLSearchParams({ fieldManager, force: String(force), ...(dryRun && { dryRun: "All" }) });
      return objectSchema.parse(
        await call("PATCH", `${await locate(object)}?${query}`, object, "application/apply-patch+yaml"),
      );
    },

    /** Changes the fields given and leaves the others, as somebody with kubectl would. */
    async patch(object: KubernetesObject, change: Readonly<Record<string, unknown>>): Promise<KubernetesObject> {
      const path = `${await locate(object)}?fieldManager=kubectl-edit`;
      return objectSchema.parse(await call("PATCH", path, change, "application/merge-patch+json"));
    },

    /** Starts the deletion of an object. */
    async delete(object: KubernetesObject, propagationPolicy: string): Promise<void> {
      await call("DELETE", await locate(object), { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy });
    },

    /** Every object of a kind, in all namespaces. */
    async list(apiVersion: string, kind: string): Promise<KubernetesObject[]> {
      const { root, name } = await resourceOf(apiVersion, kind);
      const { items } = listSchema.parse(await call("GET", `${root}/${name}`));
      return items.map((item) => ({ ...item, apiVersion, kind }));
    },
  };
}

/** The client for a kubeconfig file. */
export const kubernetesApiOf = (file: string, context?: string) => kubernetesApi(readFileSync(file, "utf8"), context);
