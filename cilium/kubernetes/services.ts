/** Services with what is known to be behind them. */
import type { Backend, NamedPort, Service } from "../reach/compile/inventory.ts";
import type { EndpointSliceObject, EndpointsObject, ServiceObject } from "./objects.ts";
import type { Objects } from "./read.ts";

/**
 * The Services of an input and, if only its endpoints are there, the API server's: `default/kubernetes` says where the
 * API server is. Those that are but another name (`ExternalName`) have nothing to translate and are left out.
 */
export function servicesOf({ services, endpointSlices, endpoints }: Objects): Service[] {
  const backends = new Map<string, Backend[]>();
  const add = (key: string, added: readonly Backend[]) => backends.set(key, [...(backends.get(key) ?? []), ...added]);
  for (const { object } of endpointSlices) {
    const service = object.metadata.labels?.["kubernetes.io/service-name"];
    if (service !== undefined) add(`${object.metadata.namespace}/${service}`, sliceBackends(object));
  }
  for (const { object } of endpoints) {
    // The control plane mirrors Endpoints in EndpointSlices; those written by hand stand alone.
    const key = `${object.metadata.namespace}/${object.metadata.name}`;
    if (!backends.has(key)) add(key, subsetBackends(object));
  }
  const read = services
    .filter(({ object }) => object.spec.type !== "ExternalName")
    .map(({ object }) => service(object, backends.get(`${object.metadata.namespace}/${object.metadata.name}`)));
  const ofApiServer = backends.get(apiServer);
  const isThere = read.some(({ namespace, name }) => `${namespace}/${name}` === apiServer);
  return ofApiServer === undefined || isThere ? read : [...read, { ...apiServerService, backends: ofApiServer }];
}

const apiServer = "default/kubernetes";

const apiServerService: Service = {
  namespace: "default",
  name: "kubernetes",
  labels: {},
  selector: {},
  clusterIPs: [],
  externalIPs: [],
  ports: [],
};

function service({ metadata, spec, status }: ServiceObject, backends: readonly Backend[] | undefined): Service {
  const addresses = spec.clusterIPs ?? [spec.clusterIP ?? ""];
  const balancers = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    labels: metadata.labels ?? {},
    selector: spec.selector ?? {},
    clusterIPs: addresses.filter((address) => address !== "" && address !== "None"),
    externalIPs: [...(spec.externalIPs ?? []), ...balancers],
    ports: (spec.ports ?? []).map(({ name, port, targetPort, protocol, nodePort }) => ({
      name: name ?? "",
      port,
      targetPort: targetPort ?? port,
      protocol: protocol ?? "TCP",
      ...(nodePort && { nodePort }),
    })),
    ...(backends !== undefined && { backends }),
  };
}

/** Endpoints that are not ready get no connections (`ParseEndpointSliceV1` in `pkg/k8s/endpoints.go`). */
const sliceBackends = ({ addressType, endpoints, ports }: EndpointSliceObject): Backend[] =>
  addressType === "FQDN"
    ? []
    : (endpoints ?? [])
        .filter(({ conditions }) => conditions?.ready !== false || conditions.serving === true)
        .map(({ addresses }) => ({ addresses, ports: namedPorts(ports) }));

const subsetBackends = ({ subsets }: EndpointsObject): Backend[] =>
  (subsets ?? []).flatMap(({ addresses, ports }) =>
    (addresses ?? []).map(({ ip }) => ({ addresses: [ip], ports: namedPorts(ports) })),
  );

const namedPorts = (ports: EndpointSliceObject["ports"]): NamedPort[] =>
  (ports ?? []).flatMap(({ name, port, protocol }) =>
    port ? [{ name: name ?? "", port, protocol: protocol ?? "TCP" }] : [],
  );
