/**
 * A double of Pulumi's Kubernetes provider, for machines that cannot have the genuine one. It applies objects of any kind to
 * a real API server. In what tests depend on it does as the genuine one with server-side apply: what a preview asks of the
 * API server, when creating fails, from whom it takes fields over, what it waits for, what is replaced, what a refresh sees,
 * what errors say.
 */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { credentials } from "@grpc/grpc-js";
import kubernetes from "@pulumi/kubernetes/package.json" with { type: "json" };
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineProtocol from "@pulumi/pulumi/proto/engine_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type * as request from "@pulumi/pulumi/proto/provider_pb.js";
import rpc from "@pulumi/pulumi/proto/provider_pb.js";
import { unknownValue } from "@pulumi/pulumi/runtime/rpc.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import { loadAll } from "js-yaml";
import { z } from "zod";
import { answer, DetailedError, serve } from "../rpc.ts";
import { creator, givesWay, ownersOf, takenOver } from "./field-owners.ts";
import { waitForJob } from "./jobs.ts";
import {
  Conflict,
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
  let engine: EngineClient | undefined;

  const reach = (): KubernetesApi => {
    if ("api" in connection) return connection.api;
    throw new Error(`configured Kubernetes cluster is unreachable: ${connection.unreachable}`);
  };

  /** The object that a resource asks for, once it is stored and, if it is a Job, complete. */
  async function create(urn: string, inputs: Properties, timeout: number): Promise<Properties> {
    const api = reach();
    const object = objectSchema.parse(inputs);
    const fieldManager = newFieldManager();
    const stored = await (async () => {
      await fault("create", object);
      return connection.upsert
        ? api.apply(object, { fieldManager, force: forced(object) })
        : api.create(object, creator);
    })().catch((error) => {
      if (error instanceof NoSuchKind)
        throw unknownKind(`creation of resource "${urn}" with kind ${object.apiVersion}/${object.kind}`, error);
      throw new Error(
        `resource "${urn}" was not successfully created by the Kubernetes API server: ${textOf(error, fieldManager)}`,
      );
    });
    const live = await waitForJob(api, stored, timeout).catch((error) => {
      const text = `resource "${urn}" was successfully created, but the Kubernetes API server reported that it failed to fully initialize or become live: ${error.message}`;
      throw notLive(text, checkpoint(stored, inputs, fieldManager));
    });
    await endStatus(urn);
    return checkpoint(live, inputs, fieldManager);
  }

  /** The object as updated, or in a preview as it would be. */
  async function update(urn: string, inputs: Properties, state: Properties, preview: boolean): Promise<Properties> {
    const cannotKnow = !("api" in connection) || JSON.stringify(inputs).includes(unknownValue);
    if (preview && cannotKnow) return inputs;
    const api = reach();
    const object = objectSchema.parse(inputs);
    const fieldManager = fieldManagerOf(state);
    const live = await api.get(object);
    if (live === undefined)
      throw new Error(`update of resource "${urn}" failed: ${object.kind} "${object.metadata.name}" not found`);
    try {
      if (!preview) await fault("update", object);
      const owners = ownersOf(live);
      const others = owners.filter(({ manager }) => manager !== fieldManager);
      if (!preview && others.some(givesWay)) await api.setOwners(live, takenOver(owners, fieldManager));
      // A preview leaves the owners as they are.
      const force = forced(object) || (preview && others.every(givesWay));
      const stored = await api.apply(object, { fieldManager, force, dryRun: preview });
      if (!preview) await endStatus(urn);
      return checkpoint(stored, inputs, fieldManager);
    } catch (error) {
      if (error instanceof NoSuchKind) throw unknownKind(`update of resource "${urn}"`, error);
      const text = `the Kubernetes API server reported that "${idOf(object)}" failed to fully initialize or become live: ${textOf(error, fieldManager)}`;
      throw notLive(text, checkpoint(live, inputs, fieldManager));
    }
  }

  /** Takes back the line that the terminal shows for a resource, as the genuine provider does after each write. */
  const endStatus = (urn: string) =>
    new Promise<void>((resolve) => {
      const line = new engineProtocol.LogRequest().setUrn(urn).setMessage("").setEphemeral(true);
      if (engine === undefined) return resolve();
      // An engine that was killed meanwhile does not hear it.
      engine.log(line.setSeverity(engineProtocol.LogSeverity.INFO), () => resolve());
    });

  const { port, stop } = await serve(ResourceProviderService, {
    getPluginInfo: answer(() => new plugin.PluginInfo().setVersion(kubernetes.version)),
    attach: answer((call: plugin.PluginAttach) => {
      engine?.close();
      engine = new EngineClient(call.getAddress(), credentials.createInsecure());
      return new empty.Empty();
    }),
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
      const inputs = properties(call.getProperties());
      // What the API server would refuse comes out when the object is created.
      if (call.getPreview()) return new rpc.CreateResponse().setProperties(message(inputs));
      const outputs = await create(call.getUrn(), inputs, call.getTimeout());
      return new rpc.CreateResponse().setId(idOf(objectSchema.parse(outputs))).setProperties(message(outputs));
    }),

    update: answer(async (call: request.UpdateRequest) => {
      const [state, inputs] = [properties(call.getOlds()), properties(call.getNews())];
      const outputs = await update(call.getUrn(), inputs, state, call.getPreview());
      return new rpc.UpdateResponse().setProperties(message(outputs));
    }),

    read: answer(async (call: request.ReadRequest) => {
      const [known, state] = [properties(call.getInputs()), properties(call.getProperties())];
      // An import knows nothing but the type and the id.
      const inputs = Object.keys(known).length > 0 ? objectSchema.parse(known) : named(call.getUrn(), call.getId());
      const live = await reach().get(inputs).catch(ignore(NoSuchKind));
      if (live === undefined) return new rpc.ReadResponse();
      const pruned = prune(live, inputs);
      return new rpc.ReadResponse()
        .setId(call.getId())
        .setInputs(message(pruned))
        .setProperties(message(checkpoint(live, pruned, fieldManagerOf(state))));
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
    stop: () => {
      engine?.close();
      stop();
    },
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

/** An object's id in the state. */
const idOf = ({ metadata: { namespace, name } }: KubernetesObject) =>
  namespace === undefined ? name : `${namespace}/${name}`;

/** What a resource's type (`kubernetes:cilium.io/v2:CiliumNetworkPolicy`) and id say of its object. */
function named(urn: string, id: string): KubernetesObject {
  const [, apiVersion, kind] = urn.split("::")[2]?.split("$").at(-1)?.split(":") ?? [];
  const [name, namespace] = id.split("/").reverse();
  return objectSchema.parse({ apiVersion, kind, metadata: { name, ...(namespace !== undefined && { namespace }) } });
}

const newFieldManager = () => `${creator}-${randomBytes(4).toString("hex")}`;

const fieldManagerOf = (state: Properties) => String(state.__fieldManager ?? newFieldManager());

const forced = ({ metadata }: KubernetesObject) => metadata.annotations?.["pulumi.com/patchForce"] === "true";

const unknownKind = (doing: string, { message }: NoSuchKind) =>
  new Error(
    `${doing} failed because the Kubernetes API server reported that the apiVersion for this resource does not exist. Verify that any required CRDs have been created: ${message}`,
  );

/** The object is there, so the engine records it, but it is not as it should be. */
const notLive = (text: string, state: Properties) =>
  new DetailedError(
    text,
    "pulumirpc.ErrorResourceInitFailed",
    new rpc.ErrorResourceInitFailed()
      .setId(idOf(objectSchema.parse(state)))
      .setProperties(message(state))
      .setReasonsList([text]),
  );

/** What the provider says of an error of the API server. */
function textOf(error: unknown, fieldManager: string): string {
  const text = error instanceof Error ? error.message : String(error);
  if (!(error instanceof Conflict)) return text;
  return `server-side apply field conflict detected\nThe resource managed by field manager "${fieldManager}" had an apply conflict: ${text}`;
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
