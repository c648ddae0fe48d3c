/**
 * A double of Pulumi's Kubernetes provider, for machines that cannot have the genuine one. It applies objects of any kind to
 * a real API server by server-side apply, and waits for none to become ready. In what tests depend on it does as the genuine
 * one: what a preview asks of the API server, when creating fails, what is replaced, what a refresh sees, what errors say.
 */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import kubernetes from "@pulumi/kubernetes/package.json" with { type: "json" };
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type * as request from "@pulumi/pulumi/proto/provider_pb.js";
import rpc from "@pulumi/pulumi/proto/provider_pb.js";
import { unknownValue } from "@pulumi/pulumi/runtime/rpc.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import { loadAll } from "js-yaml";
import { z } from "zod";
import { answer, serve } from "../rpc.ts";
import {
  type KubernetesApi,
  type KubernetesObject,
  kubernetesApi,
  NoSuchKind,
  NotFound,
  objectSchema,
} from "./kubernetes-api.ts";

/** What a test does to a write before it reaches the API server: wait, or throw to have it fail. */
export type Fault = (verb: "create" | "update" | "delete", object: KubernetesObject) => Promise<void> | void;

export type Double = {
  /** The port of 127.0.0.1 at which it serves the provider's protocol. */
  readonly port: number;
  /** Has every write pass through a fault from now on. */
  inject(fault: Fault): void;
  stop(): void;
};

type Properties = ReturnType<struct.Struct["toJavaScript"]>;
type Connection = { readonly upsert: boolean } & ({ readonly api: KubernetesApi } | { readonly unreachable: string });

/**
 * Serves the double until it is stopped.
 * @param ambient what KUBECONFIG is for the engine: where a provider resource names no kubeconfig, this one counts
 */
export async function serveDouble(ambient: string): Promise<Double> {
  let fault: Fault = () => {};
  let connection: Connection = { unreachable: "the provider was not configured", upsert: false };

  const reach = (): KubernetesApi => {
    if ("api" in connection) return connection.api;
    throw new Error(`configured Kubernetes cluster is unreachable: ${connection.unreachable}`);
  };

  /** What the API server makes of the inputs, or the inputs themselves where a preview cannot know. */
  async function apply(
    verb: "create" | "update",
    inputs: Properties,
    state: Properties,
    preview: boolean,
  ): Promise<Properties> {
    const cannotKnow = !("api" in connection) || JSON.stringify(inputs).includes(unknownValue);
    if (preview && cannotKnow) return inputs;
    const api = reach();
    const object = objectSchema.parse(inputs);
    const fieldManager = String(state.__fieldManager ?? `pulumi-kubernetes-${randomBytes(4).toString("hex")}`);
    try {
      if (verb === "create" && !connection.upsert && (await api.get(object))) {
        // The genuine provider's preview is silent about this too.
        if (preview) return inputs;
        throw new Error(`${object.kind} "${object.metadata.name}" already exists`);
      }
      if (!preview) await fault(verb, object);
      const force = object.metadata.annotations?.["pulumi.com/patchForce"] === "true";
      const stored = await api.apply(object, { fieldManager, force, dryRun: preview });
      return checkpoint(stored, inputs, fieldManager);
    } catch (error) {
      if (!(error instanceof NoSuchKind)) throw error;
      if (preview) return inputs;
      throw new Error(
        `the API server reported that the apiVersion does not exist; verify that any required CRDs have been created: ${error.message}`,
      );
    }
  }

  const { port, stop } = await serve(ResourceProviderService, {
    getPluginInfo: answer(() => new plugin.PluginInfo().setVersion(kubernetes.version)),
    attach: answer(() => new empty.Empty()),
    cancel: answer(() => new empty.Empty()),

    configure: answer(async (call: request.ConfigureRequest) => {
      connection = await connect(new Map(call.getVariablesMap().getEntryList()), ambient);
      return new rpc.ConfigureResponse().setSupportspreview(true);
    }),

    invoke: answer((call: request.InvokeRequest) => {
      if (call.getTok() !== "kubernetes:yaml:decode") throw new Error(`the double has no function ${call.getTok()}`);
      const { text } = decodeSchema.parse(properties(call.getArgs()));
      const objects = loadAll(text).flatMap((document) => objectSchema.safeParse(document).data ?? []);
      return new rpc.InvokeResponse().setReturn(message({ result: objects }));
    }),

    check: answer((call: request.CheckRequest) => {
      const inputs = properties(call.getNews());
      const issues = objectSchema.safeParse(inputs).error?.issues ?? [];
      const failures = issues.map(({ path, message }) =>
        new rpc.CheckFailure().setProperty(path.join(".")).setReason(message),
      );
      return new rpc.CheckResponse().setInputs(message(inputs)).setFailuresList(failures);
    }),

    diff: answer((call: request.DiffRequest) => {
      const [olds, news] = [properties(call.getOldInputs()), properties(call.getNews())];
      const changed = Object.keys({ ...olds, ...news }).filter((key) => !isDeepStrictEqual(olds[key], news[key]));
      const [before, after] = [identity(olds), identity(news)];
      const replaced = Object.keys(after).filter((path) => before[path] !== after[path]);
      const samePlace = !replaced.some((path) => path.startsWith("metadata."));
      return new rpc.DiffResponse()
        .setChanges(
          changed.length > 0 ? rpc.DiffResponse.DiffChanges.DIFF_SOME : rpc.DiffResponse.DiffChanges.DIFF_NONE,
        )
        .setDiffsList(changed)
        .setReplacesList(replaced)
        .setDeletebeforereplace(replaced.length > 0 && samePlace);
    }),

    create: answer(async (call: request.CreateRequest) => {
      const outputs = await apply("create", properties(call.getProperties()), {}, call.getPreview()).catch((error) => {
        throw new Error(`resource "${call.getUrn()}" was not created: ${error.message}`);
      });
      const { namespace, name } = objectSchema.parse(outputs).metadata;
      const id = namespace === undefined ? name : `${namespace}/${name}`;
      return new rpc.CreateResponse().setId(call.getPreview() ? "" : id).setProperties(message(outputs));
    }),

    update: answer(async (call: request.UpdateRequest) => {
      const state = properties(call.getOlds());
      const outputs = await apply("update", properties(call.getNews()), state, call.getPreview()).catch((error) => {
        throw new Error(`update of resource "${call.getUrn()}" failed: ${error.message}`);
      });
      return new rpc.UpdateResponse().setProperties(message(outputs));
    }),

    read: answer(async (call: request.ReadRequest) => {
      const [inputs, state] = [properties(call.getInputs()), properties(call.getProperties())];
      const live = await reach().get(objectSchema.parse(inputs)).catch(ignore(NoSuchKind));
      if (live === undefined) return new rpc.ReadResponse();
      const pruned = prune(live, inputs);
      return new rpc.ReadResponse()
        .setId(call.getId())
        .setInputs(message(pruned))
        .setProperties(message(checkpoint(live, pruned, String(state.__fieldManager))));
    }),

    delete: answer(async (call: request.DeleteRequest) => {
      const api = reach();
      const object = objectSchema.parse(properties(call.getProperties()));
      await fault("delete", object);
      const policy = object.metadata.annotations?.["pulumi.com/deletionPropagationPolicy"] ?? "foreground";
      const propagation = propagationSchema.parse(policy.charAt(0).toUpperCase() + policy.slice(1));
      const deadline = Date.now() + (call.getTimeout() || 600) * 1000;
      await api.delete(object, propagation).catch(ignore(NoSuchKind, NotFound));
      while (await api.get(object).catch(ignore(NoSuchKind))) {
        if (Date.now() > deadline) throw new Error(`${object.kind} "${object.metadata.name}" is still being deleted`);
        await pause(50);
      }
      return new empty.Empty();
    }),
  });

  return {
    port,
    inject: (next) => {
      fault = next;
    },
    stop,
  };
}

