/** The workloads of a stack that stand behind TLSRoutes: TLS ends in their pods, so nothing can be parsed before. */
import { z } from "zod";
import { knownValue, plain, type Resource } from "../resource.ts";

/** Pods and their ports, or, where the Service is not part of the stack, all pods of a namespace. */
export type PassthroughBackend = {
  readonly route: string;
  readonly namespace: string;
  /** The pods' labels; undefined if they cannot be known. */
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** The pods' ports, as numbers or names; all if undefined. */
  readonly ports: readonly string[] | undefined;
};

export class Passthrough {
  readonly #routes = new Map<string, Route>();
  readonly #services = new Map<string, Service>();
  /** Routes that lead to who knows where. */
  readonly #unreadable: string[] = [];

  /** Whether a resource is one that decides which workloads stand behind TLSRoutes. */
  add({ type, name, props }: Resource): boolean {
    if (routeType.test(type)) {
      const route = readObject(routeSchema, props);
      if (route) this.#routes.set(objectName(route.metadata), route);
      else this.#unreadable.push(name);
      return true;
    }
    if (serviceType.test(type)) {
      const service = readObject(serviceSchema, props);
      if (service) this.#services.set(objectName(service.metadata), service);
      return true;
    }
    return false;
  }

  /** The backends in a namespace, or in all. */
  in(namespace: string | undefined): PassthroughBackend[] {
    return [
      ...this.#unreadable.map((route) => ({ route, namespace: namespace ?? "", labels: undefined, ports: undefined })),
      ...[...this.#routes.values()]
        .flatMap(backends)
        .filter((backend) => namespace === undefined || backend.namespace === namespace)
        .map((backend) => this.#resolve(backend)),
    ];
  }

  #resolve({ route, namespace, name, port }: Backend): PassthroughBackend {
    const service = this.#services.get(`${namespace}/${name}`);
    const target = service?.spec.ports?.find((candidate) => candidate.port === port);
    return {
      route,
      namespace,
      labels: service?.spec.selector ?? undefined,
      ports: target && [String(target.targetPort ?? target.port)],
    };
  }
}

function readObject<T>(schema: z.ZodType<T>, props: Resource["props"]): T | undefined {
  const object = knownValue(() => plain(props));
  return object.known ? schema.safeParse(object.value).data : undefined;
}

const routeType = /^kubernetes:gateway\.networking\.k8s\.io\/[^:]+:TLSRoute(Patch)?$/;
const serviceType = /^kubernetes:core\/v1:Service(Patch)?$/;

const metadata = z.object({ name: z.string().default(""), namespace: z.string().nullish() });

const routeSchema = z.object({
  metadata,
  spec: z.object({
    rules: z.array(
      z.object({
        backendRefs: z
          .array(z.object({ name: z.string(), namespace: z.string().nullish(), port: z.int().nullish() }))
          .nullish(),
      }),
    ),
  }),
});

const serviceSchema = z.object({
  metadata,
  spec: z.object({
    selector: z.record(z.string(), z.string()).nullish(),
    ports: z.array(z.object({ port: z.int(), targetPort: z.union([z.int(), z.string()]).nullish() })).nullish(),
  }),
});

type Route = z.infer<typeof routeSchema>;
type Service = z.infer<typeof serviceSchema>;

const namespaceIn = ({ namespace }: z.infer<typeof metadata>): string => namespace || "default";

const objectName = (object: z.infer<typeof metadata>): string => `${namespaceIn(object)}/${object.name}`;

type Backend = { route: string; namespace: string; name: string; port: number | null | undefined };

const backends = (route: Route): Backend[] =>
  route.spec.rules.flatMap(({ backendRefs }) =>
    (backendRefs ?? []).map(({ name, namespace, port }) => ({
      route: objectName(route.metadata),
      namespace: namespace || namespaceIn(route.metadata),
      name,
      port,
    })),
  );