/** Tries the cluster that the provider resource names, as text of a kubeconfig or as the path of one. */
async function connect(settings: ReadonlyMap<string, string>, ambient: string): Promise<Connection> {
  const setting = (name: string) => settings.get(`kubernetes:config:${name}`);
  const upsert = setting("upsertExistingObjects") === "true";
  const kubeconfig = setting("kubeconfig") || ambient;
  if (!kubeconfig) return { unreachable: "no kubeconfig has been provided", upsert };
  try {
    const text = existsSync(kubeconfig) ? readFileSync(kubeconfig, "utf8") : kubeconfig;
    const api = kubernetesApi(text, setting("context"));
    await api.version();
    return { api, upsert };
  } catch (error) {
    return { unreachable: error instanceof Error ? error.message : String(error), upsert };
  }
}

const properties = (from: struct.Struct | undefined): Properties => from?.toJavaScript() ?? {};
const message = (from: Properties) => struct.Struct.fromJavaScript(from);

/** What cannot change without another object taking the place of the old one. */
function identity(inputs: Properties): Record<string, string | undefined> {
  const { apiVersion, kind, metadata } = objectSchema.parse(inputs);
  return { apiVersion, kind, "metadata.name": metadata.name, "metadata.namespace": metadata.namespace };
}

/** A resource's state, as the genuine provider lays it out. */
const checkpoint = (stored: KubernetesObject, inputs: Properties, fieldManager: string): Properties => ({
  ...stored,
  __inputs: inputs,
  __initialApiVersion: stored.apiVersion,
  __fieldManager: fieldManager,
});

/** Those parts of a stored object that the inputs have as well: what others added is not ours to change. */
function prune<T>(live: T, inputs: unknown): T;
function prune(live: unknown, inputs: unknown): unknown {
  if (Array.isArray(live) && Array.isArray(inputs)) {
    return live.map((element, index) => (index in inputs ? prune(element, inputs[index]) : element));
  }
  if (!isObject(live) || !isObject(inputs)) return live;
  const shared = Object.entries(live).filter(([key]) => key in inputs);
  return Object.fromEntries(shared.map(([key, value]) => [key, prune(value, inputs[key])]));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const decodeSchema = z.object({ text: z.string() });

const propagationSchema = z.enum(["Background", "Foreground", "Orphan"]);

const ignore =
  (...kinds: (typeof NoSuchKind | typeof NotFound)[]) =>
  (error: unknown) => {
    if (!kinds.some((kind) => error instanceof kind)) throw error;
    return undefined;
  };
